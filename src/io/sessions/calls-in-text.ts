/** Calls of tools that a model wrote into its text, in the forms that models were trained on. Pure. */
import { isToolName } from '../../contracts/session-tools.ts';
import { isFields } from '../agents/ask-model.ts';
import type { Fields } from '../agents/ask-model.ts';

export interface WantedCall {
  name: string;
  /** JSON, or what was meant to be. */
  arguments: string;
}

const NAMES = ['name', 'tool', 'tool_name', 'function', 'action'];
const ARGUMENTS = ['arguments', 'args', 'parameters', 'input', 'action_input'];

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? {}));

/** `{"name", "arguments"}` and its relatives, `{"function": {…}}`, `{"tool_calls": […]}` and `{"click": {…}}`. */
const inValue = (value: unknown): WantedCall[] => {
  if (Array.isArray(value)) return value.flatMap(inValue);
  if (!isFields(value)) return [];
  if (Array.isArray(value['tool_calls'])) return inValue(value['tool_calls']);
  if (isFields(value['function'])) return inValue(value['function']);
  const name = NAMES.find((each) => typeof value[each] === 'string');
  if (name !== undefined) {
    const given = ARGUMENTS.find((each) => each !== name && value[each] !== undefined);
    const { [name]: tool, ...rest } = value;
    return [{ name: tool as string, arguments: textOf(given === undefined ? rest : value[given]) }];
  }
  const [only, ...others] = Object.entries(value);
  return only !== undefined && others.length === 0 && isToolName(only[0])
    ? [{ name: only[0], arguments: textOf(only[1]) }]
    : [];
};

const PARAMETER = /<parameter=([^>\s]+)>\n?([\s\S]*?)\n?(?=<\/parameter>|<parameter=|$)/g;

/** A word that is JSON means what JSON says; anything else is text. */
const valueOf = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

/** `<function=click><parameter=ref>e1</parameter></function>`, or JSON in its place. */
const inFunction = (name: string, body: string): WantedCall => {
  const parameters: Fields = Object.fromEntries(
    [...body.matchAll(PARAMETER)].map(([, key = '', value = '']) => [key, valueOf(value)]),
  );
  return Object.keys(parameters).length > 0
    ? { name, arguments: JSON.stringify(parameters) }
    : { name, arguments: body.replace(/<\/function>[\s\S]*/, '').trim() };
};

const FUNCTION = /<function=([^>\s]+)>([\s\S]*?)(?:<\/function>|$)/g;

const inBlock = (body: string): WantedCall[] => {
  const functions = [...body.matchAll(FUNCTION)].map(([, name = '', inner = '']) => inFunction(name, inner));
  if (functions.length > 0) return functions;
  try {
    return inValue(JSON.parse(body));
  } catch {
    // What looks like a call but cannot be read is one that the model should hear of.
    const name = /"(?:name|tool)"\s*:\s*"([^"]+)"/.exec(body)?.[1];
    const given = /"(?:arguments|args|parameters)"\s*:\s*([\s\S]*?)\}?\s*$/.exec(body)?.[1];
    return name === undefined ? [] : [{ name, arguments: given ?? body }];
  }
};

/** Each finds whole blocks; the first form that a text has counts. */
const BLOCKS = [
  /<tool_call>([\s\S]*?)(?:<\/tool_call>|$)/g,
  /(<function=[^>\s]+>[\s\S]*?(?:<\/function>|$))/g,
  /```(?:json|tool_call|tool_code|xml)?[^\S\n]*\n?([\s\S]*?)(?:```|$)/g,
  /\[TOOL_CALLS\]\s*([\s\S]*)$/g,
  /^\s*([{[][\s\S]*[}\]])\s*$/g,
  // A call at the end, after some words.
  /(?:^|\n)\s*(\{\s*"(?:name|tool|tool_name|function|action)"[\s\S]*\})\s*$/g,
];

export const callsInText = (text: string): { calls: WantedCall[]; words: string } => {
  for (const block of BLOCKS) {
    const found = [...text.matchAll(block)].map((match) => ({
      whole: match[0],
      calls: inBlock((match[1] ?? '').trim()),
    }));
    const calls = found.flatMap((each) => each.calls);
    if (calls.length === 0) continue;
    let words = text;
    for (const each of found) if (each.calls.length > 0) words = words.replace(each.whole, '');
    return { calls, words };
  }
  return { calls: [], words: text };
};
