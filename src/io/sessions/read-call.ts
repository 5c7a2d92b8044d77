/** What a model wants to do, out of what it answered: its calls as the API gives them, else one that stands in its text. */
import { nearestNames } from '../../contracts/nearest.ts';
import { SESSION_TOOLS, TOOL_NAMES, isToolName } from '../../contracts/session-tools.ts';
import type { ToolCall } from '../../contracts/session-tools.ts';
import { complaintOf } from '../store/document-file.ts';
import { callsInText } from './calls-in-text.ts';
import type { WantedCall } from './calls-in-text.ts';

const parsed = (text: string): unknown => {
  const value: unknown = JSON.parse(text.trim() === '' ? '{}' : text);
  // Some models write JSON into a string.
  return typeof value === 'string' ? JSON.parse(value) : value;
};

/** `functions.click` is what some models make of a tool's name. */
const plainName = (name: string): string => name.trim().replace(/^.*[./:]/, '');

/** The call, or what is wrong with it in words that a model can mend it by. */
export const checkedCall = (wanted: WantedCall): { call: ToolCall } | { problem: string } => {
  const name = plainName(wanted.name);
  if (!isToolName(name)) {
    const [nearest] = nearestNames(name, TOOL_NAMES, 1);
    const hint = nearest === undefined ? '' : ` The nearest is ${nearest}.`;
    return {
      problem: `There is no tool ${JSON.stringify(name.slice(0, 64))}.${hint} The tools are ${TOOL_NAMES.join(', ')}.`,
    };
  }
  let value: unknown;
  try {
    value = parsed(wanted.arguments);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : '';
    return { problem: `The arguments of ${name} are no valid JSON (${reason}). Call it again with one JSON object.` };
  }
  const result = SESSION_TOOLS[name].arguments.safeParse(value);
  if (result.success) return { call: { tool: name, arguments: result.data } as ToolCall };
  return {
    problem: `The arguments of ${name} do not fit: ${complaintOf(result.error)}. Call it again with what it takes.`,
  };
};

const NO_CALL =
  'Your answer called no tool, so nothing was done. Call exactly one tool now; when the task is done, or cannot be done, call finish with your answer.';
const CUT_OFF =
  'Your answer was cut off before it called a tool, because it was too long. Call exactly one tool now, with few words.';

/** `words` is what was said besides the call. */
export const readAnswer = (
  text: string,
  native: readonly WantedCall[],
  wasCut: boolean,
): { words: string; call: ToolCall | null; problem: string | null } => {
  const named = native.filter(({ name }) => name !== '');
  const found = named.length > 0 ? { calls: named, words: text } : callsInText(text);
  const words = found.words.trim();
  const [first] = found.calls;
  if (first === undefined) return { words, call: null, problem: wasCut ? CUT_OFF : NO_CALL };
  const checked = checkedCall(first);
  if ('problem' in checked) return { words, call: null, problem: wasCut ? CUT_OFF : checked.problem };
  const count = found.calls.length;
  const note = count > 1 ? `[Only the first of ${count} calls was taken; call one at a time.]` : '';
  return { words: [words, note].filter((part) => part !== '').join('\n'), call: checked.call, problem: null };
};
