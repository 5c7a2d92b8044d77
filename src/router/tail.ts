const TAIL_BYTES = 16 * 1024;
const HEAD_BYTES = 1024;

/** Numbers of one finished request, as far as the engine told them. */
export interface TokenFacts {
  /** Cached ones included. */
  promptTokens: number | null;
  cachedTokens: number | null;
  completionTokens: number | null;
  promptTokensPerSecond: number | null;
  tokensPerSecond: number | null;
}

export const NO_FACTS: TokenFacts = {
  promptTokens: null,
  cachedTokens: null,
  completionTokens: null,
  promptTokensPerSecond: null,
  tokensPerSecond: null,
};

type Fields = Record<string, unknown>;

/** Keeps references to the last chunks of a response, and to its first: engines put the usage of embeddings in front of the numbers. */
export class Tail {
  #head: Buffer | null = null;
  #parts: Buffer[] = [];
  #size = 0;

  push(chunk: Buffer): void {
    this.#head ??= chunk;
    this.#parts.push(chunk);
    this.#size += chunk.length;
    for (let first = this.#parts[0]; first && this.#size - first.length >= TAIL_BYTES; first = this.#parts[0]) {
      this.#size -= first.length;
      this.#parts.shift();
    }
  }

  /** What `usage` and `timings` say, looked for from the end. */
  facts(): TokenFacts {
    const [only, ...others] = this.#parts;
    const all = only && others.length === 0 ? only : Buffer.concat(this.#parts, this.#size);
    const end = all.toString('latin1', Math.max(0, all.length - TAIL_BYTES));
    const last = lastObject(end, 'usage');
    // Anthropic's streams tell what went in with their first event and what came out with their last.
    const usage = last && inputOf(last) !== null ? last : { ...this.#usageOfHead(), ...last };
    const timings = lastObject(end, 'timings');
    const prompt = count(timings?.['prompt_n']);
    const cached = count(timings?.['cache_n']);
    return {
      promptTokens: inputOf(usage) ?? (prompt === null ? null : prompt + (cached ?? 0)),
      cachedTokens: cached ?? cachedOf(usage),
      completionTokens:
        count(usage['completion_tokens']) ?? count(usage['output_tokens']) ?? count(timings?.['predicted_n']),
      promptTokensPerSecond: count(timings?.['prompt_per_second']),
      tokensPerSecond: count(timings?.['predicted_per_second']),
    };
  }

  #usageOfHead(): Fields | null {
    return lastObject(this.#head?.subarray(0, HEAD_BYTES).toString('latin1') ?? '', 'usage');
  }
}

/**
 * Prompt tokens by the names of OpenAI's chat (`prompt_tokens`) and responses API (`input_tokens`). Anthropic's
 * `input_tokens` leave out what was read from and written to its cache, which stands beside them.
 */
const inputOf = (usage: Fields): number | null => {
  const input = count(usage['input_tokens']);
  if (input === null) return count(usage['prompt_tokens']);
  return input + (count(usage['cache_read_input_tokens']) ?? 0) + (count(usage['cache_creation_input_tokens']) ?? 0);
};

const cachedOf = (usage: Fields): number | null => {
  const details = usage['prompt_tokens_details'] ?? usage['input_tokens_details'];
  const told = typeof details === 'object' && details !== null ? (details as Fields)['cached_tokens'] : null;
  return count(told) ?? count(usage['cache_read_input_tokens']);
};

/** Tokens per second of a stream whose engine reported none: the first token opens the span, the others fill it. */
export const measuredSpeed = (tokens: number | null, spanMs: number): number | null =>
  tokens !== null && tokens > 1 && spanMs > 0 ? ((tokens - 1) * 1000) / spanMs : null;

const count = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;

/**
 * The last object under that key in a piece of JSON or of an event stream. Text that a model wrote cannot be taken for it:
 * inside a JSON string the quotes of a key are escaped.
 */
const lastObject = (text: string, key: string): Fields | null => {
  const needle = `"${key}":`;
  for (let at = text.lastIndexOf(needle); at !== -1; at = at === 0 ? -1 : text.lastIndexOf(needle, at - 1)) {
    const parsed = objectAt(text, at + needle.length);
    if (parsed) return parsed;
  }
  return null;
};

const objectAt = (text: string, from: number): Fields | null => {
  let start = from;
  while (text[start] === ' ') start++;
  if (text[start] !== '{') return null;
  let depth = 0;
  let inString = false;
  for (let i = start; i < text.length; i++) {
    const char = text[i];
    if (inString) {
      if (char === '\\') i++;
      else if (char === '"') inString = false;
    } else if (char === '"') {
      inString = true;
    } else if (char === '{') {
      depth++;
    } else if (char === '}' && --depth === 0) {
      return parseObject(text.slice(start, i + 1));
    }
  }
  return null;
};

const parseObject = (text: string): Fields | null => {
  try {
    return JSON.parse(text) as Fields;
  } catch {
    return null;
  }
};
