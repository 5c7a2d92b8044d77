/** What the `sessions:*` commands, the events of seed 002 and the addresses of sessions need from the running system. */
import type { Readable } from 'node:stream';
import type { CommandPayload } from '../contracts/commands.ts';
import type {
  SessionEntryView,
  SessionFileView,
  SessionFrame,
  SessionInput,
  SessionView,
} from '../contracts/sessions.ts';
import type { By } from './by.ts';

/** The files that people upload for sessions, as the addresses of files need them. Refuses with a CodedError. */
export interface SessionFileService {
  /** Resolves when it is on disk; nothing is left of what was refused or broken off. TOO_LARGE names the limit. */
  add(body: Readable, about: { name: string; owner: string }): Promise<SessionFileView>;
  list(owner: string): SessionFileView[];
  find(id: string, owner: string): SessionFileView | undefined;
  remove(id: string, owner: string): Promise<void>;
  pathOf(id: string, owner: string): string;
}

/** Whose session it is, and who acts, in words. The same as for questions to a person. */
export interface SessionCaller {
  owner: string;
  who: string;
  by: By;
}

/**
 * Every method refuses with a CodedError, changes nothing then, and has a deadline of its own. NOT_FOUND also for what belongs to
 * somebody else. What resolves is on disk.
 */
export interface SessionService {
  /** Those of `owner`, newest first. */
  list(owner: string, limit: number): SessionView[];
  get(id: string, owner: string): SessionView;
  transcript(
    id: string,
    owner: string,
    from: number,
    limit: number,
  ): Promise<{ entries: SessionEntryView[]; next: number; more: boolean }>;
  start(wish: CommandPayload<'sessions:start'>, caller: SessionCaller): Promise<SessionView>;
  /** With an instruction, which also answers what the model asks; without one it ends a pause. */
  continue(id: string, prompt: string, fileIds: readonly string[], caller: SessionCaller): Promise<SessionView>;
  pause(id: string, caller: SessionCaller): Promise<SessionView>;
  /** Resolves when it has ended and its browser is gone. INVALID_STATE when it had ended. */
  cancel(id: string, caller: SessionCaller): Promise<SessionView>;
  update(
    id: string,
    changes: { title?: string | undefined; maxSteps?: number | undefined },
    caller: SessionCaller,
  ): Promise<SessionView>;
  remove(id: string, caller: SessionCaller): Promise<void>;
  attach(id: string, fileIds: readonly string[], caller: SessionCaller): Promise<SessionView>;
  files(owner: string, limit: number): SessionFileView[];
  /** INVALID_STATE when it has no open browser. */
  screenshot(id: string, owner: string): Promise<{ png: Buffer; width: number; height: number }>;
  takeOver(id: string, caller: SessionCaller): Promise<SessionView>;
  giveBack(id: string, note: string, caller: SessionCaller): Promise<SessionView>;
  input(id: string, input: SessionInput, caller: SessionCaller): Promise<void>;
  /** Frames of its browser, whenever it has one, until the returned function is called. */
  watch(id: string, owner: string, listener: (frame: SessionFrame) => void): () => void;
  /** Absolute path of a picture or a download of a session; names are only ever compared with those that this server gave. */
  file(
    id: string,
    owner: string,
    kind: 'pictures' | 'downloads',
    name: string,
  ): { path: string; name: string; contentType: string };
}

/** Only for its owner. */
export type SessionChange =
  | { kind: 'session'; session: SessionView; owner: string; by: By | null }
  | { kind: 'session.entry'; sessionId: string; entry: SessionEntryView; owner: string; by: By | null }
  | { kind: 'session.removed'; id: string; owner: string; by: By | null };
