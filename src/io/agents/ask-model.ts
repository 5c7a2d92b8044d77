/** Asks a model as any client of the OpenAI API does, and reads its answer as it comes. */
import { createParser } from 'eventsource-parser';
import { createThoughtSplitter } from './thought-splitter.ts';

export type Fields = Readonly<Record<string, unknown>>;
export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

export interface Question {
  /** Address of chat completions. */
  url: string;
  /** A key for it; null sends none. */
  key: string | null;
  /** Who is asked, in words for errors. */
  whom?: string;
  /** A chat completion without `stream`. */
  body: Readonly<Record<string, unknown>>;
  signal: AbortSignal;
  /** Its place in the line of its model, from 1. */
  onWaiting(position: number): void;
  onPiece(text: string, thought: boolean): void;
  /** Pieces of calls of tools, as they stand in `delta.tool_calls`. */
  onCall?(delta: Fields): void;
  /** Ends the request when nothing was heard for as long, ms; without it the other side decides. */
  patienceMs?: number;
}

export interface Answered {
  /** Tokens of the prompt as the engine counted them; null when it did not say. */
  promptTokens: number | null;
  /** Tokens of the answer, the same way. */
  outputTokens: number | null;
  /** The engine's word for the end, `length` when the answer was cut off. */
  finish: string | null;
}

/** Why a model gave no answer. */
export class AskError extends Error {
  readonly code: string;
  /** The prompt was too long by the engine's own count; null for every other cause. */
  readonly tooLong: { promptTokens: number; contextTokens: number } | null;

  constructor(code: string, message: string, tooLong: AskError['tooLong'] = null) {
    super(message);
    this.code = code;
    this.tooLong = tooLong;
  }
}

const parse = (text: string): Fields | null => {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
};

const numberIn = (fields: Fields, name: string): number | null =>
  typeof fields[name] === 'number' ? fields[name] : null;

/** How other servers say that a prompt is too long: the first number is the context, the last the prompt. */
const TOO_LONG = /(?:context (?:length|size|window)|too long)[^\d]*(\d+)[^\d]+(\d+)/i;

const lengthIn = (fields: Fields, message: string): AskError['tooLong'] => {
  const [promptTokens, contextTokens] = [numberIn(fields, 'n_prompt_tokens'), numberIn(fields, 'n_ctx')];
  if (promptTokens !== null && contextTokens !== null) return { promptTokens, contextTokens };
  const [, context, prompt] = TOO_LONG.exec(message) ?? [];
  if (context === undefined || prompt === undefined) return null;
  return Number(prompt) > Number(context) ? { promptTokens: Number(prompt), contextTokens: Number(context) } : null;
};

/** The error object of an answer or of a stream. */
const errorOf = (told: unknown, status: number): AskError => {
  const fields = isFields(told) ? told : {};
  const message =
    typeof fields['message'] === 'string' ? fields['message'] : `the engine answered with status ${status}.`;
  const code = typeof fields['code'] === 'string' ? fields['code'] : 'UPSTREAM_FAILED';
  return new AskError(code, message, lengthIn(fields, message));
};

/** The router's note to those who wait. */
const positionIn = (comment: string): number | null => {
  const digits = /position (\d+)/.exec(comment)?.[1];
  return digits === undefined ? null : Number(digits);
};

/** A signal that is aborted by the caller's, or when `heard` was not called for as long as patience lasts. */
const watched = (signal: AbortSignal, patienceMs: number | undefined) => {
  if (patienceMs === undefined) return { signal, heard: () => undefined, end: () => undefined };
  const silence = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), patienceMs);
  };
  heard();
  return { signal: AbortSignal.any([signal, silence.signal]), heard, end: () => clearTimeout(timer) };
};

/** Resolves when the answer is complete. Rejects with an AskError, or with the signal's reason. */
export const askModel = async (question: Question): Promise<Answered> => {
  const watch = watched(question.signal, question.patienceMs);
  try {
    return await ask(question, watch.signal, watch.heard);
  } catch (error) {
    question.signal.throwIfAborted();
    if (!watch.signal.aborted) throw error;
    const seconds = Math.round((question.patienceMs ?? 0) / 1000);
    throw new AskError('TIMEOUT', `nothing was heard of ${question.whom ?? 'the router'} for ${seconds} seconds.`);
  } finally {
    watch.end();
  }
};

const ask = async (
  { url, key, body, whom = 'the router', onWaiting, onPiece, onCall }: Question,
  signal: AbortSignal,
  heardNow: () => void,
): Promise<Answered> => {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
      body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new AskError(
      'UPSTREAM_FAILED',
      `${whom} did not answer (${error instanceof Error ? error.message : String(error)}).`,
    );
  }
  heardNow();
  if (!response.ok || response.body === null) throw errorOf(parse(await response.text())?.['error'], response.status);

  const splitter = createThoughtSplitter();
  const heard: Answered & { failure: AskError | null; done: boolean } = {
    failure: null,
    done: false,
    promptTokens: null,
    outputTokens: null,
    finish: null,
  };
  const onDelta = (delta: Fields): void => {
    const { reasoning_content: thought, content, tool_calls: calls } = delta;
    if (typeof thought === 'string' && thought !== '') onPiece(thought, true);
    if (Array.isArray(calls)) for (const call of calls as unknown[]) if (isFields(call)) onCall?.(call);
    if (typeof content !== 'string') return;
    for (const piece of splitter.push(content)) onPiece(piece.text, piece.thought);
  };
  const parser = createParser({
    onComment: (comment) => {
      const position = positionIn(comment);
      if (position !== null) onWaiting(position);
    },
    onEvent: ({ data }) => {
      if (data === '[DONE]') {
        heard.done = true;
        return;
      }
      const event = parse(data);
      if (event === null) return;
      if (event['error'] !== undefined) heard.failure ??= errorOf(event['error'], 502);
      const usage = isFields(event['usage']) ? event['usage'] : {};
      heard.promptTokens = numberIn(usage, 'prompt_tokens') ?? heard.promptTokens;
      heard.outputTokens = numberIn(usage, 'completion_tokens') ?? heard.outputTokens;
      const [choice] = Array.isArray(event['choices']) ? (event['choices'] as unknown[]) : [];
      if (!isFields(choice)) return;
      if (typeof choice['finish_reason'] === 'string') heard.finish = choice['finish_reason'];
      if (isFields(choice['delta'])) onDelta(choice['delta']);
    },
  });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body) {
      heardNow();
      parser.feed(decoder.decode(chunk, { stream: true }));
    }
  } catch {
    signal.throwIfAborted();
    heard.failure ??= new AskError(
      'UPSTREAM_FAILED',
      `the connection to ${whom} broke off in the middle of the answer.`,
    );
  }
  for (const piece of splitter.end()) onPiece(piece.text, piece.thought);
  if (heard.failure !== null) throw heard.failure;
  // Some servers end with the reason alone.
  if (!heard.done && heard.finish === null)
    throw new AskError('UPSTREAM_FAILED', 'the answer broke off before its end.');
  const { promptTokens, outputTokens, finish } = heard;
  return { promptTokens, outputTokens, finish };
};
