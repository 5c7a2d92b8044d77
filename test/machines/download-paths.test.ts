import { createActor, fromCallback, fromPromise } from 'xstate';
import type { EventObject } from 'xstate';
import { describe, expect, it } from 'vitest';
import { downloadMachine } from '../../machines/download.machine.ts';
import type { DownloadEvent, DownloadPlan, DownloadWork } from '../../machines/download.machine.ts';
import type { DownloadFailureCode } from '../../machines/download-policy.ts';
import { afterEvents, explore } from './support/explore.ts';
import type { Step } from './support/explore.ts';
import { clock } from './support/live.ts';
import { testEveryTransition } from './support/paths.ts';
import { delay, testTable } from './support/table.ts';

const policy = { budget: 2, firstDelayMs: 1000, maxDelayMs: 60_000 };
const input = { id: 'one', request: { source: 'hf:owner/repo', quant: null, file: null }, policy };
const plan: DownloadPlan = {
  repo: 'owner/repo',
  quant: 'Q4_K_M',
  note: null,
  files: [
    { name: 'a.gguf', url: 'https://host/a.gguf', target: '/models/a.gguf', size: 10, sha256: null, present: false },
  ],
};
const failure = (code: DownloadFailureCode, retryAfterMs: number | null = null) => ({
  code,
  message: `${code}.`,
  retryAfterMs,
});

const events = {
  start: { type: 'download.start', at: 1 },
  retry: { type: 'download.retry', by: 'test', at: 1 },
  cancel: { type: 'download.cancel', by: 'test', at: 1 },
  resolved: { type: 'source.resolved', plan, at: 1 },
  refused: { type: 'source.refused', failure: failure('NOT_FOUND'), at: 1 },
  unreachable: { type: 'source.refused', failure: failure('NETWORK'), at: 1 },
  progressed: { type: 'fetch.progressed', receivedBytes: 5, at: 1 },
  finished: { type: 'fetch.finished', at: 1 },
  cut: { type: 'fetch.failed', failure: failure('NETWORK'), at: 1 },
  full: { type: 'fetch.failed', failure: failure('DISK_SPACE'), at: 1 },
  verified: { type: 'verify.progressed', verifiedBytes: 5 },
  placed: { type: 'files.placed', at: 1 },
  wrong: { type: 'file.wrong', failure: failure('WRONG_HASH'), at: 1 },
  taken: { type: 'verify.failed', failure: failure('EXISTS'), at: 1 },
} satisfies Record<string, DownloadEvent>;
const broke = (id: string) => ({ type: `xstate.error.actor.${id}`, error: new Error('A fault of our own.') });
const discarded = { type: 'xstate.done.actor.discard', output: undefined };

describe('the download machine', () => {
  const fetching = [events.start, events.resolved];
  const verifying = [...fetching, events.finished];
  const nowhere = {
    start: undefined,
    retry: undefined,
    cancel: undefined,
    resolved: undefined,
    refused: undefined,
    unreachable: undefined,
    progressed: undefined,
    finished: undefined,
    cut: undefined,
    full: undefined,
    verified: undefined,
    placed: undefined,
    wrong: undefined,
    taken: undefined,
    backoff: undefined,
    resolverBroke: undefined,
    fetcherBroke: undefined,
    verifierBroke: undefined,
    discarded: undefined,
    discardBroke: undefined,
  };
  testTable({
    machine: downloadMachine,
    input,
    events: {
      ...events,
      backoff: delay(downloadMachine, 'backoff'),
      resolverBroke: broke('resolve'),
      fetcherBroke: broke('fetch'),
      verifierBroke: broke('verify'),
      discarded,
      discardBroke: broke('discard'),
    },
    situations: {
      'waiting for its turn': { state: 'queued', by: [] },
      'paused after a failure': { state: 'queued', by: [events.start, events.unreachable] },
      resolving: { state: 'resolving', by: [events.start] },
      'out of patience': {
        state: 'resolving',
        by: [1, 2].flatMap(() => [events.start, events.unreachable, events.retry]).concat([events.start] as never),
      },
      fetching: { state: 'fetching', by: fetching },
      verifying: { state: 'verifying', by: verifying },
      'verifying once more': { state: 'verifying', by: [...verifying, events.wrong, events.finished] },
      done: { state: 'done', by: [...verifying, events.placed] },
      failed: { state: 'failed', by: [events.start, events.refused] },
      cancelled: { state: 'cancelled', by: [events.cancel] },
    },
    table: {
      'waiting for its turn': { ...nowhere, start: 'resolving', cancel: 'cancelled' },
      'paused after a failure': { ...nowhere, cancel: 'cancelled' },
      resolving: {
        ...nowhere,
        resolved: 'fetching',
        refused: 'failed',
        resolverBroke: 'failed',
        unreachable: 'queued',
        cancel: 'cancelled',
      },
      'out of patience': {
        ...nowhere,
        resolved: 'fetching',
        refused: 'failed',
        resolverBroke: 'failed',
        unreachable: 'failed',
        cancel: 'cancelled',
      },
      fetching: {
        ...nowhere,
        finished: 'verifying',
        cut: 'queued',
        full: 'failed',
        fetcherBroke: 'failed',
        cancel: 'cancelled',
      },
      verifying: {
        ...nowhere,
        placed: 'done',
        wrong: 'fetching',
        taken: 'failed',
        verifierBroke: 'failed',
        cancel: 'cancelled',
      },
      'verifying once more': {
        ...nowhere,
        placed: 'done',
        wrong: 'failed',
        taken: 'failed',
        verifierBroke: 'failed',
        cancel: 'cancelled',
      },
      done: nowhere,
      failed: nowhere,
      cancelled: nowhere,
    },
  });
});

/** Every port as a script: what runs, and a way to let it report. */
const scripted = () => {
  const running = new Set<string>();
  const inputs: Record<string, DownloadWork[]> = {};
  let report: (event: DownloadEvent) => void = () => undefined;
  const port = (name: string) =>
    fromCallback<EventObject, DownloadWork>(({ sendBack, receive, input: work }) => {
      running.add(name);
      (inputs[name] ??= []).push(work);
      report = sendBack;
      receive((event) => {
        running.delete(name);
        throw (event as unknown as { error: Error }).error;
      });
      return () => running.delete(name);
    });
  let discard: { resolve(): void; reject(error: Error): void } | null = null;
  return {
    running,
    inputs,
    report: (event: DownloadEvent) => report(event),
    discard: () => discard,
    actors: {
      resolveSource: port('resolve'),
      fetchFiles: port('fetch'),
      verifyFiles: port('verify'),
      discardParts: fromPromise<void, DownloadWork>(
        () => new Promise((resolve, reject) => (discard = { resolve: () => resolve(), reject })),
      ),
    },
  };
};

const RUNS: Record<string, string | null> = { resolving: 'resolve', fetching: 'fetch', verifying: 'verify' };

const live = () => {
  const ports = scripted();
  const simulated = clock();
  const actor = createActor(downloadMachine.provide({ actors: ports.actors }), { input, clock: simulated });
  actor.subscribe({ error: () => undefined });
  actor.start();
  const play = async (event: EventObject): Promise<void> => {
    const { children, context } = actor.getSnapshot();
    if (event.type.startsWith('xstate.after.')) simulated.increment(context.retryDelayMs ?? 0);
    else if (event.type === discarded.type) ports.discard()?.resolve();
    else if (event.type === broke('discard').type) ports.discard()?.reject(new Error('busy'));
    else if (event.type.startsWith('xstate.error.actor.'))
      children[event.type.slice('xstate.error.actor.'.length) as 'fetch']?.send(event);
    else if (event.type.startsWith('download.')) actor.send(event as DownloadEvent);
    else ports.report(event as DownloadEvent);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  return { actor, ports, play };
};

const explored = explore(
  downloadMachine,
  input,
  [...Object.values(events), ...['resolve', 'fetch', 'verify', 'discard'].map(broke), discarded],
  ({ context }) => [context.retryDelayMs !== null, context.wrongHashes, context.failures, context.settled],
);

testEveryTransition('download', explored, async (steps: readonly Step[]) => {
  const { actor, ports, play } = live();
  for (const { event, state } of steps) {
    await play(event);
    expect(actor.getSnapshot().value, `after ${event.type}`).toBe(state);
    // One port at a time, and none where nothing runs.
    expect([...ports.running]).toEqual([RUNS[state] ?? []].flat());
  }
  const { value, context } = actor.getSnapshot();
  if (value === 'failed') expect(context.failure?.message).toMatch(/./);
  if (value === 'done') expect(context).toMatchObject({ failure: null, settled: true, finishedAt: 1 });
  actor.stop();
  expect(ports.running.size).toBe(0);
});

describe('a download', () => {
  it('waits by one delay', () => expect(afterEvents(downloadMachine)).toHaveLength(1));

  it('after its pause waits for its turn, and a turn that comes during the pause is not taken', async () => {
    const { actor, play } = live();
    for (const event of [events.start, events.unreachable]) await play(event);
    expect(actor.getSnapshot().context).toMatchObject({ retryDelayMs: 1000, retryAt: 1001, failures: 1 });
    await play(events.start);
    expect(actor.getSnapshot().value).toBe('queued');
    await play({ type: 'xstate.after.backoff' });
    expect(actor.getSnapshot().context).toMatchObject({ retryDelayMs: null, retryAt: null });
    await play(events.start);
    expect(actor.getSnapshot().value).toBe('resolving');
  });

  it('forgives failures when bytes arrive, and not when none do', async () => {
    const { actor, play } = live();
    for (const event of [events.start, events.resolved, events.cut, events.retry, events.start, events.resolved])
      await play(event);
    expect(actor.getSnapshot().context).toMatchObject({ failures: 1 });
    await play({ ...events.progressed, receivedBytes: 0 } as DownloadEvent);
    expect(actor.getSnapshot().context).toMatchObject({ failures: 1, failure: { code: 'NETWORK' } });
    await play(events.progressed);
    expect(actor.getSnapshot().context).toMatchObject({ failures: 0, failure: null, receivedBytes: 5 });
  });

  it('is not begun anew for ever: a file that keeps changing is given up, whatever arrives of it', async () => {
    const { actor, ports, play } = live();
    const changed = { type: 'fetch.failed', failure: failure('CHANGED'), at: 1 };
    for (let turn = 0; turn < 3; turn += 1) {
      expect(actor.getSnapshot().value).toBe('queued');
      for (const event of [events.start, events.resolved, { ...events.progressed, receivedBytes: turn + 1 }, changed])
        await play(event);
      if (turn < 2) await play(events.retry);
    }
    expect(actor.getSnapshot()).toMatchObject({
      value: 'failed',
      context: { failure: { code: 'CHANGED' }, changes: 3 },
    });
    expect(ports.inputs['fetch']?.map(({ careful }) => careful)).toEqual([false, true, true]);
  });

  it('gives its ports what was resolved', async () => {
    const { ports, play } = live();
    for (const event of [events.start, events.resolved]) await play(event);
    expect(ports.inputs['fetch']).toEqual([{ id: 'one', request: input.request, plan, careful: false }]);
  });

  it('is settled after a cancel only when its parts are gone', async () => {
    const { actor, play } = live();
    for (const event of [events.start, events.resolved, events.cancel]) await play(event);
    expect(actor.getSnapshot()).toMatchObject({ value: 'cancelled', context: { settled: false, by: 'test' } });
    await play(discarded);
    expect(actor.getSnapshot().context.settled).toBe(true);
  });
});
