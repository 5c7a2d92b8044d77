/** What every supervised process reports, whichever machine drives it. Facts are past tense and carry their own time. */

export type FailureCode =
  | 'OUT_OF_MEMORY'
  | 'BAD_ARGUMENT'
  | 'CORRUPT_FILE'
  | 'FILE_MISSING'
  | 'UNSUPPORTED_ARCHITECTURE'
  | 'MISSING_LIBRARY'
  | 'PORT_IN_USE'
  | 'ENGINE_MISSING'
  | 'START_TIMEOUT'
  | 'STALLED'
  | 'KILLED'
  | 'CRASHED'
  | 'SPAWN_FAILED'
  | 'DOES_NOT_FIT'
  | 'NOT_STOPPED';

/** Why a process ended or could not start: one sentence, and the last lines it wrote. `at` is epoch ms. */
export interface Failure {
  code: FailureCode;
  message: string;
  stderr: string[];
  exitCode: number | null;
  signal: string | null;
  at: number;
}

/** What the engine says of itself once it can serve. */
export interface ReadyInfo {
  /** Tokens of context per slot that were really given. */
  contextSize: number | null;
  slots: number | null;
  /** What the engine says it took, by device; null when it does not say. */
  memory: MeasuredMemory | null;
}

/** Bytes of one device, by what they are for. */
export interface MemoryParts {
  model: number;
  context: number;
  compute: number;
}

export interface MeasuredMemory {
  ram: MemoryParts;
  /** In the driver's order. */
  gpus: MemoryParts[];
  /** Tokens that the context's bytes hold, all slots together; null when the engine did not say. */
  contextTokens: number | null;
}

export type ProcessFact =
  | { type: 'process.spawned'; pid: number; at: number }
  | { type: 'process.progressed'; percent: number; stage: string | null }
  | { type: 'process.ready'; at: number; info: ReadyInfo }
  /** Exactly one ends every process, also one that never started. `failure` explains it, should it be unwanted. */
  | { type: 'process.exited'; at: number; failure: Failure }
  | { type: 'process.stalled'; at: number; failure: Failure };

export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGKILL';

/** What a machine tells its process. `end-input` closes stdin: the one stop that works in the middle of a stream. */
export type ProcessCommand =
  | { type: 'process.stop'; mode: 'terminate' | 'end-input'; signal: StopSignal; reason: string }
  | { type: 'process.kill' };

/** Deadlines in ms. */
export interface ProcessLimits {
  startMs: number;
  stopMs: number;
  /** How long a killed process may take to leave before it is given up on. */
  killMs: number;
}

export interface Refusal {
  code: 'INVALID_STATE' | 'UPSTREAM_FAILED' | 'ENGINE_MISSING' | 'DOES_NOT_FIT' | 'TIMEOUT' | 'NOT_FOUND';
  message: string;
  /** Seconds after which a retry makes sense. */
  retryAfter: number | null;
  /** The numbers behind it. */
  details?: Readonly<Record<string, unknown>>;
}

/** The answer to one request; exactly one is reported for every requestId that entered. */
export interface Settlement {
  requestId: string;
  refusal: Refusal | null;
}

/** A failure that the machine itself decides; the process's last words are added when it has left. */
export const verdict = (code: FailureCode, message: string): Failure => ({
  code,
  message,
  stderr: [],
  exitCode: null,
  signal: null,
  at: 0,
});

/** The machine's own verdict, completed with what the process left behind. */
export const completed = (own: Failure | null, exit: Failure): Failure =>
  own === null ? exit : { ...own, stderr: exit.stderr, exitCode: exit.exitCode, signal: exit.signal, at: exit.at };

export const refusalOf = (failure: Failure, retryAfterMs: number | null): Refusal => ({
  code: failure.code === 'ENGINE_MISSING' || failure.code === 'DOES_NOT_FIT' ? failure.code : 'UPSTREAM_FAILED',
  message: failure.message,
  retryAfter: retryAfterMs === null ? null : Math.ceil(retryAfterMs / 1000),
});
