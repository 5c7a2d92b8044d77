/** Sessions: a model that works in a browser on a task, as clients see it. Times are epoch ms, sizes bytes. */
import type { ToolName } from './session-tools.ts';

/** The words of seed 002. */
export const SESSION_STATUSES = [
  'init',
  'running',
  'pause',
  'call_user',
  'end',
  'max_loop',
  'user_stopped',
  'error',
] as const;
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** After these nothing happens by itself; a further instruction goes on after all of them but `user_stopped`. */
export const sessionHasEnded = (status: SessionStatus): boolean =>
  status === 'end' || status === 'max_loop' || status === 'user_stopped' || status === 'error';

export const SESSION_ERROR_CODES = [
  'NO_BROWSER',
  'BROWSER_CRASHED',
  'MODEL_FAILED',
  'MALFORMED_CALL',
  'STUCK',
  'TIMEOUT',
  'INTERRUPTED',
  'UNEXPECTED',
] as const;
export type SessionErrorCode = (typeof SESSION_ERROR_CODES)[number];

export interface SessionPageView {
  url: string;
  title: string;
}

export type SessionFileKind = 'text' | 'image' | 'pdf' | 'other';

/** A file that a person gives to a session. Both spellings of seed 002 are answered. */
export interface SessionFileView {
  fileId: string;
  fileName: string;
  contentType: string;
  mimeType: string;
  size: number;
  fileSize: number;
  kind: SessionFileKind;
  /** Path on this server. */
  url: string;
  createdAt: number;
}

/** A file that a session's browser downloaded. */
export interface SessionDownloadView {
  name: string;
  contentType: string;
  size: number;
  url: string;
  at: number;
}

/** Whether a step was let through, and by whom. */
export type SessionVerdict = 'allowed' | 'approved' | 'refused';

interface EntryBase {
  /** Counts the entries of one session from 0. An entry told again with the same `seq` takes the place of the first. */
  seq: number;
  at: number;
}

/** One line of a session's transcript. */
export type SessionEntryView = EntryBase &
  (
    | { kind: 'instruction'; text: string; who: string; files: SessionFileView[] }
    | {
        kind: 'step';
        /** What the model said besides. */
        words: string;
        thought: string;
        tool: ToolName;
        arguments: Record<string, unknown>;
        /** What is done, in words: `Click “Pay now”`. */
        title: string;
        state: 'waiting' | 'running' | 'done' | 'failed' | 'refused';
        verdict: SessionVerdict | null;
        /** Why it was refused or failed, in one sentence. */
        why: string | null;
        /** What the model was told, cut to a few thousand characters. */
        result: string;
        page: SessionPageView | null;
        /** Path of the picture on this server; null when there is none. */
        picture: string | null;
        tookMs: number | null;
      }
    /** The model asks the person; `answer` is null until there is one. */
    | { kind: 'question'; text: string; answer: string | null; who: string | null }
    /** What the model was told in place of the entries before `upTo`, to fit its context. */
    | { kind: 'summary'; upTo: number; text: string }
    | { kind: 'note'; level: 'info' | 'warn' | 'error'; text: string }
  );

export interface SessionView {
  id: string;
  title: string;
  sessionType: string;
  status: SessionStatus;
  /** One sentence on what happens, or why it ended. */
  message: string;
  /** The first instruction, cut. */
  prompt: string;
  /** As asked for; null leaves the choice to the server. */
  model: string | null;
  /** The model that answers. */
  answeredBy: string | null;
  steps: number;
  maxSteps: number;
  timeoutMs: number;
  page: SessionPageView | null;
  /** A person has the browser in hand. */
  byHand: boolean;
  /** What the model asks the person; null when it asks nothing. */
  question: string | null;
  /** The request that waits for a person's consent. */
  approvalId: string | null;
  files: SessionFileView[];
  downloads: SessionDownloadView[];
  usage: { inputTokens: number; outputTokens: number };
  /** The model's own last words, when it has finished. */
  answer: string | null;
  errorCode: SessionErrorCode | null;
  entries: number;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
  updatedAt: number;
}

/** `sessionStatus` of seed 002. */
export interface SessionStatusEvent {
  eventType: 'status' | 'error' | 'step' | 'files' | 'question' | 'approval' | 'download';
  message: string;
  status: SessionStatus;
  sessionId: string;
  timestamp: number;
  data?: Record<string, unknown>;
}

/** A frame of the live view, for those who watch. */
export interface SessionFrame {
  id: string;
  at: number;
  /** Base64 of a JPEG. */
  jpeg: string;
  width: number;
  height: number;
}

/** What a person does in the browser by hand; places in CSS pixels of the viewport. */
export type SessionInput =
  | { kind: 'click'; x: number; y: number }
  | { kind: 'type'; text: string }
  | { kind: 'press'; key: string }
  | { kind: 'scroll'; x: number; y: number; dx: number; dy: number }
  | { kind: 'navigate'; url: string }
  | { kind: 'back' };

/** What a session's rules may answer. */
export const RULE_ANSWERS = ['allow', 'ask', 'deny'] as const;
export type RuleAnswer = (typeof RULE_ANSWERS)[number];

/** What rules are about, in the order in which they are looked for. */
export const RULE_SUBJECTS = [
  'password',
  'payment',
  'upload',
  'download',
  'submit',
  'visit',
  'click',
  'type',
  'look',
] as const;
export type RuleSubject = (typeof RULE_SUBJECTS)[number];
