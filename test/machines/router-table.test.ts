import { defaultRestartPolicy } from '../../machines/restart-policy.ts';
import { routerMachine } from '../../machines/router.machine.ts';
import type { RouterEvent, RouterReport, RouterState } from '../../machines/router.machine.ts';
import { exited, limits, progressed, ready, spawned, stalled } from './support/facts.ts';
import { reportSink } from './support/live.ts';
import { delay, testTable } from './support/table.ts';
import type { Table } from './support/table.ts';

const start: RouterEvent = { type: 'router.start', requestId: null, by: 'test', at: 1 };
const stop: RouterEvent = { type: 'router.stop', requestId: null, by: 'test', at: 1 };
const restart: RouterEvent = { type: 'router.restart', signal: 'SIGTERM', by: 'test', at: 1 };
const startTimeout = delay(routerMachine, 'startTimeout');
const killTimeout = delay(routerMachine, 'killTimeout');

const events = {
  start,
  stop,
  restart,
  spawned,
  progressed,
  ready,
  stalled,
  crashed: exited('CRASHED'),
  notSpawned: exited('SPAWN_FAILED'),
  startTimeout,
  stopTimeout: delay(routerMachine, 'stopTimeout'),
  killTimeout,
  backoff: delay(routerMachine, 'backoff'),
};

const situations = {
  unloaded: { state: 'unloaded', by: [] },
  loading: { state: 'loading', by: [start] },
  loaded: { state: 'loaded', by: [start, ready] },
  'stopping, unwanted': { state: 'stopping', by: [start, ready, stop] },
  'stopping, wanted again': { state: 'stopping', by: [start, ready, stop, start] },
  'stopping, to restart': { state: 'stopping', by: [start, ready, restart] },
  'stopping, because it started too slowly': { state: 'stopping', by: [start, startTimeout] },
  'stopping, too slow and then unwanted': { state: 'stopping', by: [start, startTimeout, stop] },
  'error, to be tried again': { state: 'error', by: [start, exited('PORT_IN_USE')] },
  'error, given up': { state: 'error', by: [start, exited('SPAWN_FAILED')] },
  'error, never left': { state: 'error', by: [start, ready, restart, killTimeout] },
};

/** Nothing of this moves, unless a row says otherwise. */
const still: Record<keyof typeof events, RouterState | undefined> = {
  start: undefined,
  stop: undefined,
  restart: undefined,
  spawned: undefined,
  progressed: undefined,
  ready: undefined,
  stalled: undefined,
  crashed: undefined,
  notSpawned: undefined,
  startTimeout: undefined,
  stopTimeout: undefined,
  killTimeout: undefined,
  backoff: undefined,
};
const stoppingTo = (next: RouterState) => ({
  ...still,
  crashed: next,
  notSpawned: next,
  killTimeout: 'error' as const,
});
const error = { ...still, start: 'loading', restart: 'loading', stop: 'unloaded' } as const;

const table: Table<keyof typeof situations, keyof typeof events, RouterState> = {
  unloaded: { ...still, start: 'loading', restart: 'loading' },
  loading: {
    ...still,
    stop: 'stopping',
    restart: 'stopping',
    ready: 'loaded',
    crashed: 'error',
    notSpawned: 'error',
    startTimeout: 'stopping',
  },
  loaded: { ...still, stop: 'stopping', restart: 'stopping', crashed: 'error', notSpawned: 'error' },
  'stopping, unwanted': stoppingTo('unloaded'),
  'stopping, wanted again': stoppingTo('loading'),
  'stopping, to restart': stoppingTo('loading'),
  'stopping, because it started too slowly': stoppingTo('error'),
  'stopping, too slow and then unwanted': stoppingTo('unloaded'),
  'error, to be tried again': { ...error, backoff: 'loading' },
  'error, given up': error,
  'error, never left': error,
};

testTable({
  machine: routerMachine,
  input: { policy: defaultRestartPolicy, limits, preset: 'default', supervisor: reportSink<RouterReport>().ref },
  situations,
  events,
  table,
});
