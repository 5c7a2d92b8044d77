import { modelMachine } from '../../machines/model.machine.ts';
import type { ModelEvent, ModelReport, ModelState } from '../../machines/model.machine.ts';
import { defaultRestartPolicy } from '../../machines/restart-policy.ts';
import { exited, info, limits, progressed, ready, spawned, stalled } from './support/facts.ts';
import { reportSink } from './support/live.ts';
import { delay, testTable } from './support/table.ts';
import type { Table } from './support/table.ts';

const load: ModelEvent = { type: 'model.load', requestId: null, by: 'test', at: 1 };
const unload: ModelEvent = { type: 'model.unload', requestId: null, by: 'test', at: 1 };
const reload: ModelEvent = { type: 'model.reload', by: 'test', at: 1 };
const refresh: ModelEvent = { type: 'model.refresh', by: 'test', at: 1 };
const startTimeout = delay(modelMachine, 'startTimeout');
const killTimeout = delay(modelMachine, 'killTimeout');

const events = {
  load,
  unload,
  reload,
  refresh,
  retain: { type: 'model.retain', by: 'test', at: 1 } satisfies ModelEvent,
  held: { type: 'requests.held' } satisfies ModelEvent,
  reset: { type: 'model.reset', by: 'test', at: 1 } satisfies ModelEvent,
  spawned,
  progressed,
  ready,
  passed: { type: 'probe.passed', at: 2, info } satisfies ModelEvent,
  stalled,
  crashed: exited('CRASHED'),
  corrupt: exited('CORRUPT_FILE'),
  startTimeout,
  stopTimeout: delay(modelMachine, 'stopTimeout'),
  killTimeout,
  backoff: delay(modelMachine, 'backoff'),
};

const situations = {
  unloaded: { state: 'unloaded', by: [] },
  loading: { state: 'loading', by: [load] },
  loaded: { state: 'loaded', by: [load, ready] },
  'loaded, to be exchanged when idle': { state: 'loaded', by: [load, ready, refresh] },
  'stopping, unwanted': { state: 'stopping', by: [load, ready, unload] },
  'stopping, wanted again': { state: 'stopping', by: [load, ready, unload, load] },
  'stopping, to reload': { state: 'stopping', by: [load, ready, reload] },
  'stopping, because it stalled': { state: 'stopping', by: [load, ready, stalled] },
  'stopping, because it started too slowly': { state: 'stopping', by: [load, startTimeout] },
  'stopping, stalled and then unwanted': { state: 'stopping', by: [load, ready, stalled, unload] },
  'error, to be tried again': { state: 'error', by: [load, exited('CRASHED')] },
  'error, given up': { state: 'error', by: [load, exited('CORRUPT_FILE')] },
  'error, never left': { state: 'error', by: [load, ready, unload, killTimeout] },
};

/** Nothing of this moves, unless a row says otherwise. */
const still: Record<keyof typeof events, ModelState | undefined> = {
  load: undefined,
  unload: undefined,
  reload: undefined,
  refresh: undefined,
  retain: undefined,
  held: undefined,
  reset: undefined,
  spawned: undefined,
  progressed: undefined,
  ready: undefined,
  passed: undefined,
  stalled: undefined,
  crashed: undefined,
  corrupt: undefined,
  startTimeout: undefined,
  stopTimeout: undefined,
  killTimeout: undefined,
  backoff: undefined,
};
const stoppingTo = (next: ModelState) => ({ ...still, crashed: next, corrupt: next, killTimeout: 'error' as const });
const loaded = {
  ...still,
  unload: 'stopping',
  reload: 'stopping',
  stalled: 'stopping',
  crashed: 'error',
  corrupt: 'error',
} as const;
const error = { ...still, load: 'loading', unload: 'unloaded', reset: 'unloaded' } as const;

const table: Table<keyof typeof situations, keyof typeof events, ModelState> = {
  unloaded: { ...still, load: 'loading' },
  loading: {
    ...still,
    unload: 'stopping',
    reload: 'stopping',
    refresh: 'stopping',
    ready: 'loaded',
    passed: 'loaded',
    crashed: 'error',
    corrupt: 'error',
    startTimeout: 'stopping',
  },
  loaded,
  'loaded, to be exchanged when idle': { ...loaded, held: 'stopping' },
  'stopping, unwanted': stoppingTo('unloaded'),
  'stopping, wanted again': stoppingTo('loading'),
  'stopping, to reload': stoppingTo('loading'),
  'stopping, because it stalled': stoppingTo('error'),
  'stopping, because it started too slowly': stoppingTo('error'),
  'stopping, stalled and then unwanted': stoppingTo('unloaded'),
  'error, to be tried again': { ...error, backoff: 'loading' },
  'error, given up': error,
  'error, never left': error,
};

testTable({
  machine: modelMachine,
  input: { id: 'alpha', policy: defaultRestartPolicy, limits, supervisor: reportSink<ModelReport>().ref },
  situations,
  events,
  table,
});
