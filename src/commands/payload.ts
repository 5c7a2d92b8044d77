/** From what a client sent to what a handler may rely on, or an INVALID_PAYLOAD that says which field is wrong. */
import type { z } from 'zod';
import { COMMANDS } from '../contracts/commands.ts';
import { CodedError } from '../contracts/errors.ts';
import type { CommandName, CommandPayload } from '../contracts/commands.ts';
import { DialectError } from './errors.ts';

const MAX_DEPTH = 32;
const MAX_NODES = 100_000;

/**
 * Refuses what no command takes before a schema sees it: deep nesting, huge structures, binary attachments, and the key
 * `__proto__`, which zod would drop silently although a person must learn that nothing was stored. Iterative, so that
 * nesting cannot exhaust the stack.
 */
export const refuseHostile = (payload: unknown): CodedError | undefined => {
  const pending: { value: unknown; depth: number }[] = [{ value: payload, depth: 0 }];
  for (let seen = 0; pending.length > 0; seen += 1) {
    const { value, depth } = pending.pop() ?? { value: null, depth: 0 };
    if (typeof value !== 'object' || value === null) continue;
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      return new CodedError('INVALID_PAYLOAD', 'Binary data is not part of this command; send text and numbers.');
    }
    if (depth >= MAX_DEPTH) return new CodedError('INVALID_PAYLOAD', 'The payload is nested too deeply.');
    if (Object.hasOwn(value, '__proto__')) {
      return new CodedError('INVALID_PAYLOAD', 'The key "__proto__" is not allowed.');
    }
    const children: unknown[] = Array.isArray(value) ? value : Object.values(value);
    if (seen + pending.length + children.length > MAX_NODES) {
      return new CodedError('INVALID_PAYLOAD', 'The payload has too many values.');
    }
    for (const child of children) pending.push({ value: child, depth: depth + 1 });
  }
  return undefined;
};

type Words = { acknowledgement: string; envelope: string };
const both = (text: string): Words => ({ acknowledgement: text, envelope: text });
const modelRefWords: Words = { acknowledgement: 'Invalid modelName', envelope: 'modelId is required' };
const whenFieldIs = (field: string, words: Words) => (path: readonly PropertyKey[]) =>
  path.length === 0 || path[0] === field ? words : undefined;

/** Fixed words of the seeds by command and by the path of the first fault. */
const WORDS: { [N in CommandName]?: (path: readonly PropertyKey[]) => Words | undefined } = {
  'models:get': () => modelRefWords,
  'models:load': () => modelRefWords,
  'models:unload': () => modelRefWords,
  'models:start': () => modelRefWords,
  'models:stop': () => modelRefWords,
  'models:delete': () => modelRefWords,
  'placement:explain': () => modelRefWords,
  'models:update': (path) =>
    path[0] === 'updates' && path.length === 1
      ? both('Model updates are required')
      : whenFieldIs('modelId', modelRefWords)(path),
  'models:preview': (path) =>
    path[0] === 'updates' && path.length === 1
      ? both('Model updates are required')
      : whenFieldIs('modelId', modelRefWords)(path),
  'models:effective': () => modelRefWords,
  'models:create': (path) => {
    if (path[1] === 'name') return both('Model name is required');
    return path.length <= 1 ? both('Model data is required') : undefined;
  },
  'config:update': () => both('Config data is required'),
  'config:preview': () => both('Config data is required'),
  'settings:update': () => both('Settings data is required'),
  'router:start-with-preset': whenFieldIs('presetName', {
    acknowledgement: 'Invalid presetName',
    envelope: 'presetName is required',
  }),
};

const sentence = (issue: z.core.$ZodIssue): string => {
  const path = issue.path.map(String).join('.');
  return path === '' ? `Invalid payload: ${issue.message}` : `Invalid ${path}: ${issue.message}`;
};

const invalid = (command: CommandName, issues: readonly z.core.$ZodIssue[]): CodedError => {
  const [first] = issues;
  const details = {
    issues: issues.slice(0, 10).map((issue) => ({ path: issue.path.map(String), message: issue.message })),
  };
  if (first === undefined) return new CodedError('INVALID_PAYLOAD', 'Invalid payload.', { details });
  const words = WORDS[command]?.(first.path);
  if (words === undefined) return new CodedError('INVALID_PAYLOAD', sentence(first), { details });
  return new DialectError('INVALID_PAYLOAD', words.envelope, words, details);
};

/** Parses a payload by the command's schema; `null` and a missing payload count as `{}`. Throws INVALID_PAYLOAD. */
export const parsePayload = <N extends CommandName>(command: N, payload: unknown): CommandPayload<N> => {
  const hostile = refuseHostile(payload);
  if (hostile !== undefined) throw hostile;
  const parsed = COMMANDS[command].payload.safeParse(payload ?? {});
  if (!parsed.success) throw invalid(command, parsed.error.issues);
  return parsed.data as CommandPayload<N>;
};
