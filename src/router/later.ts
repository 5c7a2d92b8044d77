import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CodedError } from '../contracts/errors.ts';
import type { Dialect } from './dialect.ts';
import { failure, invalid } from './failures.ts';
import type { Failure } from './failures.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import { sendFailure } from './replies.ts';

/** Bodies of requests that steer; the inference endpoints read their own. */
const MOST_BYTES = 1024 * 1024;
const DEADLINE_MS = 30_000;

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A failure on its way up to where it is told to the client. */
export class Refused extends Error {
  readonly failure: Failure;

  constructor(cause: Failure) {
    super(cause.message);
    this.failure = cause;
  }
}

/** The failure that an error stands for; null for a fault of our own. */
export const failureOf = (error: unknown): Failure | null => {
  if (error instanceof Refused) return error.failure;
  if (!(error instanceof CodedError)) return null;
  return failure(error.code, error.message, { retryAfter: error.retryAfter ?? null });
};

export interface FaultLog {
  log(level: 'warn' | 'error', message: string): void;
}

/** Like `failureOf`, with a reference to the log for a fault of our own. */
export const failureFor = (error: unknown, { log }: FaultLog): Failure => {
  const known = failureOf(error);
  if (known) return known;
  const reference = randomUUID();
  log('error', `[${reference}] ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return failure('INTERNAL', `The router failed on this request: look in the log for ${reference}.`);
};

/** Runs a handler that has to wait for something; its error becomes the answer. */
export const replyLater = (
  res: ServerResponse,
  dialect: Dialect,
  faults: FaultLog,
  work: () => Promise<unknown>,
): void => {
  work().catch((error: unknown) => {
    const cause = failureFor(error, faults);
    if (res.headersSent) res.destroy();
    else sendFailure(res, dialect, cause);
  });
};

/** The model of that name; throws the failure that names the nearest. */
export const laneOf = (lanes: Lanes, name: unknown, field = '"model"'): Lane => {
  if (typeof name !== 'string' || name === '')
    throw new Refused(invalid(`${field} must be the name of a model, as a string. ${lanes.table.listed()}.`));
  const lane = lanes.find(name);
  if (!lane) throw new Refused(lanes.table.unknown(name));
  return lane;
};

/** The body as a JSON object; an empty one counts as `{}`. Throws Refused when it is no object, too large or late. */
export const readObject = (req: IncomingMessage): Promise<Fields> =>
  new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const refuse = (message: string): void => {
      clearTimeout(deadline);
      reject(new Refused(invalid(message)));
    };
    const deadline = setTimeout(
      () => refuse('The rest of the body did not arrive: send the request again.'),
      DEADLINE_MS,
    );
    req.on('data', (part: Buffer) => {
      size += part.length;
      if (size <= MOST_BYTES) parts.push(part);
      else refuse('The body is larger than 1 MB: send a smaller one.');
    });
    req.on('close', () => clearTimeout(deadline));
    req.on('end', () => {
      clearTimeout(deadline);
      const text = Buffer.concat(parts).toString('utf8');
      const value = text.trim() === '' ? {} : parseJson(text);
      if (isFields(value)) resolve(value);
      else refuse('The body is not valid JSON. Send one JSON object.');
    });
  });

/** Undefined when it is no JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
