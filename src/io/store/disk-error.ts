import { CodedError } from '../../contracts/errors.ts';
import { errnoOf } from '../processes/errno.ts';

const CAUSES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space and try again',
  EDQUOT: 'the disk quota is used up; free some space and try again',
  EACCES: 'permission is missing; give this user access to it or choose another folder',
  EPERM: 'the system does not permit it; give this user access to it or choose another folder',
  EROFS: 'the file system is read-only; mount it writable or choose another folder',
  ENOTDIR: 'a part of the path is a file, not a folder; choose another folder',
  EEXIST: 'a file is in the way of a folder; move it or choose another folder',
  EISDIR: 'a folder is in the way of the file; move it away',
  ENOENT: 'the folder has gone; create it again',
  EIO: 'the disk reports an input/output error; check the disk',
  EMFILE: 'too many files are open; raise the limit of open files',
  ENFILE: 'too many files are open on this machine; close some programs',
  ENAMETOOLONG: 'the path is too long; choose a shorter folder name',
};

/**
 * Turns a failed system call into one sentence for a person: "<what> : <cause>; <what to do>."
 * `details` carry the errno word, so that a program need not read the sentence.
 */
export const diskError = (what: string, error: unknown): CodedError => {
  if (error instanceof CodedError) return error;
  const errno = errnoOf(error);
  const cause = (errno && CAUSES[errno]) ?? (error instanceof Error ? error.message : String(error));
  return new CodedError('INTERNAL', `${what}: ${cause}.`, { details: { errno } });
};
