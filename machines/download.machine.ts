/**
 * One download: a model's files, fetched together. What is on disk survives the actor: an attempt that ends early leaves its
 * parts, and the next one goes on from them. It waits in `queued` for its turn, also before it tries again, so that a host
 * that does not answer keeps nobody else waiting.
 */
import { assign, fromCallback, fromPromise, setup } from 'xstate';
import type { EventObject } from 'xstate';
import { retryDelay } from './download-policy.ts';
import type { DownloadFailure, DownloadPolicy } from './download-policy.ts';

export type DownloadState = 'queued' | 'resolving' | 'fetching' | 'verifying' | 'done' | 'failed' | 'cancelled';

export interface PlannedFile {
  /** File name, without folders. */
  name: string;
  url: string;
  /** Absolute path it gets. */
  target: string;
  size: number;
  /** Lower-case hex; null when the server states none, and then only size and kind are checked. */
  sha256: string | null;
  /** It lies at its target already. */
  present: boolean;
}

/** What a source turned out to be. The first file is the one that a model is loaded from. */
export interface DownloadPlan {
  repo: string | null;
  quant: string | null;
  /** Why this variant, when nobody named one. */
  note: string | null;
  files: PlannedFile[];
}

export interface DownloadRequest {
  source: string;
  quant: string | null;
  file: string | null;
}

/** What the ports work on. */
export interface DownloadWork {
  id: string;
  request: DownloadRequest;
  plan: DownloadPlan | null;
  /** One range at a time: several did not seem to be of one file. */
  careful: boolean;
}

export type DownloadFact =
  | { type: 'source.resolved'; plan: DownloadPlan; at: number }
  | { type: 'source.refused'; failure: DownloadFailure; at: number }
  /** Bytes of all files that are on disk now; a few times a second. */
  | { type: 'fetch.progressed'; receivedBytes: number; at: number }
  | { type: 'fetch.finished'; at: number }
  | { type: 'fetch.failed'; failure: DownloadFailure; at: number }
  | { type: 'verify.progressed'; verifiedBytes: number }
  /** Checked, and moved to where they belong. */
  | { type: 'files.placed'; at: number }
  /** A sha256 differs; what was fetched of that file is deleted. */
  | { type: 'file.wrong'; failure: DownloadFailure; at: number }
  | { type: 'verify.failed'; failure: DownloadFailure; at: number };

export type DownloadCommand =
  /** It is its turn. */
  | { type: 'download.start'; at: number }
  /** Do not wait any longer before the next attempt. */
  | { type: 'download.retry'; by: string; at: number }
  | { type: 'download.cancel'; by: string; at: number };

export type DownloadEvent = DownloadCommand | DownloadFact;

export interface DownloadContext extends Omit<DownloadWork, 'careful'> {
  policy: DownloadPolicy;
  receivedBytes: number;
  verifiedBytes: number;
  /** Attempts in a row that brought nothing. */
  failures: number;
  /** How often a file was another one than before. */
  changes: number;
  /** How often a file had the wrong sha256. */
  wrongHashes: number;
  /** The last failure; kept while it is retried, so that one can see why. */
  failure: DownloadFailure | null;
  retryDelayMs: number | null;
  retryAt: number | null;
  finishedAt: number | null;
  /** Who caused the present movement; null when nobody asked. */
  by: string | null;
  /** Nothing of it runs any more, and nothing is left to be removed. */
  settled: boolean;
}

export interface DownloadInput {
  id: string;
  request: DownloadRequest;
  policy: DownloadPolicy;
}

const work = ({ context: { id, request, plan, changes } }: { context: DownloadContext }): DownloadWork => ({
  id,
  request,
  plan,
  careful: changes > 0,
});

/** A server that names a file differently each time would have it begun anew for ever, since bytes arrive each time. */
const MOST_CHANGES = 2;

const delayAfter = ({ policy, failures, changes }: DownloadContext, failure: DownloadFailure): number | null =>
  failure.code === 'CHANGED' && changes >= MOST_CHANGES ? null : retryDelay(policy, failures + 1, failure);

const unexpected = (error: unknown): DownloadFailure => ({
  code: 'UNEXPECTED',
  message: `Something unexpected went wrong: ${error instanceof Error ? error.message : String(error)}`,
  retryAfterMs: null,
});

export const downloadMachine = setup({
  types: { context: {} as DownloadContext, events: {} as DownloadEvent, input: {} as DownloadInput },
  actors: {
    /** Finds out which files a source means; reports one `source.*` fact. Stopping it, or another port, ends its work. */
    resolveSource: fromCallback<EventObject, DownloadWork>(() => undefined),
    /** Fetches what is missing into parts; reports `fetch.*` facts. */
    fetchFiles: fromCallback<EventObject, DownloadWork>(() => undefined),
    /** Checks the parts and moves them to their targets; reports progress and one other fact. */
    verifyFiles: fromCallback<EventObject, DownloadWork>(() => undefined),
    /** Waits until nothing works on the parts any more, and removes them. */
    discardParts: fromPromise<void, DownloadWork>(() => Promise.resolve()),
  },
  actions: {
    noteCaller: assign(({ event }) => (event.type === 'download.cancel' ? { by: event.by, finishedAt: event.at } : {})),
    noteStart: assign({ by: null, retryDelayMs: null, retryAt: null, verifiedBytes: 0 }),
    notePlan: assign(({ event }) => (event.type === 'source.resolved' ? { plan: event.plan } : {})),
    /** Bytes that arrive are a sign of life: what failed before is forgiven. */
    noteReceived: assign(({ context, event }) => {
      if (event.type !== 'fetch.progressed') return {};
      const { receivedBytes } = event;
      return receivedBytes > context.receivedBytes ? { receivedBytes, failures: 0, failure: null } : { receivedBytes };
    }),
    noteVerified: assign(({ event }) =>
      event.type === 'verify.progressed' ? { verifiedBytes: event.verifiedBytes } : {},
    ),
    /** The failure, and when the next attempt may begin. */
    noteFailure: assign(({ context, event }) => {
      if (!('failure' in event)) return {};
      const delayMs = delayAfter(context, event.failure);
      return {
        failures: context.failures + 1,
        changes: context.changes + (event.failure.code === 'CHANGED' ? 1 : 0),
        failure: event.failure,
        retryDelayMs: delayMs,
        retryAt: delayMs === null ? null : event.at + delayMs,
        finishedAt: delayMs === null ? event.at : null,
      };
    }),
    noteWrongHash: assign(({ context, event }) =>
      event.type === 'file.wrong'
        ? { wrongHashes: context.wrongHashes + 1, failure: event.failure, verifiedBytes: 0 }
        : {},
    ),
    noteUnexpected: assign((_, params: { error: unknown }) => ({ failure: unexpected(params.error) })),
    endPause: assign({ retryDelayMs: null, retryAt: null }),
    noteDone: assign(({ event }) =>
      event.type === 'files.placed' ? { finishedAt: event.at, failure: null, by: null } : {},
    ),
    noteEnd: assign(({ event }) => ({
      ...('at' in event ? { finishedAt: event.at } : {}),
      ...('failure' in event ? { failure: event.failure } : {}),
    })),
    settle: assign({ settled: true }),
  },
  guards: {
    isPaused: ({ context }) => context.retryDelayMs !== null,
    isItsTurn: ({ context }) => context.retryDelayMs === null,
    helpsToRetry: ({ context, event }) => 'failure' in event && delayAfter(context, event.failure) !== null,
    wasRight: ({ context }) => context.wrongHashes === 0,
  },
  delays: { backoff: ({ context }) => context.retryDelayMs ?? 0 },
}).createMachine({
  id: 'download',
  description: 'One download: the files of a model, fetched and checked together.',
  options: { maxIterations: 100 },
  context: ({ input }) => ({
    ...input,
    plan: null,
    receivedBytes: 0,
    verifiedBytes: 0,
    failures: 0,
    changes: 0,
    wrongHashes: 0,
    failure: null,
    retryDelayMs: null,
    retryAt: null,
    finishedAt: null,
    by: null,
    settled: false,
  }),
  initial: 'queued',
  states: {
    queued: {
      description: 'Waits for its turn, or after a failure for the time to try again.',
      on: {
        'download.start': { guard: 'isItsTurn', target: 'resolving', actions: 'noteStart' },
        'download.retry': { actions: 'endPause' },
        'download.cancel': { target: 'cancelled', actions: 'noteCaller' },
      },
      after: { backoff: { guard: 'isPaused', actions: 'endPause' } },
    },
    resolving: {
      description:
        'Asks the server which files these are, how large, and with which sha256; looks what is there already.',
      invoke: {
        src: 'resolveSource',
        id: 'resolve',
        input: work,
        onError: {
          target: 'failed',
          actions: { type: 'noteUnexpected', params: ({ event }) => ({ error: event.error }) },
        },
      },
      on: {
        'source.resolved': { target: 'fetching', actions: 'notePlan' },
        'source.refused': [
          { guard: 'helpsToRetry', target: 'queued', actions: 'noteFailure' },
          { target: 'failed', actions: 'noteFailure' },
        ],
        'download.cancel': { target: 'cancelled', actions: 'noteCaller' },
      },
    },
    fetching: {
      description:
        'Fetches what is missing, in several ranges at once where the server allows it; goes on from the parts.',
      invoke: {
        src: 'fetchFiles',
        id: 'fetch',
        input: work,
        onError: {
          target: 'failed',
          actions: { type: 'noteUnexpected', params: ({ event }) => ({ error: event.error }) },
        },
      },
      on: {
        'fetch.progressed': { actions: 'noteReceived' },
        'fetch.finished': { target: 'verifying' },
        'fetch.failed': [
          { guard: 'helpsToRetry', target: 'queued', actions: 'noteFailure' },
          { target: 'failed', actions: 'noteFailure' },
        ],
        'download.cancel': { target: 'cancelled', actions: 'noteCaller' },
      },
    },
    verifying: {
      description: 'Reads the parts again, compares their sha256, and moves them into the models folder.',
      invoke: {
        src: 'verifyFiles',
        id: 'verify',
        input: work,
        onError: {
          target: 'failed',
          actions: { type: 'noteUnexpected', params: ({ event }) => ({ error: event.error }) },
        },
      },
      on: {
        'verify.progressed': { actions: 'noteVerified' },
        'files.placed': { target: 'done', actions: 'noteDone' },
        'file.wrong': [
          // Holes from a power cut or a fault on the way: once more, and then the server is not believed.
          { guard: 'wasRight', target: 'fetching', actions: 'noteWrongHash' },
          { target: 'failed', actions: ['noteWrongHash', 'noteEnd'] },
        ],
        'verify.failed': { target: 'failed', actions: 'noteEnd' },
        'download.cancel': { target: 'cancelled', actions: 'noteCaller' },
      },
    },
    done: { type: 'final', description: 'All files lie in the models folder.', entry: 'settle' },
    failed: {
      type: 'final',
      description: 'Given up, with the cause. The parts stay, so that another try goes on from them.',
      entry: 'settle',
    },
    cancelled: {
      description: 'Nobody wants it any more: its parts are removed.',
      invoke: {
        src: 'discardParts',
        id: 'discard',
        input: work,
        onDone: { actions: 'settle' },
        // What could not be removed is removed with the row, or at the next start.
        onError: { actions: 'settle' },
      },
    },
  },
});
