/** Pictures, sound, films and texts that the server's tools make: the form, what is being made, and what there is. */
import { createSignal, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { MediaView } from '../../../src/contracts/media.ts';
import { plural } from '../../format/numbers.ts';
import { Banner } from '../../kit/banner.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Page } from '../../kit/page.tsx';
import { useApp } from '../../state/app.tsx';
import { Gallery } from './gallery.tsx';
import { Jobs } from './jobs.tsx';
import { draftOf, Maker } from './maker.tsx';
import type { Draft } from './maker.tsx';
import { createMediaStore } from './media-store.ts';
import { Viewer } from './viewer.tsx';
import '../../kit/chips.css';
import './media.css';

const MediaPage = (): JSX.Element => {
  const app = useApp();
  const store = createMediaStore(app);
  const [draft, setDraft] = createSignal<Draft | null>(null);
  const [open, setOpen] = createSignal<string | null>(null);
  const shown = (): MediaView | undefined => {
    const id = open();
    return id === null ? undefined : store.find(id);
  };
  const busy = (): number => store.jobs().filter(({ state }) => state !== 'failed').length;
  const summary = (): string => {
    const there = plural(store.gallery().length, 'piece');
    return busy() === 0 ? `${there} in the gallery` : `${there} in the gallery, ${String(busy())} in the making`;
  };
  const begin = (next: Draft): void => {
    setOpen(null);
    // A copy each time: the same wish twice fills the form twice.
    setDraft({ ...next });
    document.querySelector('.maker')?.scrollIntoView({ block: 'start', behavior: 'smooth' });
  };
  const again = (media: MediaView): void => {
    const next = draftOf(media);
    if (next !== null) begin(next);
  };

  return (
    <Page title="Media" summary={store.ready() ? summary() : 'Looking…'}>
      <Show when={store.problem()}>
        {(words) => (
          <Banner tone="error" title="The media could not be listed">
            {words()}
          </Banner>
        )}
      </Show>
      <Show when={store.ready()}>
        <div class="media">
          <Maker store={store} draft={draft()} />
          <div class="media__made">
            <Jobs store={store} onAgain={again} />
            <Show
              when={store.gallery().length > 0}
              fallback={
                <Show when={store.jobs().length === 0}>
                  <EmptyState title="Nothing here yet" art={<Icon name="film" size={48} />}>
                    <p>What the tools make appears here: pictures, films, sounds and texts, until you delete them.</p>
                    <Show
                      when={store.tools().some(({ available }) => available)}
                      fallback={
                        <p>
                          Install <code>ffmpeg</code>, stable-diffusion.cpp or whisper.cpp on the machine that Llamactor
                          runs on, or add a command of your own.
                        </p>
                      }
                    >
                      <p>Fill in the form and press “Make it”; you may leave the page meanwhile.</p>
                    </Show>
                  </EmptyState>
                </Show>
              }
            >
              <Gallery store={store} onOpen={setOpen} />
            </Show>
          </div>
        </div>
      </Show>
      <Show when={shown()?.id} keyed>
        <Show when={shown()}>
          {(media) => <Viewer media={media()} store={store} onClose={() => setOpen(null)} onDraft={begin} />}
        </Show>
      </Show>
    </Page>
  );
};

export default MediaPage;
