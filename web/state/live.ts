/** Wires the client to the live slice: subscribes, keeps in step, and says honestly how fresh everything is. */
import { batch, createSignal } from 'solid-js';
import type { Accessor } from 'solid-js';
import { createStore, reconcile } from 'solid-js/store';
import type { DownloadView } from '../../src/contracts/downloads.ts';
import type { EngineView, LifecycleState, ModelView, RouterView } from '../../src/contracts/views.ts';
import { CodedError } from '../../src/contracts/errors.ts';
import type { Client } from '../net/client.ts';
import { initialConnection, reduceConnection } from './connection.ts';
import type { ConnectionEvent, ConnectionState } from './connection.ts';
import { emptyLive, reduceLive } from './reducer.ts';
import type { LiveAction, LiveState } from './reducer.ts';

export interface Transition {
  model: ModelView;
  from: LifecycleState;
}

export interface Live {
  /** A snapshot was received at least once. */
  ready: Accessor<boolean>;
  connection: Accessor<ConnectionState>;
  version: Accessor<string | null>;
  /** Ids of all models, in the server's order; the same array while the set is the same. */
  ids: Accessor<readonly string[]>;
  /** A model by id, reactive field by field; undefined when there is none. */
  model: (id: string) => ModelView | undefined;
  models: () => ModelView[];
  /** Newest first. */
  downloads: Accessor<readonly DownloadView[]>;
  router: Accessor<RouterView | null>;
  engine: Accessor<EngineView | null>;
  /** Server clock minus this browser's, ms. */
  skew: Accessor<number>;
  /** Called for every model whose state changed while this page watched, never for what a snapshot brings. */
  onTransition: (listener: (transition: Transition) => void) => () => void;
  /** Connects, or tries again at once. */
  connect: () => void;
  stop: () => void;
}

/** A key without the scope for it will not get it by asking again. */
const isRefusal = (error: unknown): error is CodedError =>
  error instanceof CodedError && (error.code === 'FORBIDDEN' || error.code === 'UNAUTHORIZED');

/** Pause before a snapshot is asked for again after the server refused or did not answer, ms. */
const RESUBSCRIBE_AFTER = 2000;

export const createLive = (client: Client): Live => {
  let state: LiveState = emptyLive;
  let asking = 0;
  let again: ReturnType<typeof setTimeout> | undefined;
  const [ready, setReady] = createSignal(false);
  const [connection, setConnection] = createSignal<ConnectionState>(initialConnection);
  const [version, setVersion] = createSignal<string | null>(null);
  const [ids, setIds] = createSignal<readonly string[]>([]);
  const [downloads, setDownloads] = createSignal<readonly DownloadView[]>([]);
  const [router, setRouter] = createSignal<RouterView | null>(null);
  const [engine, setEngine] = createSignal<EngineView | null>(null);
  const [skew, setSkew] = createSignal(0);
  const [byId, setById] = createStore<Record<string, ModelView | undefined>>({});
  const watchers = new Set<(transition: Transition) => void>();

  const note = (event: ConnectionEvent): void => {
    setConnection((held) => reduceConnection(held, event));
  };

  const publishModels = (before: LiveState, after: LiveState): void => {
    if (before.models === after.models) return;
    for (const id of before.models.keys()) if (!after.models.has(id)) setById(id, undefined);
    for (const [id, model] of after.models) {
      // The store takes a copy of its own: reconcile writes into what it was given, and reducer states are never written to.
      if (before.models.get(id) !== model) setById(id, reconcile(structuredClone(model)));
    }
    const known = [...after.models.keys()];
    const same = before.models.size === known.length && known.every((id) => before.models.has(id));
    if (!same) setIds(known);
  };

  const dispatch = (action: LiveAction): void => {
    const before = state;
    state = reduceLive(before, action);
    const after = state;
    if (before === after) return;
    batch(() => {
      publishModels(before, after);
      if (before.downloads !== after.downloads)
        setDownloads([...after.downloads.values()].toSorted((a, b) => b.startedAt - a.startedAt));
      setRouter(after.router);
      setEngine(after.engine);
      setVersion(after.version);
      if (after.phase === 'synced') setReady(true);
    });
    if (action.type === 'change') {
      for (const [id, model] of after.models) {
        const previous = before.models.get(id);
        if (previous === undefined || previous === model || previous.state === model.state) continue;
        for (const watcher of watchers) watcher({ model, from: previous.state });
      }
    }
    if (before.phase === 'synced' && after.phase === 'behind' && action.type === 'change') {
      note({ type: 'behind' });
      subscribe();
    }
  };

  const subscribe = (): void => {
    clearTimeout(again);
    asking += 1;
    const mine = asking;
    client.request('live:subscribe', {}).then(
      (snapshot) => {
        if (mine !== asking) return;
        batch(() => {
          setSkew(snapshot.serverTime - Date.now());
          dispatch({ type: 'snapshot', snapshot });
          if (state.phase === 'synced') note({ type: 'synced', at: Date.now() });
        });
        if (state.phase !== 'synced') subscribe();
      },
      (error: unknown) => {
        if (mine !== asking) return;
        if (isRefusal(error)) {
          note({ type: 'refused', reason: error.message });
          return;
        }
        note({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
        again = setTimeout(subscribe, RESUBSCRIBE_AFTER);
      },
    );
  };

  client.onLiveChange((change) => {
    dispatch({ type: 'change', change });
  });
  client.onConnection((event) => {
    switch (event.type) {
      case 'connected':
        note(event);
        subscribe();
        break;
      case 'lost':
        asking += 1;
        clearTimeout(again);
        note({ ...event, at: Date.now() });
        dispatch({ type: 'lost' });
        break;
      case 'failed':
      case 'refused':
        note(event);
        break;
      case 'user':
        break;
    }
  });

  return {
    ready,
    connection,
    version,
    ids,
    model: (id) => byId[id],
    models: () =>
      ids()
        .map((id) => byId[id])
        .filter((model) => model !== undefined),
    downloads,
    router,
    engine,
    skew,
    onTransition: (listener) => {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
    connect: () => {
      client.connect();
    },
    stop: () => {
      asking += 1;
      clearTimeout(again);
      client.close();
    },
  };
};
