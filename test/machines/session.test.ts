import { createActor, fromCallback, fromPromise } from 'xstate';
import type { AnyActorRef, EventObject } from 'xstate';
import { describe, expect, it } from 'vitest';
import { refusalFor, sessionMachine } from '../../machines/session.machine.ts';
import type { SessionEvent, SessionNote, SessionThought, StopwatchCommand } from '../../machines/session.machine.ts';
import type { Circumstances, SessionCall } from '../../machines/session-policy.ts';
import { explore, stateText } from './support/explore.ts';
import { testEveryTransition } from './support/paths.ts';

const input = { id: 's', steps: 0, maxSteps: 4, timeoutMs: 60_000 };
const circumstances = (over: Partial<Circumstances> = {}): Circumstances => ({
  ...{ element: null, site: 'shop.example', target: null, known: true, rules: [], grants: [] },
  ...over,
});
const thinks = (call: SessionCall | null, problem: string | null = null): SessionThought => ({
  ...{ words: 'w', thought: '', call, problem },
});
const done = (id: string, output: unknown): EventObject & { output: unknown } => ({
  type: `xstate.done.actor.${id}`,
  output,
});
const broke = (id: string): EventObject & { error: Error } => ({
  type: `xstate.error.actor.${id}`,
  error: new Error(`${id} broke.`),
});
const READ = { tool: 'read', arguments: { from: 0 } };
const submits = { name: 'Send', inputType: null, submits: true, downloads: false, form: null };
const deny = { subject: 'click', site: null, answer: 'deny' } as const;

const sent = {
  instructed: { type: 'session.instructed' },
  resume: { type: 'session.resume' },
  pause: { type: 'session.pause' },
  take: { type: 'session.take-over' },
  give: { type: 'session.give-back' },
  cancel: { type: 'session.cancel', who: 'Ana' },
  interrupt: { type: 'session.interrupt' },
  limit: { type: 'limits.changed', maxSteps: 9 },
  asked: { type: 'consent.asked', approvalId: 'a1' },
  answered: { type: 'consent.answered' },
  timeOver: { type: 'time.over' },
} satisfies Record<string, SessionEvent>;

const ports = {
  opened: done('open', undefined),
  notOpened: broke('open'),
  reads: done('think', thinks(READ)),
  nonsense: done('think', thinks(null, 'There is no tool fly.')),
  asks: done('think', thinks({ tool: 'ask', arguments: { question: 'Which size?' } })),
  finishes: done('think', thinks({ tool: 'finish', arguments: { answer: 'Bought.', done: true } })),
  noModel: broke('think'),
  allowed: done('inspect', circumstances()),
  mustAsk: done(
    'inspect',
    circumstances({ element: submits, rules: [{ subject: 'look', site: null, answer: 'ask' }] }),
  ),
  denied: done('inspect', circumstances({ rules: [{ ...deny, subject: 'look' }] })),
  stale: broke('inspect'),
  yes: done('ask', { allowed: true, why: null }),
  no: done('ask', { allowed: false, why: 'Too dear.' }),
  nobody: broke('ask'),
  acted: done('act', { done: true, text: 'The page.', crashed: false }),
  crashed: done('act', { done: false, text: 'The browser is gone.', crashed: true }),
  notActed: broke('act'),
  written: done('record', 3),
  diskFull: broke('record'),
  closed: done('close', undefined),
  notClosed: broke('close'),
};
type PortName = 'open' | 'think' | 'inspect' | 'ask' | 'act' | 'record' | 'close';

/** Every port as a promise that a test settles. */
const live = (given = input) => {
  const waiting = new Map<PortName, { resolve(value: never): void; reject(error: unknown): void }>();
  const aborted: string[] = [];
  const notes: SessionNote[] = [];
  const watch: string[] = [];
  const inputs = new Map<string, unknown>();
  const port = (name: PortName) =>
    fromPromise(({ input: asked, signal }: { input: unknown; signal: AbortSignal }) => {
      inputs.set(name, asked);
      signal.addEventListener('abort', () => aborted.push(name));
      if (name === 'record') notes.push((asked as { note: SessionNote }).note);
      return new Promise((resolve, reject) => void waiting.set(name, { resolve, reject }));
    }) as never;
  const actor = createActor(
    sessionMachine.provide({
      actors: {
        openBrowser: port('open'),
        think: port('think'),
        inspect: port('inspect'),
        askConsent: port('ask'),
        act: port('act'),
        record: port('record'),
        close: port('close'),
        stopwatch: fromCallback<StopwatchCommand & EventObject, { timeoutMs: number }>(({ receive }) => {
          receive(({ type }) => watch.push(type));
        }),
      },
    }),
    { input: given },
  );
  actor.start();
  const play = async (event: EventObject): Promise<void> => {
    const [, kind, name] = /^xstate\.(done|error)\.actor\.(\w+)$/.exec(event.type) ?? [];
    const settle = waiting.get(name as PortName);
    if (kind === 'done') settle?.resolve((event as unknown as { output: never }).output);
    else if (kind === 'error') settle?.reject((event as unknown as { error: Error }).error);
    else actor.send(event as SessionEvent);
    for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
  };
  return {
    ...{ actor: actor as AnyActorRef, aborted, notes, watch, inputs },
    state: () => stateText(actor.getSnapshot().value),
    context: () => actor.getSnapshot().context,
    async play(...events: EventObject[]) {
      for (const event of events) await play(event);
    },
  };
};

/** One step is the bound, so that what follows from it is reached, too. */
const bounded = { ...input, maxSteps: 1 };
const explored = explore(sessionMachine, bounded, [...Object.values(sent), ...Object.values(ports)], ({ context }) => [
  context.after,
  context.wish,
  context.repair !== null,
  context.step === null,
  context.step?.verdict,
  context.outcome?.status,
  context.steps >= context.maxSteps,
  context.circles,
  Math.min(context.crashes, 3),
]);

const RUNS: Record<string, string> = {
  opening: 'open',
  'working.thinking': 'think',
  'working.judging': 'inspect',
  'working.recording': 'record',
  'working.acting': 'act',
  asking: 'ask',
  closing: 'close',
};

testEveryTransition('session', explored, async (steps) => {
  const session = live(bounded);
  for (const { event, state } of steps) {
    await session.play(event);
    expect(session.state(), `after ${event.type}`).toBe(state);
    const children = Object.keys(session.actor.getSnapshot().children as object).filter((id) => id !== 'stopwatch');
    // At every moment exactly the port of its state runs, and time is counted while the model works, only.
    expect(children).toEqual(state in RUNS ? [RUNS[state]] : []);
    if (session.watch.at(-1) === 'watch.run') expect(state).toMatch(/^working/);
  }
  session.actor.stop();
});

describe('a session', () => {
  it('reads, is on record before it acts, and finishes with its answer', async () => {
    const { play, state, notes, context } = live();
    await play(ports.opened, ports.reads, ports.allowed);
    expect([state(), notes.at(-1)]).toMatchObject([
      'working.recording',
      { step: { state: 'running', verdict: 'allowed' } },
    ]);
    await play(ports.written);
    expect(state()).toBe('working.acting');
    await play(ports.acted);
    expect(notes.at(-1)).toMatchObject({ step: { state: 'done', result: 'The page.', seq: 3 } });
    await play(ports.written, ports.finishes, ports.closed);
    expect(state()).toBe('end');
    expect(context()).toMatchObject({ steps: 1, outcome: { status: 'end', answer: 'Bought.' } });
  });

  it('does nothing that a person refused, and the model reads the reason', async () => {
    const { play, state, notes, inputs } = live();
    await play(ports.opened, ports.reads, ports.mustAsk, ports.written);
    expect(state()).toBe('asking');
    await play(ports.no);
    expect(notes.at(-1)).toMatchObject({
      step: { state: 'refused', verdict: 'refused', why: 'Too dear.', result: refusalFor('Too dear.') },
    });
    expect(refusalFor('Too dear.')).toContain('a person refused it: Too dear.');
    await play(ports.written);
    expect([state(), inputs.has('act')]).toEqual(['working.thinking', false]);
  });

  it.each(Object.keys(RUNS).concat(['questioning', 'paused', 'byHand']))(
    'is cancelled in %s, at once',
    async (where) => {
      const paths: Record<string, EventObject[]> = {
        opening: [],
        'working.thinking': [ports.opened],
        'working.judging': [ports.opened, ports.reads],
        'working.recording': [ports.opened, ports.reads, ports.allowed],
        'working.acting': [ports.opened, ports.reads, ports.allowed, ports.written],
        asking: [ports.opened, ports.reads, ports.mustAsk, ports.written],
        closing: [ports.opened, ports.finishes],
        questioning: [ports.opened, ports.asks, ports.written],
        paused: [ports.opened, sent.pause],
        byHand: [ports.opened, sent.take],
      };
      const session = live();
      await session.play(...(paths[where] ?? []));
      expect(session.state()).toBe(where);
      await session.play(sent.cancel);
      expect(session.state()).toBe('closing');
      // An end that was reached before stays the end.
      if (where in RUNS && where !== 'closing') expect(session.aborted).toContain(RUNS[where]);
      await session.play(ports.closed);
      expect(session.state()).toBe(where === 'closing' ? 'end' : 'user_stopped');
    },
  );

  it('forgives one malformed call, and says so after the second', async () => {
    const { play, state, context, inputs } = live();
    await play(ports.opened, ports.nonsense);
    expect([state(), inputs.get('think')]).toMatchObject(['working.thinking', { repair: 'There is no tool fly.' }]);
    await play(ports.nonsense);
    expect([state(), context().outcome?.code]).toEqual(['closing', 'MALFORMED_CALL']);
    const other = live();
    await other.play(
      ports.opened,
      ports.nonsense,
      ports.reads,
      ports.allowed,
      ports.written,
      ports.acted,
      ports.written,
    );
    await other.play(ports.nonsense);
    expect(other.state()).toBe('working.thinking');
  });

  it('is told once that it goes round in circles, then it is stuck', async () => {
    const { play, state, context, notes } = live();
    const step = [ports.reads, ports.allowed, ports.written, ports.acted, ports.written];
    await play(sent.limit, ports.opened, ...step, ...step);
    expect(notes.at(-1)).toMatchObject({ step: { result: 'The page.' } });
    await play(...step);
    expect(notes.at(-1)).toMatchObject({ step: { result: expect.stringContaining('three times') as string } });
    expect(state()).toBe('working.thinking');
    await play(...step);
    expect([state(), context().outcome?.code]).toEqual(['closing', 'STUCK']);
  });

  it('stops at its bound of steps; more of them let it go on', async () => {
    const act = (n: number) => done('act', { done: true, text: `Page ${n}`, crashed: false });
    const step = (n: number) => [ports.reads, ports.allowed, ports.written, act(n), ports.written];
    const { play, state } = live();
    await play(ports.opened, ...step(1), ...step(2), ...step(3), ...step(4));
    expect(state()).toBe('closing');
    await play(ports.closed);
    expect(state()).toBe('max_loop');
    const other = live();
    await other.play(ports.opened, ...step(1), ...step(2), ...step(3), sent.limit, ...step(4));
    expect(other.state()).toBe('working.thinking');
  });

  it('counts no time while a person decides', async () => {
    const { play, watch } = live();
    await play(ports.opened, ports.reads, ports.mustAsk, ports.written);
    expect(watch).toEqual(['watch.run', 'watch.hold']);
    await play(ports.yes);
    expect(watch.at(-1)).toBe('watch.run');
    await play(ports.written, sent.asked);
    expect(watch.at(-1)).toBe('watch.hold');
    await play(sent.answered);
    expect(watch.at(-1)).toBe('watch.run');
  });

  it('ends a step before it pauses, and takes no further one', async () => {
    const { play, state } = live();
    await play(ports.opened, ports.reads, ports.allowed, ports.written, sent.pause);
    expect(state()).toBe('working.acting');
    await play(ports.acted, ports.written);
    expect(state()).toBe('paused');
    await play(sent.resume, ports.opened);
    expect(state()).toBe('working.thinking');
  });

  it('taken over while it asks, it does not do what it asked for', async () => {
    const { play, state, notes, inputs } = live();
    await play(ports.opened, ports.reads, ports.mustAsk, ports.written, sent.take);
    expect(notes.at(-1)).toMatchObject({ step: { state: 'refused', why: 'A person took the browser over.' } });
    await play(ports.written);
    expect([state(), inputs.has('act')]).toEqual(['byHand', false]);
    await play(sent.give, ports.opened);
    expect(state()).toBe('working.thinking');
  });

  it('whose browser crashes again and again comes to an end', async () => {
    const step = [ports.reads, ports.allowed, ports.written, ports.crashed, ports.written];
    const { play, context } = live();
    await play(sent.limit, ports.opened, ...step, ...step, ...step);
    expect(context().outcome?.code).toBe('BROWSER_CRASHED');
  });
});
