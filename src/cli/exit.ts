import { CommanderError } from 'commander';
import { ServerUnreachableError } from '../client/index.ts';
import { CodedError, ERRORS } from '../contracts/errors.ts';
import { oneLine } from './text/sanitize.ts';

export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;

/** A command line that makes no sense, in one sentence. */
export class UsageError extends Error {}

/** Ctrl-C. `message` says what goes on without us, or is empty. */
export class Interrupted extends Error {}

/** Nobody reads our output any more, so there is nothing left to do. */
export class NobodyListens extends Error {}

/** A refusal together with lines that show its cause, such as the engine's last words. */
export class ExplainedError extends Error {
  readonly refusal: CodedError;
  readonly lines: readonly string[];

  constructor(refusal: CodedError, lines: readonly string[]) {
    super(refusal.message);
    this.refusal = refusal;
    this.lines = lines;
  }
}

/** A failure that was already reported to the person, for example by `doctor`'s own lines. */
export class AlreadyReported extends Error {}

/** For `catch` blocks that hand a failure on to a promise. */
export const asError = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)));

const capitalise = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Commander's two-line errors as one sentence. */
const commanderSentence = (error: CommanderError): string => {
  const text = error.message.replace(/^error: /, '').replace(/\s*\n\s*\((.*)\)\s*$/s, '. $1');
  const sentence = capitalise(text.trim()).replace(/([^.?!])$/, '$1.');
  return `${sentence} See \`llamactor --help\`.`;
};

export interface Report {
  code: number;
  /** For stderr; empty when there is nothing to say. */
  sentence: string;
  /** For stdout when --json was given; null when the failure is about the command line itself. */
  json: unknown;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const endSentence = (text: string): string => text.replace(/([^.?!…])$/, '$1.');

/** What a failure means to the person and to the shell. */
export const reportOf = (error: unknown): Report => {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { code: EXIT.ok, sentence: '', json: null };
    // Shown help carries no message of its own.
    const helped = error.code === 'commander.help';
    return { code: EXIT.usage, sentence: helped ? '' : commanderSentence(error), json: null };
  }
  if (error instanceof UsageError) return { code: EXIT.usage, sentence: error.message, json: null };
  if (error instanceof Interrupted) return { code: EXIT.interrupted, sentence: error.message, json: null };
  if (error instanceof NobodyListens) return { code: EXIT.ok, sentence: '', json: null };
  if (error instanceof AlreadyReported) return { code: EXIT.failed, sentence: '', json: null };
  if (error instanceof ExplainedError) {
    const report = reportOf(error.refusal);
    const body = isRecord(report.json) && isRecord(report.json['error']) ? report.json['error'] : {};
    const lines = error.lines.map((line) => `  ${oneLine(line)}`);
    return {
      ...report,
      sentence: [report.sentence, ...lines].join('\n'),
      json: { error: { ...body, stderr: error.lines } },
    };
  }
  if (error instanceof CodedError) {
    const unreachable = error instanceof ServerUnreachableError;
    const advice = ERRORS[error.code].advice;
    // These codes' messages seldom say what to do; the others' do, or the advice would only repeat them.
    const advised = error.code === 'DOES_NOT_FIT' || error.code === 'ENGINE_MISSING' || error.code === 'TIMEOUT';
    const message = endSentence(error.message);
    return {
      code: unreachable ? EXIT.unreachable : error.code === 'INVALID_PAYLOAD' ? EXIT.usage : EXIT.failed,
      sentence: advised && !message.includes(advice) ? `${message} ${advice}` : message,
      json: {
        error: {
          code: error.code,
          message: error.message,
          ...(unreachable ? {} : { advice }),
          ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
          ...(error.details === undefined ? {} : { details: error.details }),
        },
      },
    };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: EXIT.failed,
    sentence: `Unexpected failure, please report it: ${text}`,
    json: { error: { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) } },
  };
};
