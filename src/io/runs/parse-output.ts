/**
 * Reads what a CLI agent printed: one JSON document, JSON lines (a stream of events), or plain text. Field names are those of the
 * agents in use: `claude --output-format json|stream-json`, and OpenAI's and Anthropic's messages.
 */
export interface ParsedResponse {
  content: string;
  usage?: { inputTokens: number; outputTokens: number; totalTokens: number };
  model?: string;
  stopReason?: string;
  /** US dollars, when the agent says so. */
  costUsd?: number;
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const count = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;

/** Text, or the text parts of a list of content blocks. */
const contentOf = (value: unknown): string | null => {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return null;
  const parts = value.flatMap((part) => text(fieldsOf(part)?.['text']) ?? []);
  return parts.length === 0 ? null : parts.join('');
};

const answerIn = (fields: Fields): string | null => {
  for (const key of ['content', 'text', 'result', 'response', 'output']) {
    const found = contentOf(fields[key]);
    if (found !== null) return found;
  }
  const message = fieldsOf(fields['message']);
  return message === null ? null : answerIn(message);
};

const usageIn = (fields: Fields): NonNullable<ParsedResponse['usage']> | null => {
  const usage = fieldsOf(fields['usage']) ?? fieldsOf(fieldsOf(fields['message'])?.['usage']);
  if (usage === null) return null;
  const inputTokens = count(usage['input_tokens']) ?? count(usage['prompt_tokens']) ?? count(usage['inputTokens']);
  const outputTokens =
    count(usage['output_tokens']) ?? count(usage['completion_tokens']) ?? count(usage['outputTokens']);
  if (inputTokens === null && outputTokens === null) return null;
  const total = count(usage['total_tokens']) ?? count(usage['totalTokens']) ?? (inputTokens ?? 0) + (outputTokens ?? 0);
  return { inputTokens: inputTokens ?? 0, outputTokens: outputTokens ?? 0, totalTokens: total };
};

const responseIn = (fields: Fields, content: string): ParsedResponse => {
  const usage = usageIn(fields);
  const message = fieldsOf(fields['message']);
  const model = text(fields['model']) ?? text(message?.['model']);
  const stopReason =
    text(fields['stop_reason']) ??
    text(fields['stopReason']) ??
    text(message?.['stop_reason']) ??
    text(fields['subtype']);
  const cost = count(fields['total_cost_usd']) ?? count(fields['cost_usd']);
  return {
    content,
    ...(usage === null ? {} : { usage }),
    ...(model === null ? {} : { model }),
    ...(stopReason === null ? {} : { stopReason }),
    ...(cost === null ? {} : { costUsd: cost }),
  };
};

/** The events of a stream: every line that is a JSON object, when there are at least two and nothing else. */
const eventsOf = (output: string): Fields[] | null => {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  if (lines.length < 2) return null;
  const events = lines.map((line) => fieldsOf(parse(line)));
  return events.every((event) => event !== null) ? events : null;
};

/** What the run answered, from its whole stdout. Never throws: what is not understood is text. */
export const parseOutput = (stdout: string): ParsedResponse => {
  const whole = parse(stdout.trim());
  const single = fieldsOf(Array.isArray(whole) ? whole.at(-1) : whole);
  if (single !== null) {
    const answer = answerIn(single);
    if (answer !== null) return responseIn(single, answer);
  }
  const events = eventsOf(stdout);
  if (events !== null) {
    // The last event that answers is the result; model and usage may stand in an earlier one.
    const last = events.findLast((event) => answerIn(event) !== null);
    if (last !== undefined) {
      const about = events.reduce<Partial<ParsedResponse>>(
        (known, event) => ({ ...known, ...responseIn(event, '') }),
        {},
      );
      return { ...about, ...responseIn(last, answerIn(last) ?? '') };
    }
  }
  return { content: stdout.trim() };
};

/** A word for what an agent is doing, from one line of its stream of events; null for lines that say nothing of it. */
export const activityOf = (line: string): string | null => {
  const event = fieldsOf(parse(line));
  const blocks = fieldsOf(event?.['message'])?.['content'] ?? event?.['content'];
  if (!Array.isArray(blocks)) return null;
  const tool = blocks.map(fieldsOf).find((block) => block?.['type'] === 'tool_use');
  const name = text(tool?.['name']);
  return name === null ? null : `Using ${name}`;
};
