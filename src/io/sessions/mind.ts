/** What a session thinks with: a model that is asked for the next step. */
import type { ToolCall } from '../../contracts/session-tools.ts';
import type { SessionEntryView, SessionFileView, SessionPageView } from '../../contracts/sessions.ts';

/** A picture for a model that sees. */
export interface Sight {
  png: Buffer;
  /** Of the entry that it belongs to. */
  seq: number;
}

export interface Situation {
  /** The transcript so far; the prompt is made of it alone, so that a session goes on after a pause as if there had been none. */
  entries: readonly SessionEntryView[];
  files: readonly SessionFileView[];
  page: SessionPageView | null;
  /** The newest pictures, for a model that sees; others never get them. */
  sights: readonly Sight[];
  stepsLeft: number;
  /** As asked for; null leaves the choice to the mind. */
  model: string | null;
  /** What was wrong with the answer before this one; null at first. */
  repair: string | null;
}

export interface Thought {
  /** What it said besides the call. */
  words: string;
  /** What a reasoning model thought. */
  thought: string;
  /** Null when there was none that could be understood; then `problem` says why, in words for the model. */
  call: ToolCall | null;
  problem: string | null;
  /** What stands for older entries from now on, when the context did not take all. */
  summary: { upTo: number; text: string } | null;
  model: string;
  usage: { inputTokens: number; outputTokens: number };
}

/**
 * Rejects with an AskError whose message is one sentence for a person. `onWaiting` hears what it waits for ("the model is being
 * loaded"), `onWords` pieces of the answer as they come.
 */
export type Mind = (
  situation: Situation,
  options: { signal: AbortSignal; onWaiting(words: string): void; onWords(piece: string): void },
) => Promise<Thought>;
