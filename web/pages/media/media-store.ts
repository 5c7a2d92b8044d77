/** What the page shows: fetched when the connection stands, then kept by broadcasts. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { MediaToolView, MediaView } from '../../../src/contracts/media.ts';
import { mediaHasEnded } from '../../../src/contracts/media.ts';
import { at } from '../../net/base.ts';
import type { App } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';

export interface MediaStore {
  /** The server has answered once. */
  ready: Accessor<boolean>;
  /** Why it could not be fetched; null when it was. */
  problem: Accessor<string | null>;
  tools: Accessor<readonly MediaToolView[]>;
  /** Newest first. */
  media: Accessor<readonly MediaView[]>;
  /** What is being made, and what failed and waits for a person. */
  jobs: Accessor<readonly MediaView[]>;
  gallery: Accessor<readonly MediaView[]>;
  find: (id: string) => MediaView | undefined;
  /** An address that the browser may open by itself. */
  address: (path: string, query?: string) => string;
  /** Puts what an answer brought among the others. */
  put: (media: MediaView) => void;
  remove: (media: MediaView) => Promise<void>;
}

const isNewer = (held: MediaView | undefined, media: MediaView): boolean =>
  held === undefined || mediaHasEnded(media.state) || !mediaHasEnded(held.state);

export const createMediaStore = (app: App): MediaStore => {
  const [ready, setReady] = createSignal(false);
  const [problem, setProblem] = createSignal<string | null>(null);
  const [tools, setTools] = createSignal<readonly MediaToolView[]>([]);
  const [media, setMedia] = createSignal<readonly MediaView[]>([]);
  const [ticket, setTicket] = createSignal<string | null>(null);

  /** What was told while the list was on its way: it may be newer than the list. Null while none is. */
  let told: Map<string, MediaView | null> | null = null;

  const put = (next: MediaView): void => {
    told?.set(next.id, next);
    setMedia((held) => {
      const known = held.find(({ id }) => id === next.id);
      // An answer may be older than the broadcast that overtook it.
      if (!isNewer(known, next)) return held;
      const all = known === undefined ? [next, ...held] : held.map((each) => (each.id === next.id ? next : each));
      return all.toSorted((a, b) => b.createdAt - a.createdAt);
    });
  };
  const drop = (id: string): void => {
    told?.set(id, null);
    setMedia((held) => held.filter((each) => each.id !== id));
  };

  const fetchMedia = async (): Promise<void> => {
    const meanwhile = new Map<string, MediaView | null>();
    told = meanwhile;
    const { media: listed } = await app.client.request('media:list', { limit: 500 });
    if (told === meanwhile) told = null;
    setMedia(listed);
    for (const [id, next] of meanwhile) {
      if (next === null) drop(id);
      else put(next);
    }
  };
  const fetchAll = async (): Promise<void> => {
    try {
      await Promise.all([
        fetchMedia(),
        app.client.request('media:ticket', {}).then((pass) => setTicket(pass.ticket)),
        app.client.request('media:tools', {}).then((offered) => setTools(offered.tools)),
      ]);
      setProblem(null);
      setReady(true);
    } catch (error) {
      if (app.live.connection().connected) setProblem(messageOf(error));
    }
  };
  createEffect(
    on(
      () => app.live.connection().connected,
      (connected) => {
        if (connected) void fetchAll();
      },
    ),
  );
  const ends = [
    app.client.on('media:updated', (data) => put(data.media)),
    app.client.on('media:removed', ({ mediaId }) => drop(mediaId)),
    app.client.on('media:tools-updated', (data) => setTools(data.tools)),
  ];
  onCleanup(() => ends.forEach((end) => end()));

  const address = (path: string, query = ''): string => {
    const parts = [query, ticket() === null ? '' : `ticket=${ticket() ?? ''}`].filter((part) => part !== '');
    return at(parts.length === 0 ? path : `${path}?${parts.join('&')}`);
  };

  return {
    ready,
    problem,
    tools,
    media,
    jobs: () => media().filter(({ state }) => state !== 'complete' && state !== 'cancelled'),
    gallery: () => media().filter(({ state }) => state === 'complete'),
    find: (id) => media().find((each) => each.id === id),
    address,
    put,
    async remove({ id }) {
      await app.client.request('media:remove', { mediaId: id });
      drop(id);
      app.toasts.show({
        tone: 'info',
        title: 'Deleted',
        body: 'It can be taken back for ten minutes.',
        action: {
          label: 'Undo',
          run: async () => {
            try {
              put((await app.client.request('media:restore', { mediaId: id })).media);
            } catch (error) {
              app.toasts.failure('It could not be taken back', error);
            }
          },
        },
      });
    },
  };
};
