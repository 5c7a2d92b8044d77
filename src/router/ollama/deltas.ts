import { isFields } from '../later.ts';
import type { Fields } from '../later.ts';

/** One step of an answer of the engine, streamed or whole, chat or raw completion. */
export interface Delta {
  text: string;
  thinking: string;
  calls: readonly Fields[];
  /** Ollama's word for why it ended; null while it goes on. */
  finish: string | null;
  timings: Fields | null;
  usage: Fields | null;
  /** An error that the engine tells in its stream. */
  error: unknown;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const fields = (value: unknown): Fields | null => (isFields(value) ? value : null);

const chatDelta = (answer: Fields, choices: readonly unknown[]): Delta => {
  const choice = fields(choices[0]);
  const part = fields(choice?.['delta']) ?? fields(choice?.['message']);
  const calls = part?.['tool_calls'];
  const reason = choice?.['finish_reason'];
  return {
    text: text(part?.['content']),
    thinking: text(part?.['reasoning_content']),
    calls: Array.isArray(calls) ? calls.filter(isFields) : [],
    finish: typeof reason === 'string' ? (reason === 'length' ? 'length' : 'stop') : null,
    timings: fields(answer['timings']),
    usage: fields(answer['usage']),
    error: undefined,
  };
};

/** Reads what the engine sent; both of its forms look different enough to be told apart. */
export const deltaOf = (answer: Fields): Delta => {
  const { choices } = answer;
  if (Array.isArray(choices)) return chatDelta(answer, choices);
  const stopped = answer['stop'] === true;
  return {
    text: text(answer['content']),
    thinking: '',
    calls: [],
    finish: stopped ? (answer['stop_type'] === 'limit' ? 'length' : 'stop') : null,
    timings: fields(answer['timings']),
    usage: null,
    error: answer['error'],
  };
};

/** Puts the pieces of streamed tool calls together, by their index. */
export class ToolCalls {
  readonly #calls: { name: string; arguments: string }[] = [];

  add(pieces: readonly Fields[]): void {
    for (const piece of pieces) {
      const index = typeof piece['index'] === 'number' ? piece['index'] : this.#calls.length;
      const call = (this.#calls[index] ??= { name: '', arguments: '' });
      const called = fields(piece['function']);
      call.name += text(called?.['name']);
      call.arguments += text(called?.['arguments']);
    }
  }

  /** In Ollama's form, whose arguments are an object; forgets them. */
  take(): Fields[] {
    return this.#calls.splice(0).map((call, index) => ({
      function: { index, name: call.name, arguments: argumentsOf(call.arguments) },
    }));
  }
}

const argumentsOf = (json: string): unknown => {
  try {
    return JSON.parse(json === '' ? '{}' : json);
  } catch {
    return {};
  }
};
