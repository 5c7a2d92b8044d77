/** Runs as clients see them: CLI agents and generators as supervised processes. Times are epoch milliseconds, sizes bytes. */

export const RUN_STATES = ['queued', 'running', 'completed', 'failed', 'timeout', 'cancelled'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** After these nothing happens any more. */
export const hasRunEnded = (state: RunState): boolean => state !== 'queued' && state !== 'running';

/** Why a run did not complete, in the words of seed 003. */
export const RUN_ERROR_CODES = ['EXECUTION_ERROR', 'STREAM_ERROR', 'CANCELLED', 'QUEUE_TIMEOUT'] as const;
export type RunErrorCode = (typeof RUN_ERROR_CODES)[number];

/** Longest prompt, characters. */
export const LONGEST_PROMPT = 100_000;

export interface RunUsage {
  inputTokens: number;
  outputTokens: number;
  totalTokens: number;
}

/** What a run answered, as far as its output says. */
export interface RunResponse {
  content: string;
  usage?: RunUsage;
  model?: string;
  stopReason?: string;
  /** US dollars, when the agent says so. */
  costUsd?: number;
}

export interface RunView {
  id: string;
  /** Name of the command that runs: one that is configured, "claude" or "prompt". */
  tool: string;
  /** The first line of the prompt, cut at 200 characters. */
  title: string;
  /** Characters of the whole prompt. */
  promptLength: number;
  /** As it was asked for; null leaves it to the command. */
  model: string | null;
  /** Folder that it works in. */
  cwd: string;
  /** Project room that hears of its state. */
  room: string | null;
  state: RunState;
  /** Runs before it in the queue; null unless it waits. */
  position: number | null;
  /** What it does now, when its output says so: "Using Bash". */
  activity: string | null;
  pid: number | null;
  timeoutMs: number;
  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
  exitCode: number | null;
  signal: string | null;
  /** Null unless it ended otherwise than completed. */
  errorCode: RunErrorCode | null;
  /** One sentence for a person. */
  error: string | null;
  outputBytes: number;
  /** More was written than is kept. */
  truncated: boolean;
  usage: RunUsage | null;
  costUsd: number | null;
  /** The model that answered, and why it stopped, by its own account. */
  answeredBy: string | null;
  stopReason: string | null;
}

/** A part of what a run wrote; whole characters. */
export interface RunPieceView {
  /** Counts the pieces of one run from 0, without a gap. */
  seq: number;
  at: number;
  stream: 'stdout' | 'stderr';
  text: string;
}

/** A stretch of a run's output. */
export interface RunOutputView {
  id: string;
  pieces: RunPieceView[];
  /** To ask for, or to expect, next. */
  next: number;
  /** There may be more already: ask again from `next`. */
  more: boolean;
}

export interface RunToolView {
  name: string;
  /** How it came about: configured by name, the configured default, found on PATH, or built in. */
  kind: 'named' | 'command' | 'claude' | 'builtin';
  /** The one that runs when nobody chooses. */
  isDefault: boolean;
  /** The command line as people write it. */
  command: string;
}

export interface RunLimitsView {
  running: number;
  waiting: number;
  timeoutMs: number;
  queueTimeoutMs: number;
  outputBytes: number;
}
