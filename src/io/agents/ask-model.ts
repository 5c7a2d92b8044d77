/** Asks a model at the inference port as any client does, and reads its answer as it comes. */
import { createParser } from 'eventsource-parser';
import { createThoughtSplitter } from './thought-splitter.ts';
import { createToolCallCollector } from './tool-calls.ts';
import type { ToolCall } from './tool-calls.ts';

export interface Question {
  /** Origin of the inference port, or the address of another endpoint, which ends like `/v1`. */
  url: string;
  /** A key for it; null sends none. */
  key: string | null;
  /** Who is asked, in words; the router of this server when it is left out. */
  server?: string;
  /** A chat completion without `stream`. */
  body: Readonly<Record<string, unknown>>;
  signal: AbortSignal;
  /** Its place in the line of its model, from 1. */
  onWaiting(position: number): void;
  onPiece(text: string, thought: boolean): void;
}

export interface Answered {
  /** Tokens of the prompt as the engine counted them; null when it did not say. */
  promptTokens: number | null;
  /** Tokens of the answer; null as above. */
  answerTokens: number | null;
  /** It had more to say than it was allowed. */
  cutOff: boolean;
  /** What the model wants to have called before it goes on. */
  toolCalls: ToolCall[];
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

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

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

/** Other engines say it in words: `maximum context length is 8192 tokens. However, you requested 9000 tokens`. */
const countsIn = (message: string): [number | null, number | null] => {
  const context = /(?:context length|context size|context window)\D{0,40}?(\d+)/i.exec(message)?.[1];
  const prompt = /(?:requested|resulted in|request has|input has)\D{0,40}?(\d+)/i.exec(message)?.[1];
  return context === undefined || prompt === undefined ? [null, null] : [Number(prompt), Number(context)];
};

/** The error object of an answer or of a stream. */
const errorOf = (told: unknown, status: number): AskError => {
  const fields = isFields(told) ? told : {};
  const message =
    typeof fields['message'] === 'string' ? fields['message'] : `the engine answered with status ${status}.`;
  const [saidPrompt, saidContext] = countsIn(message);
  const promptTokens = numberIn(fields, 'n_prompt_tokens') ?? saidPrompt;
  const contextTokens = numberIn(fields, 'n_ctx') ?? saidContext;
  const tooLong = promptTokens === null || contextTokens === null ? null : { promptTokens, contextTokens };
  return new AskError(typeof fields['code'] === 'string' ? fields['code'] : 'UPSTREAM_FAILED', message, tooLong);
};

/** The router's note to those who wait. */
const positionIn = (comment: string): number | null => {
  const digits = /position (\d+)/.exec(comment)?.[1];
  return digits === undefined ? null : Number(digits);
};

/** An address of an OpenAI-compatible endpoint; one without a path is an origin. */
export const endpointAddress = (url: string, leaf: string): string => {
  const { origin, pathname } = new URL(url);
  const base = pathname === '/' ? '/v1' : pathname.replace(/\/+$/, '');
  return `${origin}${base}/${leaf}`;
};

/** Fetch tells in its cause what failed. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
};

/** Resolves when the answer is complete. Rejects with an AskError, or with the signal's reason. */
export const askModel = async (question: Question): Promise<Answered> => {
  const { url, key, body, signal, onWaiting, onPiece, server = 'the router' } = question;
  let response: Response;
  try {
    response = await fetch(endpointAddress(url, 'chat/completions'), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new AskError('UPSTREAM_FAILED', `${server} did not answer (${reasonOf(error)}).`);
  }
  if (!response.ok || response.body === null) throw errorOf(parse(await response.text())?.['error'], response.status);

  const splitter = createThoughtSplitter();
  const toolCalls = createToolCallCollector();
  const heard: Omit<Answered, 'toolCalls'> & { failure: AskError | null; done: boolean } = {
    failure: null,
    done: false,
    promptTokens: null,
    answerTokens: null,
    cutOff: false,
  };
  const onDelta = (delta: Fields): void => {
    const { reasoning_content: thought, content } = delta;
    toolCalls.push(delta['tool_calls']);
    if (typeof thought === 'string' && thought !== '') onPiece(thought, true);
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
      heard.answerTokens = numberIn(usage, 'completion_tokens') ?? heard.answerTokens;
      const [choice] = Array.isArray(event['choices']) ? (event['choices'] as unknown[]) : [];
      if (isFields(choice) && choice['finish_reason'] === 'length') heard.cutOff = true;
      if (isFields(choice) && isFields(choice['delta'])) onDelta(choice['delta']);
    },
  });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body) parser.feed(decoder.decode(chunk, { stream: true }));
  } catch {
    signal.throwIfAborted();
    heard.failure ??= new AskError(
      'UPSTREAM_FAILED',
      `the connection to ${server} broke off in the middle of the answer.`,
    );
  }
  for (const piece of splitter.end()) onPiece(piece.text, piece.thought);
  if (heard.failure !== null) throw heard.failure;
  if (!heard.done) throw new AskError('UPSTREAM_FAILED', 'the answer broke off before its end.');
  const { promptTokens, answerTokens, cutOff } = heard;
  return { promptTokens, answerTokens, cutOff, toolCalls: toolCalls.calls() };
};
