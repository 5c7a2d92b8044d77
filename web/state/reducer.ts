/**
 * The live slice: a snapshot, then numbered increments. Pure, so that any order the network can produce is tested
 * without one (`test/browser/reducer.test.ts`).
 */
import type { DownloadView } from '../../src/contracts/downloads.ts';
import type {
  EngineView,
  LiveChange,
  LiveChangeView,
  ModelView,
  RouterView,
  SnapshotView,
} from '../../src/contracts/views.ts';

export interface LiveState {
  /**
   * `empty`: nothing was ever received. `synced`: this is what the server shows. `behind`: what is held was true at `seq`,
   * but an increment is missing or the connection was lost, so a snapshot has to be asked for.
   */
  phase: 'empty' | 'synced' | 'behind';
  /** Number of the last increment that is contained; 0 before the first snapshot. */
  seq: number;
  version: string | null;
  models: ReadonlyMap<string, ModelView>;
  router: RouterView | null;
  engine: EngineView | null;
  downloads: ReadonlyMap<string, DownloadView>;
  /** Increments that arrived while a snapshot was awaited; those it does not contain are applied after it. */
  waiting: readonly LiveChangeView[];
}

export type LiveAction =
  | { type: 'snapshot'; snapshot: SnapshotView }
  | { type: 'change'; change: LiveChangeView }
  /** The connection is gone: increments of the next one need not follow the last. */
  | { type: 'lost' };

export const emptyLive: LiveState = {
  phase: 'empty',
  seq: 0,
  version: null,
  models: new Map(),
  router: null,
  engine: null,
  downloads: new Map(),
  waiting: [],
};

/** More than this while one snapshot is under way means that it is not coming; the oldest are let go, and a gap shows it. */
const MAX_WAITING = 512;

const applyChanges = (state: LiveState, changes: readonly LiveChange[]): LiveState => {
  let { router, engine } = state;
  let models: Map<string, ModelView> | null = null;
  let downloads: Map<string, DownloadView> | null = null;
  for (const change of changes) {
    switch (change.kind) {
      case 'model':
        models ??= new Map(state.models);
        models.set(change.model.id, change.model);
        break;
      case 'model.removed':
        models ??= new Map(state.models);
        models.delete(change.id);
        break;
      case 'router':
        router = change.router;
        break;
      case 'engine':
        engine = change.engine;
        break;
      case 'download':
        downloads ??= new Map(state.downloads);
        downloads.set(change.download.id, change.download);
        break;
      case 'download.removed':
        downloads ??= new Map(state.downloads);
        downloads.delete(change.id);
        break;
    }
  }
  return { ...state, models: models ?? state.models, router, engine, downloads: downloads ?? state.downloads };
};

const applyIncrement = (state: LiveState, increment: LiveChangeView): LiveState => {
  if (increment.seq <= state.seq) return state;
  if (increment.seq > state.seq + 1) return { ...state, phase: 'behind', waiting: [increment] };
  return { ...applyChanges(state, increment.changes), seq: increment.seq };
};

const wait = (state: LiveState, increment: LiveChangeView): LiveState => ({
  ...state,
  waiting: [...state.waiting, increment].slice(-MAX_WAITING),
});

/** A snapshot always wins, also one with a lower number: the server may have started anew and counts from the beginning. */
const applySnapshot = (state: LiveState, snapshot: SnapshotView): LiveState => {
  const base: LiveState = {
    phase: 'synced',
    seq: snapshot.seq,
    version: snapshot.version,
    models: new Map(snapshot.models.map((model) => [model.id, model])),
    router: snapshot.router,
    engine: snapshot.engine,
    downloads: new Map(snapshot.downloads.map((download) => [download.id, download])),
    waiting: [],
  };
  return state.waiting
    .toSorted((a, b) => a.seq - b.seq)
    .reduce(
      (held, increment) => (held.phase === 'synced' ? applyIncrement(held, increment) : wait(held, increment)),
      base,
    );
};

/** The next state; the same object when nothing changed. */
export const reduceLive = (state: LiveState, action: LiveAction): LiveState => {
  switch (action.type) {
    case 'snapshot':
      return applySnapshot(state, action.snapshot);
    case 'change':
      return state.phase === 'synced' ? applyIncrement(state, action.change) : wait(state, action.change);
    case 'lost':
      return state.phase === 'synced' || state.waiting.length > 0
        ? { ...state, phase: state.phase === 'empty' ? 'empty' : 'behind', waiting: [] }
        : state;
  }
};
