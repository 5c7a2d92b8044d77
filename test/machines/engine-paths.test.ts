import { createActor, fromCallback, fromPromise } from 'xstate';
import type { EventObject } from 'xstate';
import { describe, expect, it } from 'vitest';
import { engineMachine } from '../../machines/engine.machine.ts';
import type { EngineEvent, EngineFound, EngineReport } from '../../machines/engine.machine.ts';
import { explore } from './support/explore.ts';
import type { Step } from './support/explore.ts';
import { reportSink } from './support/live.ts';
import { testEveryTransition } from './support/paths.ts';

const engine: EngineFound = { path: '/opt/llama-server', source: 'path', version: 'b1', build: 1 };
const found = (output: EngineFound | null) => ({ type: 'xstate.done.actor.find', output });
const findFailed = { type: 'xstate.error.actor.find', error: new Error('The configured path is not a program.') };
const installBroke = { type: 'xstate.error.actor.install', error: new Error('The disk is full.') };
const progress = { stage: 'download', percent: 10, receivedBytes: 1, totalBytes: 10 };

const commands: EngineEvent[] = [
  { type: 'engine.check', requestId: 'check', by: 'test' },
  { type: 'engine.install', requestId: 'install', by: 'test' },
  { type: 'engine.cancel', by: 'test' },
];
const facts: EngineEvent[] = [
  { type: 'install.progressed', progress },
  { type: 'install.finished', engine },
  { type: 'install.failed', problem: 'No network.' },
];

/** Both ports: what they report is decided by the test, and how many run at once is counted. */
const scriptedPorts = () => {
  const counts = { installing: 0 };
  let finding: { resolve(output: EngineFound | null): void; reject(error: unknown): void } | null = null;
  let report: (fact: EngineEvent) => void = () => undefined;
  const find = fromPromise<EngineFound | null>(
    () =>
      new Promise((resolve, reject) => {
        finding = { resolve, reject };
      }),
  );
  const install = fromCallback<{ type: 'break'; error: unknown }>(({ sendBack, receive }) => {
    counts.installing += 1;
    report = sendBack;
    receive(({ error }) => {
      counts.installing -= 1;
      throw error;
    });
    return () => {
      counts.installing -= 1;
    };
  });
  return {
    counts,
    report: (fact: EngineEvent) => report(fact),
    resolve: (output: EngineFound | null) => finding?.resolve(output),
    reject: (error: unknown) => finding?.reject(error),
    actors: { findEngine: find, installEngine: install as never },
  };
};

const startEngine = (autoInstall: boolean) => {
  const sink = reportSink<EngineReport>();
  const ports = scriptedPorts();
  const actor = createActor(engineMachine.provide({ actors: ports.actors }), {
    input: { supervisor: sink.ref, autoInstall },
  });
  actor.start();
  /** Events that the ports cause come from the ports, as they would. */
  const play = async (event: EventObject): Promise<void> => {
    if (event.type === found(null).type) ports.resolve((event as ReturnType<typeof found>).output);
    else if (event.type === findFailed.type) ports.reject((event as typeof findFailed).error);
    else if (event.type === installBroke.type) {
      const { install } = actor.getSnapshot().children;
      install?.send({ type: 'break', error: (event as typeof installBroke).error });
    } else if (facts.some(({ type }) => type === event.type)) ports.report(event as EngineEvent);
    else actor.send(event as EngineEvent);
    // A promise's answer takes a few turns of the microtask queue.
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  return { actor, ports, sink, play };
};

const explored = (autoInstall: boolean) =>
  explore(
    engineMachine,
    { supervisor: reportSink<EngineReport>().ref, autoInstall },
    [...commands, ...facts, found(engine), found(null), findFailed, installBroke],
    ({ context }) => context.found !== null,
  );

const replay = async (autoInstall: boolean, steps: readonly Step[]): Promise<void> => {
  const { actor, ports, sink, play } = startEngine(autoInstall);
  const asked: string[] = [];
  for (const { event, state } of steps) {
    const numbered = 'requestId' in event ? { ...event, requestId: `request-${asked.length}` } : event;
    if ('requestId' in numbered) asked.push(numbered.requestId);
    await play(numbered);
    expect(actor.getSnapshot().value, `after ${event.type}`).toBe(state);
    expect(ports.counts.installing).toBe(state === 'installing' ? 1 : 0);
    expect(actor.getSnapshot().children.find !== undefined).toBe(state === 'checking');
  }
  const { value, context } = actor.getSnapshot();
  const answered = sink.reports.flatMap((report) => ('settlements' in report ? report.settlements : []));
  expect([...answered.map(({ requestId }) => requestId), ...context.waiters].toSorted()).toEqual(asked.toSorted());
  const states = sink.reports.flatMap((report) => (report.type === 'engine.reported' ? [report] : []));
  expect(states.at(-1)).toMatchObject({ state: value });
  // What is missing is explained; what is ready is there.
  if (value === 'missing') expect(context).toMatchObject({ found: null, problem: expect.stringMatching(/./) });
  if (value === 'ready') expect(context.found).toEqual(engine);
  actor.stop();
  expect(ports.counts.installing).toBe(0);
};

const manual = explored(false);
const automatic = explored(true);
const reachedByHand = new Set(manual.paths.map(({ transition }) => transition));
testEveryTransition(
  'engine',
  {
    defined: manual.defined,
    paths: [
      ...manual.paths.map((path) => ({ ...path, autoInstall: false })),
      ...automatic.paths
        .filter(({ transition }) => !reachedByHand.has(transition))
        .map((path) => ({ ...path, autoInstall: true })),
    ],
  },
  (steps, path) => replay(path.autoInstall, steps),
);

describe('the engine that worked', () => {
  const [check, install, cancel] = commands as [EngineEvent, EngineEvent, EngineEvent];

  it.each([
    ['fails', { type: 'install.failed', problem: 'No network.' }],
    ['breaks', installBroke],
    ['is cancelled', cancel],
  ])('is kept when an update %s', async (_, end) => {
    const { actor, play } = startEngine(false);
    for (const event of [check, found(engine), install, end]) await play(event);
    expect(actor.getSnapshot()).toMatchObject({ value: 'ready', context: { found: engine } });
  });

  it.each([
    ['fails', { type: 'install.failed', problem: 'No network.' }],
    ['breaks', installBroke],
    ['is cancelled', cancel],
  ])('is not believed in any more once a check did not find it and the installation %s', async (_, end) => {
    const { actor, play } = startEngine(true);
    for (const event of [check, found(engine), check, found(null), end]) await play(event);
    expect(actor.getSnapshot()).toMatchObject({ value: 'missing', context: { found: null } });
  });

  it('is one installation for everybody who asks for it, and answers them all', async () => {
    const { ports, sink, play } = startEngine(false);
    for (const requestId of ['first', 'second'])
      await play({ type: 'engine.install', requestId, by: 'test' } as EngineEvent);
    expect(ports.counts.installing).toBe(1);
    await play({ type: 'install.finished', engine } as EngineEvent);
    expect(sink.reports).toContainEqual({
      type: 'requests.settled',
      settlements: [
        { requestId: 'first', refusal: null },
        { requestId: 'second', refusal: null },
      ],
    });
  });

  it('tells progress while installing, and none afterwards', async () => {
    const { actor, play } = startEngine(false);
    for (const event of [install, facts[0] as EngineEvent]) await play(event);
    expect(actor.getSnapshot().context.progress).toEqual(progress);
    await play({ type: 'install.finished', engine } as EngineEvent);
    expect(actor.getSnapshot().context).toMatchObject({ progress: null, problem: null, by: null, waiters: [] });
  });
});
