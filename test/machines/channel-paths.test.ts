import { createActor, fromCallback, fromPromise } from 'xstate';
import type { EventObject } from 'xstate';
import { describe, expect, it } from 'vitest';
import { concerns, isMentioned } from '../../machines/channel-policy.ts';
import { channelMachine } from '../../machines/channel.machine.ts';
import type { ChannelEvent, TurnOutcome, TurnWork } from '../../machines/channel.machine.ts';
import { explore } from './support/explore.ts';
import type { Step } from './support/explore.ts';
import { clock } from './support/live.ts';
import { testEveryTransition } from './support/paths.ts';
import { delay, testTable } from './support/table.ts';

const input = { channelId: 'one', agentId: 'helper', limits: { turnMs: 1000, tellMs: 100 } };
const events = {
  arrived: { type: 'message.arrived', answerId: 'answer', at: 1 },
  cancel: { type: 'turn.cancel', by: 'test' },
  close: { type: 'channel.close' },
  waited: { type: 'model.waited', position: 2 },
  noted: { type: 'turn.noted', doing: 'uses files/read_file' },
  began: { type: 'reply.began', at: 401 },
  finished: { type: 'reply.finished' },
  failed: { type: 'reply.failed', failure: { code: 'DOES_NOT_FIT', message: 'alpha does not fit.' } },
} satisfies Record<string, ChannelEvent>;
const broke = { type: 'xstate.error.actor.turn', error: new Error('A fault of our own.') };
const told = { type: 'xstate.done.actor.tell', output: { at: 5 } };
const tellBroke = { type: 'xstate.error.actor.tell', error: new Error('The disk is full.') };

describe('the channel machine', () => {
  const nowhere = {
    arrived: undefined,
    cancel: undefined,
    close: undefined,
    waited: undefined,
    noted: undefined,
    began: undefined,
    finished: undefined,
    failed: undefined,
    broke: undefined,
    told: undefined,
    tellBroke: undefined,
    turnTimeout: undefined,
    restOfTurn: undefined,
    tellTimeout: undefined,
  };
  const working = {
    ...nowhere,
    finished: 'telling',
    failed: 'telling',
    broke: 'telling',
    cancel: 'telling',
    close: 'telling',
  };
  const telling = [events.arrived, events.finished];
  testTable({
    machine: channelMachine,
    input,
    events: {
      ...events,
      broke,
      told,
      tellBroke,
      turnTimeout: delay(channelMachine, 'turnTimeout'),
      restOfTurn: delay(channelMachine, 'restOfTurn'),
      tellTimeout: delay(channelMachine, 'tellTimeout'),
    },
    situations: {
      idle: { state: 'idle', by: [] },
      thinking: { state: 'thinking', by: [events.arrived] },
      streaming: { state: 'streaming', by: [events.arrived, events.began] },
      telling: { state: 'telling', by: telling },
      'telling while others wait': { state: 'telling', by: [...telling, events.arrived] },
      'telling before it leaves': { state: 'telling', by: [events.arrived, events.close] },
      closed: { state: 'closed', by: [events.close] },
    },
    table: {
      idle: { ...nowhere, arrived: 'thinking', close: 'closed' },
      thinking: { ...working, began: 'streaming', turnTimeout: 'telling' },
      streaming: { ...working, restOfTurn: 'telling' },
      telling: { ...nowhere, told: 'idle', tellBroke: 'idle', tellTimeout: 'idle' },
      'telling while others wait': { ...nowhere, told: 'thinking', tellBroke: 'idle', tellTimeout: 'idle' },
      'telling before it leaves': { ...nowhere, told: 'closed', tellBroke: 'closed', tellTimeout: 'closed' },
      closed: nowhere,
    },
  });
});

/** Both ports as scripts: which work they were given, what runs, and a way to let them report. */
const live = () => {
  const asked: TurnWork[] = [];
  const outcomes: (TurnWork & { outcome: TurnOutcome })[] = [];
  let running = 0;
  let report: (event: ChannelEvent) => void = () => undefined;
  let tell: { resolve(value: { at: number }): void; reject(error: Error): void } | null = null;
  const simulated = clock();
  const machine = channelMachine.provide({
    actors: {
      askModel: fromCallback<EventObject, TurnWork>(({ input: work, sendBack, receive }) => {
        asked.push(work);
        running += 1;
        report = sendBack;
        receive((event) => {
          throw (event as unknown as { error: Error }).error;
        });
        return () => (running -= 1);
      }),
      tellOutcome: fromPromise<{ at: number }, TurnWork & { outcome: TurnOutcome }>(({ input: work }) => {
        outcomes.push(work);
        return new Promise((resolve, reject) => (tell = { resolve, reject }));
      }),
    },
  });
  const actor = createActor(machine, { input, clock: simulated });
  actor.subscribe({ error: () => undefined });
  actor.start();
  const play = async (event: EventObject): Promise<void> => {
    const { children } = actor.getSnapshot();
    if (event.type.startsWith('xstate.after.')) simulated.increment(event.type.includes('tell') ? 100 : 1000);
    else if (event.type === told.type) tell?.resolve({ at: 5 });
    else if (event.type === tellBroke.type) tell?.reject(tellBroke.error);
    else if (event.type === broke.type) children['turn']?.send(event);
    else if (event.type.startsWith('model.') || event.type.startsWith('reply.') || event.type === 'turn.noted')
      report(event as ChannelEvent);
    else actor.send(event as ChannelEvent);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  return { actor, asked, outcomes, running: () => running, play };
};

const explored = explore(channelMachine, input, [...Object.values(events), broke, told, tellBroke], ({ context }) => [
  context.closing,
  context.nextAnswerId !== null,
  context.outcome?.kind,
]);

testEveryTransition('channel', explored, async (steps: readonly Step[]) => {
  const { actor, running, outcomes, asked, play } = live();
  for (const { event, state } of steps) {
    await play(event);
    expect(actor.getSnapshot().value, `after ${event.type}`).toBe(state);
    // The model is asked while somebody waits for the answer, and never longer.
    if (event.type !== broke.type) expect(running()).toBe(state === 'thinking' || state === 'streaming' ? 1 : 0);
    // Whatever was asked is told of, once.
    const pending = state === 'thinking' || state === 'streaming' ? 1 : 0;
    expect(outcomes.length + pending).toBe(asked.length);
  }
  actor.stop();
});

describe('a turn', () => {
  it('takes as long as it may in all, waiting and writing together', async () => {
    const { actor, play } = live();
    await play(events.arrived);
    await play(events.began);
    expect(actor.getSnapshot().context).toMatchObject({ beganAt: 1, streamingAt: 401 });
    await play({ type: 'xstate.after.restOfTurn' });
    expect(actor.getSnapshot()).toMatchObject({
      value: 'telling',
      context: { outcome: { kind: 'failed', failure: { code: 'TIMEOUT' } } },
    });
  });

  it('folds all that came meanwhile into the next one', async () => {
    const { actor, asked, play } = live();
    await play(events.arrived);
    for (const answerId of ['second', 'third']) await play({ ...events.arrived, answerId } as EventObject);
    expect(actor.getSnapshot().context).toMatchObject({ queued: 2, answerId: 'answer' });
    await play(events.finished);
    await play(told);
    expect(actor.getSnapshot()).toMatchObject({
      value: 'thinking',
      context: { queued: 0, answerId: 'third', beganAt: 5 },
    });
    expect(asked.map(({ answerId }) => answerId)).toEqual(['answer', 'third']);
  });

  it('that is cancelled takes with it what waits, and nothing follows', async () => {
    const { actor, outcomes, play } = live();
    for (const event of [events.arrived, events.arrived, events.began, events.cancel, told]) await play(event);
    expect(actor.getSnapshot().value).toBe('idle');
    expect(outcomes).toMatchObject([{ outcome: { kind: 'cancelled' } }]);
  });

  it('tells a fault of its port as a failure', async () => {
    const { outcomes, play } = live();
    await play(events.arrived);
    await play(broke);
    const [told] = outcomes;
    expect(told?.outcome).toMatchObject({ kind: 'failed', failure: { code: 'INTERNAL' } });
    expect(told?.outcome.kind === 'failed' && told.outcome.failure.message).toContain('A fault of our own.');
  });
});

describe('whom a message concerns', () => {
  it.each([
    ['Helper, are you there?', true],
    ['@helper please', true],
    ['ask HELPER.', true],
    ['the helpers left', false],
    ['unhelperly', false],
    ['', false],
  ])('%j mentions Helper: %s', (text, mentioned) => expect(isMentioned('Helper', text)).toBe(mentioned));

  const said = { text: 'Hello', mentions: [], byAgent: false };
  it.each([
    ['usual', true, said, true],
    ['usual', false, said, false],
    ['usual', false, { ...said, text: 'Hello Helper' }, true],
    ['usual', false, { ...said, mentions: ['id'] }, true],
    ['usual', false, { ...said, mentions: ['Helper'] }, true],
    ['always', false, said, true],
    ['never', true, { ...said, text: 'Helper' }, false],
    ['always', true, { ...said, byAgent: true }, false],
  ] as const)('answers %s, DM %s, %j: %s', (answers, isDm, what, wanted) =>
    expect(concerns('id', { name: 'Helper', answers }, isDm, what)).toBe(wanted),
  );
});
