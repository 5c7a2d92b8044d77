/**
 * One session: a model that works in a browser on a task, step by step, until it says that it is done, a bound is reached, or a
 * person ends it. Nothing that matters is done before a person's consent, and no step counts before it is on disk.
 */
import { assign, fromCallback, fromPromise, sendTo, setup } from 'xstate';
import type { EventObject } from 'xstate';
import { judge, NO_REPEATS, repeated } from './session-policy.ts';
import type { Circumstances, Judgement, Repeats, SessionCall } from './session-policy.ts';

export type SessionOutcomeStatus = 'end' | 'max_loop' | 'error' | 'user_stopped';
export type SessionFailureCode =
  | 'NO_BROWSER'
  | 'BROWSER_CRASHED'
  | 'MODEL_FAILED'
  | 'MALFORMED_CALL'
  | 'STUCK'
  | 'TIMEOUT'
  | 'INTERRUPTED'
  | 'UNEXPECTED';

export interface SessionOutcome {
  status: SessionOutcomeStatus;
  code: SessionFailureCode | null;
  /** One sentence for a person. */
  message: string;
  /** The model's last words, when it finished. */
  answer: string | null;
}

/** What the model said. */
export interface SessionThought {
  words: string;
  thought: string;
  call: SessionCall | null;
  /** Why there is no call, in words for the model. */
  problem: string | null;
}

export interface SessionStep {
  /** Null until it is written down. */
  seq: number | null;
  words: string;
  thought: string;
  call: SessionCall;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'refused';
  verdict: 'allowed' | 'approved' | 'refused' | null;
  why: string | null;
  /** What the model is told. */
  result: string;
}

export type SessionNote = { kind: 'step'; step: SessionStep } | { kind: 'question'; text: string };

/** What an action came to; a failed one is a result, too. */
export interface ActionResult {
  done: boolean;
  text: string;
  /** The browser was gone. */
  crashed: boolean;
}

export type SessionCommand =
  /** What a person said is in the transcript. */
  | { type: 'session.instructed' }
  /** Goes on as if there had been no pause. */
  | { type: 'session.resume' }
  | { type: 'session.pause' }
  | { type: 'session.take-over' }
  /** What was done by hand is in the transcript. */
  | { type: 'session.give-back' }
  | { type: 'session.cancel'; who: string }
  /** The server stops. */
  | { type: 'session.interrupt' }
  | { type: 'limits.changed'; maxSteps: number };

export type SessionFact =
  /** A person is asked whether a page may be opened; the request is held meanwhile. */
  | { type: 'consent.asked'; approvalId: string }
  | { type: 'consent.answered' }
  /** It worked as long as it may; what a person took did not count. */
  | { type: 'time.over' };

export type SessionEvent = SessionCommand | SessionFact;
export type StopwatchCommand = { type: 'watch.run' } | { type: 'watch.hold' };

export interface SessionInput {
  id: string;
  steps: number;
  maxSteps: number;
  timeoutMs: number;
}

export interface SessionContext extends SessionInput {
  step: SessionStep | null;
  judgement: Judgement | null;
  /** What was wrong with the answer before; once is forgiven. */
  repair: string | null;
  question: string | null;
  /** The request that waits for consent. */
  approvalId: string | null;
  /** What happens when the step under way is over. */
  wish: 'pause' | 'hand' | null;
  /** Where it goes when the note is on disk. */
  after: 'asking' | 'acting' | 'questioning' | 'turn';
  repeats: Repeats;
  circles: 'fine' | 'tell' | 'stuck';
  crashes: number;
  outcome: SessionOutcome | null;
}

/** So often in a row an action may find the browser gone. */
const MOST_CRASHES = 3;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const failed = (code: SessionFailureCode, message: string): SessionOutcome => ({
  status: 'error',
  code,
  message,
  answer: null,
});
const minutes = (ms: number): string => (ms % 60_000 === 0 ? `${ms / 60_000} min` : `${Math.round(ms / 1000)} s`);

const REFUSED = 'It was not done, because a person refused it';
const goOn = 'Do not try to reach the same by another way; go on with what is left, ask, or finish.';
export const refusalFor = (why: string | null): string =>
  `${REFUSED}${why === null ? '.' : `: ${why.replace(/[.\s]*$/, '.')}`} ${goOn}`;
const DENIED = 'It was not done: the rules of this server do not allow it.';
const CIRCLES =
  'You have done exactly this three times with the same result. Do something else, ask the person, or finish and say why it cannot be done.';
const INTERRUPTED = 'The server was stopped; a further instruction goes on.';

const textArgument = ({ arguments: args }: SessionCall, name: string): string => {
  const value = args[name];
  return typeof value === 'string' ? value : '';
};

export const sessionMachine = setup({
  types: { context: {} as SessionContext, events: {} as SessionEvent, input: {} as SessionInput },
  actors: {
    /** Waits for a free browser and opens it, on the page where it was; at once when it is open. */
    openBrowser: fromPromise<void, { id: string }>(() => Promise.reject(new Error('no port'))),
    /** Asks the model for the next step. */
    think: fromPromise<SessionThought, { id: string; repair: string | null; stepsLeft: number }>(() =>
      Promise.reject(new Error('no port')),
    ),
    /** Gathers what consent is decided on. Rejects when the call cannot be done at all. */
    inspect: fromPromise<Circumstances, { id: string; call: SessionCall }>(() => Promise.reject(new Error('no port'))),
    /** Asks a person. */
    askConsent: fromPromise<
      { allowed: boolean; why: string | null },
      { id: string; step: SessionStep; judgement: Judgement }
    >(() => Promise.reject(new Error('no port'))),
    act: fromPromise<ActionResult, { id: string; call: SessionCall; seq: number | null }>(() =>
      Promise.reject(new Error('no port')),
    ),
    /** Writes into the transcript; resolves with the entry's number when it is on disk. */
    record: fromPromise<number, { id: string; note: SessionNote }>(() => Promise.reject(new Error('no port'))),
    /** Writes the end down and closes what must not stay open; within a second. */
    close: fromPromise<void, { id: string; outcome: SessionOutcome }>(() => Promise.reject(new Error('no port'))),
    /** Counts how long it works while it is told to run. */
    stopwatch: fromCallback<StopwatchCommand & EventObject, { timeoutMs: number }>(() => undefined),
  },
  actions: {
    runWatch: sendTo('stopwatch', (): StopwatchCommand => ({ type: 'watch.run' })),
    holdWatch: sendTo('stopwatch', (): StopwatchCommand => ({ type: 'watch.hold' })),
    wishPause: assign({ wish: 'pause' }),
    wishHand: assign({ wish: 'hand' }),
    clearWish: assign({ wish: null }),
    noteLimit: assign(({ event }) => (event.type === 'limits.changed' ? { maxSteps: event.maxSteps } : {})),
    noteAsked: assign(({ event }) => (event.type === 'consent.asked' ? { approvalId: event.approvalId } : {})),
    noteAnswered: assign({ approvalId: null }),
    noteCancelled: assign(({ event }) =>
      event.type === 'session.cancel'
        ? {
            outcome: {
              status: 'user_stopped' as const,
              code: null,
              message: `It was ended by ${event.who}.`,
              answer: null,
            },
          }
        : {},
    ),
    fail: assign((_, params: { code: SessionFailureCode; error: unknown }) => ({
      outcome: failed(params.code, textOf(params.error)),
    })),
    failByTime: assign(({ context }) => ({
      outcome: failed('TIMEOUT', `It worked for ${minutes(context.timeoutMs)}, which is as long as it may.`),
    })),
    noteProblem: assign((_, params: { thought: SessionThought }) => ({
      repair: params.thought.problem ?? 'The answer called no tool. Call exactly one.',
    })),
    failMalformed: assign((_, params: { thought: SessionThought }) => ({
      outcome: failed(
        'MALFORMED_CALL',
        `The model did not manage to call a tool, not even when it was told what was wrong: ${params.thought.problem ?? 'it called none.'}`,
      ),
    })),
    noteCall: assign((_, params: { thought: SessionThought }) => {
      const { call, words, thought } = params.thought;
      if (call === null) return {};
      const step: SessionStep = {
        ...{ seq: null, words, thought, call, state: 'waiting', verdict: null, why: null, result: '' },
      };
      return { repair: null, step, judgement: null };
    }),
    noteQuestion: assign((_, params: { thought: SessionThought }) => ({
      repair: null,
      step: null,
      after: 'questioning' as const,
      question: params.thought.call === null ? '' : textArgument(params.thought.call, 'question'),
    })),
    noteFinish: assign((_, params: { thought: SessionThought }) => {
      const answer = params.thought.call === null ? '' : textArgument(params.thought.call, 'answer');
      const done = params.thought.call?.arguments['done'] !== false;
      return {
        outcome: {
          status: 'end' as const,
          code: null,
          message: done ? 'It is done.' : 'It ended without getting it done.',
          answer,
        },
      };
    }),
    noteJudgement: assign(({ context }, params: { circumstances: Circumstances }) => {
      if (context.step === null) return {};
      const judgement = judge(context.step.call, params.circumstances);
      const { answer } = judgement;
      if (answer === 'deny')
        return {
          judgement,
          after: 'turn' as const,
          step: {
            ...context.step,
            state: 'refused' as const,
            verdict: 'refused' as const,
            why: DENIED,
            result: DENIED,
          },
        };
      return answer === 'allow'
        ? {
            judgement,
            after: 'acting' as const,
            step: { ...context.step, state: 'running' as const, verdict: 'allowed' as const },
          }
        : { judgement, after: 'asking' as const };
    }),
    /** It cannot be done, and the model is told why. */
    noteImpossible: assign(({ context }, params: { error: unknown }) => {
      const why = textOf(params.error);
      return context.step === null
        ? {}
        : { after: 'turn' as const, step: { ...context.step, state: 'failed' as const, why, result: why } };
    }),
    noteConsent: assign(({ context }, params: { allowed: boolean; why: string | null }) => {
      if (context.step === null) return {};
      if (params.allowed)
        return {
          approvalId: null,
          after: 'acting' as const,
          step: { ...context.step, state: 'running' as const, verdict: 'approved' as const },
        };
      return {
        approvalId: null,
        after: 'turn' as const,
        step: {
          ...context.step,
          state: 'refused' as const,
          verdict: 'refused' as const,
          why: params.why ?? 'A person refused it.',
          result: refusalFor(params.why),
        },
      };
    }),
    noteResult: assign(({ context }, params: { result: ActionResult }) => {
      if (context.step === null) return {};
      const { done, text, crashed } = params.result;
      const { call } = context.step;
      const { repeats, verdict } = repeated(context.repeats, JSON.stringify([call.tool, call.arguments, text]));
      return {
        after: 'turn' as const,
        approvalId: null,
        repeats,
        circles: verdict,
        crashes: crashed ? context.crashes + 1 : 0,
        step: {
          ...context.step,
          state: done ? ('done' as const) : ('failed' as const),
          why: done ? null : text,
          result: verdict === 'tell' ? `${text}\n\n${CIRCLES}` : text,
        },
      };
    }),
    noteWritten: assign(({ context }, params: { seq: number }) => ({
      step: context.step === null ? null : { ...context.step, seq: params.seq },
    })),
    endStep: assign(({ context }) => ({ step: null, judgement: null, steps: context.steps + 1 })),
    clearQuestion: assign({ question: null }),
    failStuck: assign({
      outcome: failed('STUCK', 'It did the same again and again with the same result, also when it was told so.'),
    }),
    failCrashed: assign({ outcome: failed('BROWSER_CRASHED', 'Its browser crashed again and again.') }),
    reachLimit: assign(({ context }) => ({
      outcome: {
        status: 'max_loop' as const,
        code: null,
        message: `It took ${context.steps === 1 ? 'one step' : `${context.steps} steps`}, as many as it may; a further instruction goes on.`,
        answer: null,
      },
    })),
    failInterrupted: assign({ outcome: failed('INTERRUPTED', INTERRUPTED) }),
  },
  guards: {
    wantsHand: ({ context }) => context.wish === 'hand',
    wantsPause: ({ context }) => context.wish === 'pause',
    isStuck: ({ context }) => context.circles === 'stuck',
    isCrashed: ({ context }) => context.crashes >= MOST_CRASHES,
    isAtLimit: ({ context }) => context.steps >= context.maxSteps,
    goesToAsking: ({ context }) => context.after === 'asking',
    goesToActing: ({ context }) => context.after === 'acting',
    goesToQuestioning: ({ context }) => context.after === 'questioning',
    wasRepaired: ({ context }, params: { thought: SessionThought }) =>
      params.thought.call === null && context.repair !== null,
    isMalformed: (_, params: { thought: SessionThought }) => params.thought.call === null,
    asks: (_, params: { thought: SessionThought }) => params.thought.call?.tool === 'ask',
    finishes: (_, params: { thought: SessionThought }) => params.thought.call?.tool === 'finish',
    ended: ({ context }) => context.outcome?.status === 'end',
    reachedLimit: ({ context }) => context.outcome?.status === 'max_loop',
    wasStopped: ({ context }) => context.outcome?.status === 'user_stopped',
  },
}).createMachine({
  id: 'session',
  description: 'A model that works in a browser on a task, and a person who is asked before anything that matters.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    step: null,
    judgement: null,
    repair: null,
    question: null,
    approvalId: null,
    wish: null,
    after: 'turn',
    repeats: NO_REPEATS,
    circles: 'fine',
    crashes: 0,
    outcome: null,
  }),
  invoke: { src: 'stopwatch', id: 'stopwatch', input: ({ context }) => ({ timeoutMs: context.timeoutMs }) },
  initial: 'opening',
  on: {
    'session.cancel': { target: '.closing', actions: 'noteCancelled' },
    'session.interrupt': { target: '.closing', actions: 'failInterrupted' },
    'limits.changed': { actions: 'noteLimit' },
    'consent.asked': { actions: ['noteAsked', 'holdWatch'] },
    'consent.answered': { actions: 'noteAnswered' },
  },
  states: {
    opening: {
      description: 'Waits for a free browser, and for it to open.',
      invoke: {
        src: 'openBrowser',
        id: 'open',
        input: ({ context }) => ({ id: context.id }),
        onDone: [
          { guard: 'wantsHand', target: 'byHand', actions: 'clearWish' },
          { guard: 'isAtLimit', target: 'closing', actions: 'reachLimit' },
          { target: 'working' },
        ],
        onError: {
          target: 'closing',
          actions: { type: 'fail', params: ({ event }) => ({ code: 'NO_BROWSER' as const, error: event.error }) },
        },
      },
      on: {
        'session.pause': 'paused',
        'session.take-over': { actions: 'wishHand' },
        'session.give-back': { actions: 'clearWish' },
      },
    },
    working: {
      description: 'The model works; only this time counts against its limit.',
      entry: 'runWatch',
      exit: 'holdWatch',
      initial: 'thinking',
      on: {
        'time.over': { target: 'closing', actions: 'failByTime' },
        'consent.answered': { actions: ['noteAnswered', 'runWatch'] },
        'session.pause': { actions: 'wishPause' },
        'session.take-over': { actions: 'wishHand' },
        'session.resume': { actions: 'clearWish' },
        'session.instructed': { actions: 'clearWish' },
        'session.give-back': { actions: 'clearWish' },
      },
      states: {
        thinking: {
          description: 'The model is asked for the next step.',
          invoke: {
            src: 'think',
            id: 'think',
            input: ({ context: { id, repair, maxSteps, steps } }) => ({ id, repair, stepsLeft: maxSteps - steps }),
            onDone: [
              {
                guard: { type: 'wasRepaired', params: ({ event }) => ({ thought: event.output }) },
                target: '#session.closing',
                actions: { type: 'failMalformed', params: ({ event }) => ({ thought: event.output }) },
              },
              {
                guard: { type: 'isMalformed', params: ({ event }) => ({ thought: event.output }) },
                target: 'thinking',
                reenter: true,
                actions: { type: 'noteProblem', params: ({ event }) => ({ thought: event.output }) },
              },
              {
                guard: { type: 'asks', params: ({ event }) => ({ thought: event.output }) },
                target: 'recording',
                actions: { type: 'noteQuestion', params: ({ event }) => ({ thought: event.output }) },
              },
              {
                guard: { type: 'finishes', params: ({ event }) => ({ thought: event.output }) },
                target: '#session.closing',
                actions: { type: 'noteFinish', params: ({ event }) => ({ thought: event.output }) },
              },
              {
                target: 'judging',
                actions: { type: 'noteCall', params: ({ event }) => ({ thought: event.output }) },
              },
            ],
            onError: {
              target: '#session.closing',
              actions: { type: 'fail', params: ({ event }) => ({ code: 'MODEL_FAILED' as const, error: event.error }) },
            },
          },
          on: {
            'session.pause': '#session.paused',
            'session.take-over': '#session.byHand',
            // What was being thought did not know of it.
            'session.instructed': { target: 'thinking', reenter: true },
          },
        },
        judging: {
          description: 'What the step is about is looked at, and the rules say whether it may be done.',
          invoke: {
            src: 'inspect',
            id: 'inspect',
            input: ({ context: { id, step } }) => ({ id, call: step?.call ?? { tool: '', arguments: {} } }),
            onDone: {
              target: 'recording',
              actions: { type: 'noteJudgement', params: ({ event }) => ({ circumstances: event.output }) },
            },
            onError: {
              target: 'recording',
              actions: { type: 'noteImpossible', params: ({ event }) => ({ error: event.error }) },
            },
          },
        },
        recording: {
          description: 'What happened is written down before anything follows from it.',
          invoke: {
            src: 'record',
            id: 'record',
            input: ({ context: { id, step, question } }) => ({
              id,
              note:
                step === null ? { kind: 'question' as const, text: question ?? '' } : { kind: 'step' as const, step },
            }),
            onDone: [
              {
                guard: 'goesToAsking',
                target: '#session.asking',
                actions: { type: 'noteWritten', params: ({ event }) => ({ seq: event.output }) },
              },
              {
                guard: 'goesToActing',
                target: 'acting',
                actions: { type: 'noteWritten', params: ({ event }) => ({ seq: event.output }) },
              },
              { guard: 'goesToQuestioning', target: '#session.questioning', actions: 'clearWish' },
              { target: 'turning', actions: 'endStep' },
            ],
            onError: {
              target: '#session.closing',
              actions: { type: 'fail', params: ({ event }) => ({ code: 'UNEXPECTED' as const, error: event.error }) },
            },
          },
        },
        acting: {
          description: 'The step is done in the browser.',
          invoke: {
            src: 'act',
            id: 'act',
            input: ({ context: { id, step } }) => ({
              id,
              call: step?.call ?? { tool: '', arguments: {} },
              seq: step?.seq ?? null,
            }),
            onDone: {
              target: 'recording',
              actions: { type: 'noteResult', params: ({ event }) => ({ result: event.output }) },
            },
            onError: {
              target: 'recording',
              actions: {
                type: 'noteResult',
                params: ({ event }) => ({ result: { done: false, text: textOf(event.error), crashed: false } }),
              },
            },
          },
        },
        turning: {
          description: 'A step is over: what comes next.',
          always: [
            { guard: 'isStuck', target: '#session.closing', actions: 'failStuck' },
            { guard: 'isCrashed', target: '#session.closing', actions: 'failCrashed' },
            { guard: 'wantsHand', target: '#session.byHand', actions: 'clearWish' },
            { guard: 'wantsPause', target: '#session.paused', actions: 'clearWish' },
            { guard: 'isAtLimit', target: '#session.closing', actions: 'reachLimit' },
            { target: 'thinking' },
          ],
        },
      },
    },
    asking: {
      description: 'A person is asked whether the step may be done.',
      invoke: {
        src: 'askConsent',
        id: 'ask',
        input: ({ context: { id, step, judgement } }) => ({
          id,
          step: step as SessionStep,
          judgement: judgement as Judgement,
        }),
        onDone: {
          target: 'working.recording',
          actions: { type: 'noteConsent', params: ({ event }) => event.output },
        },
        onError: {
          target: 'working.recording',
          actions: {
            type: 'noteConsent',
            params: ({ event }) => ({ allowed: false, why: `Nobody could be asked: ${textOf(event.error)}` }),
          },
        },
      },
      on: {
        'session.pause': { actions: 'wishPause' },
        'session.resume': { actions: 'clearWish' },
        'session.instructed': { actions: 'clearWish' },
        'session.take-over': {
          target: 'working.recording',
          actions: [
            'wishHand',
            { type: 'noteConsent', params: { allowed: false, why: 'A person took the browser over.' } },
          ],
        },
      },
    },
    questioning: {
      description: 'The model asks the person, and waits for the answer.',
      on: {
        'session.instructed': { target: 'opening', actions: 'clearQuestion' },
        'session.take-over': { target: 'opening', actions: 'wishHand' },
      },
    },
    paused: {
      description: 'Nothing is done until a person goes on.',
      entry: 'clearWish',
      on: {
        'session.resume': 'opening',
        'session.instructed': 'opening',
        'session.take-over': { target: 'opening', actions: 'wishHand' },
      },
    },
    byHand: {
      description: 'A person has the browser in hand.',
      entry: 'clearWish',
      on: {
        'session.give-back': { target: 'opening', actions: 'clearQuestion' },
        'session.instructed': { target: 'opening', actions: 'clearQuestion' },
        'session.resume': { target: 'opening', actions: 'clearQuestion' },
        'session.pause': 'paused',
      },
    },
    closing: {
      description: 'The end is written down; the browser of a session that was ended is closed.',
      entry: 'noteAnswered',
      invoke: {
        src: 'close',
        id: 'close',
        input: ({ context: { id, outcome } }) => ({
          id,
          outcome: outcome ?? failed('UNEXPECTED', 'It ended without saying why.'),
        }),
        onDone: [
          { guard: 'ended', target: 'end' },
          { guard: 'reachedLimit', target: 'max_loop' },
          { guard: 'wasStopped', target: 'user_stopped' },
          { target: 'error' },
        ],
        onError: [
          { guard: 'ended', target: 'end' },
          { guard: 'reachedLimit', target: 'max_loop' },
          { guard: 'wasStopped', target: 'user_stopped' },
          { target: 'error' },
        ],
      },
      on: {
        // The first end counts.
        'session.cancel': { actions: [] },
        'session.interrupt': { actions: [] },
      },
    },
    end: { type: 'final', description: 'The model says that it is done.' },
    max_loop: { type: 'final', description: 'It took as many steps as it may.' },
    error: { type: 'final', description: 'It came to nothing, with the cause.' },
    user_stopped: { type: 'final', description: 'A person ended it.' },
  },
});
