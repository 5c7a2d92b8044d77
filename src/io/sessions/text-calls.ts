/**
 * Calls of tools that a model wrote into its text, for models and engines without calls of their own: JSON in a fence or in a
 * `<tool_call>`, a `<function=name>`, or nothing but JSON at the end. Pure.
 */

export interface WrittenCall {
  name: string;
  arguments: unknown;
}

export interface TextCalls {
  /** What was said before the first of them. */
  words: string;
  calls: WrittenCall[];
  /** It looks like a call, but this is wrong with it; null when nothing is or it does not look like one. */
  fault: string | null;
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where a call may begin. */
const MARKER = /```[\w-]*|<tool_call>|<function=|\[TOOL_CALLS\]/;
const ENDS = /<\/tool_call>|<\/function>|```/g;
const NAMES = ['tool', 'name', 'function'];
const ARGUMENTS = ['arguments', 'parameters', 'args', 'input'];

/** The end of the object or list that begins at `start`, or -1 when it never ends. */
const endOf = (text: string, start: number): number => {
  let depth = 0;
  let quoted = false;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (quoted) {
      if (character === '\\') index += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return -1;
};

const callIn = (value: unknown): WrittenCall | null => {
  if (!isFields(value)) return null;
  const key = NAMES.find((each) => typeof value[each] === 'string' || isFields(value[each]));
  if (key === undefined) return null;
  const name = value[key];
  // {"type": "function", "function": {"name": …}}
  if (typeof name !== 'string') return callIn(name);
  const given = ARGUMENTS.find((each) => value[each] !== undefined);
  if (given !== undefined) return { name, arguments: value[given] };
  const { [key]: _, type: __, id: ___, ...rest } = value;
  return { name, arguments: rest };
};

const callsIn = (value: unknown): WrittenCall[] =>
  (Array.isArray(value) ? value : [value]).flatMap((each) => callIn(each) ?? []);

/** The JSON that begins `text`, if it is a call. */
const jsonCalls = (text: string): { calls: WrittenCall[]; fault: string | null } => {
  const end = endOf(text, 0);
  try {
    return { calls: callsIn(JSON.parse(end === -1 ? text : text.slice(0, end))), fault: null };
  } catch (error) {
    if (!/"(?:tool|name|function)"/.test(text)) return { calls: [], fault: null };
    const why = error instanceof Error ? error.message : 'unreadable';
    return { calls: [], fault: end === -1 ? 'its JSON does not end' : `its JSON cannot be read (${why})` };
  }
};

const PARAMETER = /<parameter=([\w-]{1,64})>\n?([\s\S]*?)\n?<\/parameter>/g;

const plainValue = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? text : value;
  } catch {
    return text;
  }
};

/** `<function=click>{"ref": "e1"}</function>`, or with a `<parameter=ref>` for each argument. */
const functionCall = (text: string): { calls: WrittenCall[]; fault: string | null } => {
  const [whole = '', name = '', inside = ''] =
    /^<function=([\w.-]{1,64})>([\s\S]*?)(?:<\/function>|$)/.exec(text) ?? [];
  if (whole === '') return { calls: [], fault: 'the name of its function cannot be read' };
  const parameters = [...inside.matchAll(PARAMETER)];
  if (parameters.length > 0)
    return {
      calls: [
        { name, arguments: Object.fromEntries(parameters.map(([, key, value]) => [key, plainValue(value ?? '')])) },
      ],
      fault: null,
    };
  return { calls: [{ name, arguments: inside.trim() }], fault: null };
};

/** What follows one marker. */
const markedCalls = (marker: string, rest: string): { calls: WrittenCall[]; fault: string | null } => {
  const body = rest.trimStart();
  if (marker === '<function=') return functionCall(`${marker}${rest}`);
  if (body.startsWith('<function=')) return functionCall(body);
  return body.startsWith('{') || body.startsWith('[') ? jsonCalls(body) : { calls: [], fault: null };
};

/** Where JSON begins that goes on to the end of the text; -1 when there is none. */
const bareStart = (text: string): number => {
  const trimmed = text.trimEnd();
  if (!/[}\]]$/.test(trimmed)) return -1;
  for (let start = trimmed.search(/^\s*[{[]/m); start !== -1 && start < trimmed.length;) {
    const first = trimmed.slice(start).search(/[{[]/);
    const at = start + first;
    if (endOf(trimmed, at) === trimmed.length) return at;
    const next = trimmed.slice(at + 1).search(/^\s*[{[]/m);
    start = next === -1 ? -1 : at + 1 + next;
  }
  return -1;
};

export const textCalls = (text: string): TextCalls => {
  const calls: WrittenCall[] = [];
  let fault: string | null = null;
  let begin = -1;
  let from = 0;
  for (;;) {
    const found = MARKER.exec(text.slice(from));
    if (found === null) break;
    const at = from + found.index;
    const after = at + found[0].length;
    const told = markedCalls(found[0], text.slice(after));
    if (begin === -1 && (told.calls.length > 0 || told.fault !== null)) begin = at;
    calls.push(...told.calls);
    fault ??= told.fault;
    // The end of a fence looks like the beginning of the next.
    ENDS.lastIndex = after;
    from = ENDS.exec(text) === null ? text.length : ENDS.lastIndex;
  }
  if (begin !== -1) return { words: text.slice(0, begin).trim(), calls, fault: calls.length > 0 ? null : fault };
  const bare = bareStart(text);
  const told = bare === -1 ? { calls: [], fault: null } : jsonCalls(text.slice(bare));
  if (told.calls.length === 0 && told.fault === null) return { words: text.trim(), calls, fault: null };
  return { words: text.slice(0, bare).trim(), ...told };
};

/** As much of a text that is still coming as is certainly said and no call. */
export const saidSoFar = (text: string): string => {
  const marker = MARKER.exec(text)?.index ?? text.length;
  const bare = /^\s*[{[]/m.exec(text)?.index ?? text.length;
  const end = Math.min(marker, bare);
  if (end < text.length) return text.slice(0, end);
  // A marker may have begun.
  const open = Math.max(text.lastIndexOf('`'), text.lastIndexOf('<'), text.lastIndexOf('['));
  if (open === -1 || text.length - open > 16) return text.replace(/\n\s*$/, '');
  return text.slice(0, open).replace(/[`\s]+$/, '');
};
