/** The files that people give to sessions, as far as sessions need them. */
import type { SessionFileView } from '../../contracts/sessions.ts';

export interface SessionShelf {
  /** Those of an owner, newest first. */
  list(owner: string): SessionFileView[];
  find(fileId: string, owner: string): SessionFileView | undefined;
  /** Its text from a character on, for a model. Rejects with one sentence when it has none. */
  read(fileId: string, owner: string, from: number): Promise<string>;
  /** Absolute. */
  pathOf(fileId: string, owner: string): string;
}
