const TAIL_BYTES = 16 * 1024;
const HEAD_BYTES = 1024;

/** Numbers of one finished request, as far as the engine told them. */
export interface TokenFacts {
  promptTokens: number | null;
  completionTokens: number | null;
  tokensPerSecond: number | null;
}

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
    const end = Buffer.concat(this.#parts, this.#size).subarray(-TAIL_BYTES).toString('latin1');
    const usage = lastObject(end, 'usage') ?? this.#headUsage();
    const timings = lastObject(end, 'timings');
    const prompt = count(timings?.['prompt_n']);
    return {
      promptTokens:
        count(usage?.['prompt_tokens']) ??
        inputTokens(usage) ??
        // Anthropic's streams count the prompt in their first event and the answer in their last.
        inputTokens(this.#headUsage()) ??
        (prompt === null ? null : prompt + (count(timings?.['cache_n']) ?? 0)),
      completionTokens:
        count(usage?.['completion_tokens']) ?? count(usage?.['output_tokens']) ?? count(timings?.['predicted_n']),
      tokensPerSecond: count(timings?.['predicted_per_second']),
    };
  }

  #headUsage(): Fields | null {
    return lastObject(this.#head?.subarray(0, HEAD_BYTES).toString('latin1') ?? '', 'usage');
  }
}

/** Anthropic counts what was in the cache apart; OpenAI's responses count it in. */
const inputTokens = (usage: Fields | null): number | null => {
  const fresh = count(usage?.['input_tokens']);
  return fresh === null ? null : fresh + (count(usage?.['cache_read_input_tokens']) ?? 0);
};

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
