/** Failures of a download, each one sentence that says what to do. */
import type { DownloadFailure, DownloadFailureCode } from '../../../machines/download-policy.ts';
import type { ErrorCode } from '../../contracts/errors.ts';
import { CodedError } from '../../contracts/errors.ts';
import { reasonOf } from '../engine/http-client.ts';
import { errnoOf } from '../processes/errno.ts';
import { diskError } from '../store/disk-error.ts';

export class DownloadProblem extends Error {
  readonly code: DownloadFailureCode;
  readonly retryAfterMs: number | null;

  constructor(
    code: DownloadFailureCode,
    message: string,
    extra: { retryAfterMs?: number | null; cause?: unknown } = {},
  ) {
    super(message, { cause: extra.cause });
    this.code = code;
    this.retryAfterMs = extra.retryAfterMs ?? null;
  }
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const DISK = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'EIO', 'EMFILE', 'ENFILE', 'ENAMETOOLONG']);

export const notEnoughSpace = (folder: string, detail: string): DownloadProblem =>
  new DownloadProblem(
    'DISK_SPACE',
    `There is not enough room on the disk of ${folder}${detail}; free some space or choose another models folder, then try again.`,
  );

/** A failed system call on `file`, or null when the error is none. */
export const diskProblem = (folder: string, error: unknown): DownloadProblem | null => {
  const errno = errnoOf(error) ?? '';
  if (FULL.has(errno)) return notEnoughSpace(folder, '');
  return DISK.has(errno) ? new DownloadProblem('DISK', diskError(`${folder} cannot be written`, error).message) : null;
};

export const networkProblem = (host: string, error: unknown): DownloadProblem =>
  new DownloadProblem(
    'NETWORK',
    `${host} cannot be reached (${reasonOf(error)}); check the network, or the proxy in HTTPS_PROXY.`,
    { cause: error },
  );

/** Seconds or a date, as in RFC 9110, 10.2.3. */
const retryAfterOf = (headers: Headers): number | null => {
  const text = headers.get('retry-after')?.trim();
  if (text === undefined || text === '') return null;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
};

/** What an answer other than 2xx means. `what` names the thing that was asked for: a repository, a file. */
export const statusProblem = (
  answer: { status: number; headers: Headers; url: string },
  what: string,
  hasToken: boolean,
): DownloadProblem => {
  const { status, headers, url } = answer;
  const { host } = new URL(url);
  // The hub's own word for the reason (huggingface_hub, utils/_http.py).
  const word = headers.get('x-error-code');
  const hint = hasToken
    ? 'the token in HF_TOKEN may not read it'
    : 'if it is private, set HF_TOKEN and start the server again';
  if (word === 'GatedRepo' || status === 403) {
    const token = hasToken
      ? 'accept its terms on its page with the account that HF_TOKEN belongs to'
      : 'accept its terms on its page, set HF_TOKEN to a token of yours, and start the server again';
    return new DownloadProblem('GATED', `${what} is only given to those whom its owner lets in; ${token}.`);
  }
  if (word === 'EntryNotFound' || word === 'RevisionNotFound')
    return new DownloadProblem('NOT_FOUND', `${what} is not there at ${host}; look at its page for the right name.`);
  if (status === 401 || status === 404 || status === 410 || word === 'RepoNotFound')
    return new DownloadProblem('NOT_FOUND', `${what} was not found at ${host}; check the spelling, and ${hint}.`);
  if (status === 429) {
    const retryAfterMs = retryAfterOf(headers);
    const wait = retryAfterMs === null ? 'a while' : `${Math.ceil(retryAfterMs / 1000)} s`;
    const advice = hasToken ? '' : '; a token in HF_TOKEN raises the limit';
    return new DownloadProblem(
      'RATE_LIMITED',
      `${host} wants fewer requests and to be left alone for ${wait}${advice}.`,
      {
        retryAfterMs,
      },
    );
  }
  if (status === 416)
    return new DownloadProblem(
      'CHANGED',
      `${what} is shorter now than when it was begun, so what had arrived was thrown away; try again when it rests.`,
    );
  if (status >= 500 || status === 408)
    return new DownloadProblem(
      'SERVER',
      `${host} answered ${status} for ${what}; it is tried again, and later may do better.`,
      {
        retryAfterMs: retryAfterOf(headers),
      },
    );
  return new DownloadProblem(
    'BAD_SOURCE',
    `${host} answered ${status} for ${what}; open the address in a browser to see why.`,
  );
};

/** Anything that went wrong, as the machine takes it. `folder` is where files are written. */
export const failureOf = (error: unknown, folder: string): DownloadFailure => {
  const problem =
    error instanceof DownloadProblem
      ? error
      : (diskProblem(folder, error) ??
        new DownloadProblem('UNEXPECTED', error instanceof Error ? error.message : String(error)));
  return { code: problem.code, message: problem.message, retryAfterMs: problem.retryAfterMs };
};

const CODES: Readonly<Record<DownloadFailureCode, ErrorCode>> = {
  NETWORK: 'UPSTREAM_FAILED',
  SERVER: 'UPSTREAM_FAILED',
  RATE_LIMITED: 'RATE_LIMITED',
  CHANGED: 'UPSTREAM_FAILED',
  NOT_FOUND: 'NOT_FOUND',
  GATED: 'FORBIDDEN',
  BAD_SOURCE: 'INVALID_PAYLOAD',
  WRONG_HASH: 'UPSTREAM_FAILED',
  DISK_SPACE: 'DOES_NOT_FIT',
  DISK: 'INTERNAL',
  EXISTS: 'INVALID_STATE',
  UNEXPECTED: 'INTERNAL',
};

/** The refusal of a command that asked the server itself; errors of our own are passed on as they are. */
export const refusalOf = (error: unknown): unknown => {
  if (!(error instanceof DownloadProblem)) return error;
  const retryAfter = error.retryAfterMs === null ? {} : { retryAfter: Math.ceil(error.retryAfterMs / 1000) };
  return new CodedError(CODES[error.code], error.message, { ...retryAfter, details: { reason: error.code } });
};
