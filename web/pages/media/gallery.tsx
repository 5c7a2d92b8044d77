/** What has been made and uploaded, as tiles; each opens in a dialog. */
import { createMemo, createSignal, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { MediaKind } from '../../../src/contracts/media-tool.ts';
import type { MediaView } from '../../../src/contracts/media.ts';
import { Icon } from '../../kit/icons.tsx';
import type { MediaStore } from './media-store.ts';
import { factsOf, KIND_ICONS, nameOf } from './words.ts';

const FILTERS: readonly { kind: MediaKind | null; label: string }[] = [
  { kind: null, label: 'All' },
  { kind: 'image', label: 'Pictures' },
  { kind: 'video', label: 'Films' },
  { kind: 'audio', label: 'Sounds' },
  { kind: 'text', label: 'Texts' },
];

/** What stands for it: its thumbnail, a picture itself, or a sign of its kind. */
export const Cover = (props: { media: MediaView; store: MediaStore }): JSX.Element => {
  const source = (): string | null => {
    const { thumbnailUrl, url, kind } = props.media;
    const path = thumbnailUrl ?? (kind === 'image' ? url : null);
    return path === null ? null : props.store.address(path);
  };
  return (
    <span class="tile__cover" data-kind={props.media.kind ?? 'other'}>
      <Show when={source()} fallback={<Icon name={KIND_ICONS[props.media.kind ?? 'other']} size={32} />}>
        {(address) => <img class="tile__picture" src={address()} alt="" loading="lazy" decoding="async" />}
      </Show>
      <Show when={props.media.kind === 'video' || props.media.kind === 'audio'}>
        <span class="tile__play">
          <Icon name="play" size={18} />
        </span>
      </Show>
    </span>
  );
};

export const Gallery = (props: { store: MediaStore; onOpen: (id: string) => void }): JSX.Element => {
  const [kind, setKind] = createSignal<MediaKind | null>(null);
  const counts = createMemo(() => {
    const all = props.store.gallery();
    return FILTERS.map((filter) => ({
      ...filter,
      count: filter.kind === null ? all.length : all.filter((media) => media.kind === filter.kind).length,
    })).filter(({ count, kind: each }) => each === null || count > 0);
  });
  const shown = (): string[] =>
    props.store
      .gallery()
      .filter((media) => kind() === null || media.kind === kind())
      .map(({ id }) => id);
  return (
    <section class="page__section" aria-label="Gallery">
      <div class="gallery__head">
        <h2 class="media__heading">Gallery</h2>
        <Show when={counts().length > 2}>
          <div class="chips" role="group" aria-label="Kinds">
            <For each={counts()}>
              {(filter) => (
                <button
                  type="button"
                  class="chip"
                  aria-pressed={kind() === filter.kind ? 'true' : 'false'}
                  onClick={() => setKind(() => filter.kind)}
                >
                  {filter.label}
                  <span class="chip__count">{filter.count}</span>
                </button>
              )}
            </For>
          </div>
        </Show>
      </div>
      <ul class="gallery">
        <For each={shown()}>
          {(id) => (
            <Show when={props.store.find(id)}>
              {(media) => (
                <li>
                  <button type="button" class="tile" onClick={() => props.onOpen(id)}>
                    <Cover media={media()} store={props.store} />
                    <span class="tile__words">
                      <span class="tile__name">{nameOf(media(), props.store)}</span>
                      <span class="tile__facts">{factsOf(media())}</span>
                    </span>
                  </button>
                </li>
              )}
            </Show>
          )}
        </For>
      </ul>
    </section>
  );
};
