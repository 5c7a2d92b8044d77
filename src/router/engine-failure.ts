import { failure } from './failures.ts';
import type { Failure } from './failures.ts';

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** What an error object of the engine says, as a failure that another dialect can tell. */
export const failureToldBy = (told: unknown, status: number): Failure => {
  const fields = isObject(told) ? told : {};
  const { message, type, code } = fields;
  const words =
    typeof message === 'string' && message !== ''
      ? message
      : typeof told === 'string' && told !== ''
        ? told
        : `The engine answered with status ${status} and no reason: look in the model's log.`;
  const cause = failure('UPSTREAM_FAILED', words, { status: status >= 400 ? status : 502 });
  return {
    ...cause,
    ...(typeof type === 'string' ? { type } : {}),
    ...(typeof code === 'string' ? { code } : {}),
  };
};

/** The engine's own error, from the body of an answer that was expected to be something else. */
export const engineFailure = (status: number, body: Buffer): Failure => {
  const answer = parsed(body.toString('utf8'));
  return failureToldBy(isObject(answer) ? answer['error'] : null, status);
};
