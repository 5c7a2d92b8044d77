/** One of the gallery, large: to look at, listen to or read, with where it came from. */
import { createResource, createSignal, For, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { MediaToolView, MediaView } from '../../../src/contracts/media.ts';
import { Button } from '../../kit/button.tsx';
import { Modal } from '../../kit/modal.tsx';
import { duration, exact } from '../../format/time.ts';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { draftOf } from './maker.tsx';
import type { Draft } from './maker.tsx';
import type { MediaStore } from './media-store.ts';
import { labelOf } from './param-field.tsx';
import { factsOf, KIND_ICONS, nameOf } from './words.ts';
import { Icon } from '../../kit/icons.tsx';

/** A text longer than this is cut on the page; the file has all of it. */
const MOST_TEXT = 100_000;

const TextBody = (props: { address: string }): JSX.Element => {
  const [text] = createResource(
    () => props.address,
    async (address) => {
      const response = await fetch(address, { headers: { Range: `bytes=0-${String(MOST_TEXT)}` } });
      if (!response.ok) throw new Error(`The text could not be fetched (HTTP ${String(response.status)}).`);
      return response.text();
    },
  );
  return (
    <pre class="viewer__text" tabindex="0">
      <Show when={text.error === undefined} fallback={messageOf(text.error)}>
        {text() ?? 'Reading…'}
      </Show>
    </pre>
  );
};

const shapeOf = ({ width, height }: MediaView): string => `${String(width ?? 16)} / ${String(height ?? 9)}`;

const rowsOf = (media: MediaView, tool: MediaToolView | undefined): [string, string][] => {
  const took = media.startedAt === null || media.finishedAt === null ? null : media.finishedAt - media.startedAt;
  const rows: [string, string | null][] = [
    ['Made by', tool?.title ?? media.tool],
    ['Words', media.label === null ? null : media.prompt],
    ...Object.entries(media.params).map(([name, value]): [string, string] => {
      const param = tool?.params.find((each) => each.name === name);
      return [param === undefined ? name : labelOf(param), String(value)];
    }),
    ['Type', media.mime],
    ['Made', media.finishedAt === null ? null : exact(media.finishedAt)],
    ['Took', media.source === 'upload' || took === null ? null : took < 1000 ? 'less than a second' : duration(took)],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== null && row[1] !== '');
};

export const Viewer = (props: {
  media: MediaView;
  store: MediaStore;
  onClose: () => void;
  onDraft: (draft: Draft) => void;
}): JSX.Element => {
  const app = useApp();
  const address = (): string => props.store.address(props.media.url ?? '');
  /** The browser knows neither its container nor its codec. */
  const [broken, setBroken] = createSignal(false);
  const tool = () => props.store.tools().find(({ name }) => name === props.media.tool);
  /** A tool that could go on with this one. */
  const next = () =>
    props.store
      .tools()
      .find((each) => each.available && each.input !== 'none' && each.accepts.includes(props.media.kind ?? 'other'));
  const remove = async (): Promise<void> => {
    await props.store.remove(props.media);
    props.onClose();
  };
  const again = (): Draft | null => (tool()?.available === true ? draftOf(props.media) : null);
  return (
    <Modal title={nameOf(props.media, props.store)} wide onClose={() => props.onClose()}>
      <div class="modal__body viewer">
        <Switch
          fallback={
            <div class="viewer__nothing">
              <Show
                when={props.media.thumbnailUrl}
                fallback={<Icon name={KIND_ICONS[props.media.kind ?? 'other']} size={40} />}
              >
                {(url) => <img class="viewer__picture" src={props.store.address(url())} alt="" />}
              </Show>
              <p>This browser cannot {broken() ? 'play' : 'show'} it; download it instead.</p>
            </div>
          }
        >
          <Match when={props.media.kind === 'image'}>
            <img class="viewer__picture" src={address()} alt={nameOf(props.media, props.store)} />
          </Match>
          <Match when={props.media.kind === 'video' && !broken()}>
            <video
              class="viewer__film"
              src={address()}
              poster={props.media.thumbnailUrl === null ? undefined : props.store.address(props.media.thumbnailUrl)}
              style={{ 'aspect-ratio': shapeOf(props.media) }}
              controls
              preload="metadata"
              onError={() => setBroken(true)}
            />
          </Match>
          <Match when={props.media.kind === 'audio' && !broken()}>
            <div class="viewer__sound">
              <Show when={props.media.thumbnailUrl}>
                {(url) => <img class="viewer__wave" src={props.store.address(url())} alt="" />}
              </Show>
              <audio src={address()} controls preload="metadata" onError={() => setBroken(true)} />
            </div>
          </Match>
          <Match when={props.media.kind === 'text'}>
            <TextBody address={address()} />
          </Match>
        </Switch>
        <p class="viewer__facts">{factsOf(props.media)}</p>
        <dl class="viewer__rows">
          <For each={rowsOf(props.media, tool())}>
            {([label, value]) => (
              <div class="viewer__row">
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            )}
          </For>
        </dl>
        <div class="viewer__actions">
          <a
            class="button"
            data-variant="secondary"
            data-size="medium"
            href={props.store.address(props.media.url ?? '', 'download')}
            download=""
          >
            <Icon name="download" />
            <span class="button__text">Download</span>
          </a>
          <Show when={again()}>
            {(draft) => (
              <Button icon="refresh" onPress={() => props.onDraft(draft())}>
                Make another
              </Button>
            )}
          </Show>
          <Show when={next()}>
            {(each) => (
              <Button
                icon="bolt"
                onPress={() => props.onDraft({ tool: each().name, prompt: '', input: props.media.id, params: {} })}
              >
                Work on it
              </Button>
            )}
          </Show>
          <Button
            variant="danger"
            icon="trash"
            failure="It was not deleted"
            disabledReason={app.blocked()}
            onPress={remove}
          >
            Delete
          </Button>
        </div>
      </div>
    </Modal>
  );
};
