/** Errors of the command layer: the ones both seeds give fixed words to, and the unexpected ones. */
import { randomUUID } from 'node:crypto';
import { CodedError } from '../contracts/errors.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import type { Services } from './services.ts';

/** One internal error that the two dialects word differently. `message` is the full sentence, used everywhere else. */
export class DialectError extends CodedError {
  readonly acknowledgement: string;
  readonly envelope: string;

  constructor(
    code: ErrorCode,
    message: string,
    words: { acknowledgement: string; envelope: string },
    details?: Record<string, unknown>,
  ) {
    super(code, message, details === undefined ? {} : { details });
    this.acknowledgement = words.acknowledgement;
    this.envelope = words.envelope;
  }
}

/** NOT_FOUND for a model, with the nearest names in the sentence and in `details.nearest`. */
export const modelNotFound = (ref: string, nearest: readonly string[]): CodedError => {
  const shown = ref.length > 200 ? `${ref.slice(0, 200)}…` : ref;
  const hint = nearest.length === 0 ? '' : ` Nearest: ${nearest.slice(0, 3).join(', ')}.`;
  return new DialectError(
    'NOT_FOUND',
    `Model not found: ${shown}.${hint}`,
    { acknowledgement: `Model not found: ${shown}`, envelope: 'Model not found' },
    { modelName: shown, nearest: nearest.slice(0, 3) },
  );
};

/**
 * A fault of our own: the log gets the stack and a reference, the client only the reference, because a raw message may
 * carry paths or secrets.
 */
export const unexpected = (services: Services, command: string, cause: unknown): CodedError => {
  const reference = randomUUID().slice(0, 8);
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  try {
    services.logs.write('error', 'server', `Unexpected failure ${reference} in ${command}: ${text}`);
  } catch {
    // A log that cannot be written must not turn an answer into silence.
  }
  return new CodedError(
    'INTERNAL',
    `Something failed inside the server; look in its log for the reference ${reference}.`,
    {
      details: { reference },
    },
  );
};
