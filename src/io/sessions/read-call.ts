/** The one call that a model's answer is read as, or what is wrong with it in words that the model can act on. Pure. */
import type { z } from 'zod';
import { nearestNames } from '../../contracts/nearest.ts';
import { isToolName, SESSION_TOOLS, TOOL_NAMES } from '../../contracts/session-tools.ts';
import type { ToolCall } from '../../contracts/session-tools.ts';
import { textCalls } from './text-calls.ts';
import type { WrittenCall } from './text-calls.ts';

export interface Spoken {
  text: string;
  /** Calls in the API's own form; these win over those in the text. */
  calls: readonly { name: string; arguments: string }[];
  /** The answer ended at its limit. */
  cutOff: boolean;
}

export interface ReadCall {
  words: string;
  call: ToolCall | null;
  problem: string | null;
}

const NONE =
  'Your answer called no tool. Call exactly one tool now; when the task is done or cannot be done, call `finish`.';
const CUT = 'Your answer was cut off at its limit. Answer with one short call.';

const asValue = (given: unknown): { value: unknown } | { fault: string } => {
  if (typeof given !== 'string') return { value: given };
  if (given.trim() === '') return { value: {} };
  try {
    const value: unknown = JSON.parse(given);
    // Some encode it twice.
    return typeof value === 'string' ? { value: JSON.parse(value) as unknown } : { value };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : 'unreadable' };
  }
};

const complaint = ({ issues }: z.ZodError): string =>
  issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length === 0 ? message : `\`${path.join('.')}\`: ${message}`))
    .join('; ');

const checked = ({ name, arguments: given }: WrittenCall): { call: ToolCall } | { problem: string } => {
  const tool = name.trim().replace(/^functions?[.:/]/, '');
  if (!isToolName(tool)) {
    const [nearest] = nearestNames(tool, TOOL_NAMES, 1);
    const hint = nearest === undefined ? '' : ` Did you mean \`${nearest}\`?`;
    return { problem: `There is no tool \`${tool.slice(0, 64)}\`.${hint} The tools are: ${TOOL_NAMES.join(', ')}.` };
  }
  const read = asValue(given);
  if ('fault' in read)
    return { problem: `The arguments of \`${tool}\` are no JSON (${read.fault}). Call it again with a JSON object.` };
  const parsed = SESSION_TOOLS[tool].arguments.safeParse(read.value);
  if (!parsed.success)
    return {
      problem: `The arguments of \`${tool}\` are wrong: ${complaint(parsed.error)}. Call it again with the right ones.`,
    };
  return { call: { tool, arguments: parsed.data } as ToolCall };
};

const onlyFirst = (words: string, count: number): string =>
  count < 2 ? words : `${words}\n(It called ${count} tools at once; only the first call was made.)`.trim();

export const readCall = ({ text, calls: own, cutOff }: Spoken): ReadCall => {
  const written = own.length > 0 ? { words: text.trim(), calls: own, fault: null } : textCalls(text);
  const [first] = written.calls;
  if (first === undefined) {
    const fault = written.fault === null ? NONE : `Your call cannot be used: ${written.fault}. Write it again.`;
    return { words: written.words, call: null, problem: cutOff ? CUT : fault };
  }
  const outcome = checked(first);
  if ('call' in outcome)
    return { words: onlyFirst(written.words, written.calls.length), call: outcome.call, problem: null };
  return { words: written.words, call: null, problem: cutOff ? CUT : outcome.problem };
};
