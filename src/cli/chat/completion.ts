import { CodedError, isErrorCode } from '../../contracts/errors.ts';
import type { ErrorCode } from '../../contracts/errors.ts';
import { parseSse } from './sse.ts';

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface ChatRequest {
  /** Origin that serves `/v1`. */
  baseUrl: string;
  /** Sent as a bearer token; null sends none. */
  key: string | null;
  model: string;
  messages: readonly ChatMessage[];
  maxTokens: number | null;
  temperature: number | null;
  /** Longest silence of the stream, comments included, ms. */
  silenceMs: number;
  signal: AbortSignal;
}

export interface ChatResult {
  content: string;
  /** What a reasoning model thought before it answered; empty for others. */
  reasoning: string;
  finishReason: string | null;
  promptTokens: number | null;
  completionTokens: number | null;
  /** The engine's own figure where it gives one, else counted over the time since the first token. */
  tokensPerSecond: number | null;
  /** From the request to the first piece of text, ms. */
  firstTokenMs: number | null;
}

export interface ChatSink {
  text(piece: string): void;
  reasoning(piece: string): void;
}

type Json = Record<string, unknown>;
const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const child = (value: Json, key: string): Json => (isJson(value[key]) ? value[key] : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

const parse = (source: string): Json => {
  try {
    const value: unknown = JSON.parse(source);
    return isJson(value) ? value : {};
  } catch {
    return {};
  }
};

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  429: 'RATE_LIMITED',
  504: 'TIMEOUT',
  507: 'DOES_NOT_FIT',
};

/** An error body of the OpenAI dialect; `code` is one of ours when our router wrote it. */
const refusal = (body: Json, status: number | null, retryAfter: number | null): CodedError => {
  const error = child(body, 'error');
  const code = isErrorCode(error['code']) ? error['code'] : (BY_STATUS[status ?? 0] ?? 'UPSTREAM_FAILED');
  const message =
    text(error['message']) || `The inference API answered with HTTP ${status ?? 'an error'} and no reason.`;
  return new CodedError(code, message, retryAfter === null ? {} : { retryAfter });
};

const seconds = (header: string | null): number | null => {
  const value = header === null || header.trim() === '' ? Number.NaN : Number(header);
  return Number.isFinite(value) ? value : null;
};

/** A signal that also fires after a silence; `alive` starts the wait again. */
const silenceWatch = (request: ChatRequest): { signal: AbortSignal; alive: () => void; end: () => void } => {
  const controller = new AbortController();
  const fire = (): void =>
    controller.abort(
      new CodedError(
        'TIMEOUT',
        `The inference API was silent for ${request.silenceMs / 1000} s; look at \`llamactor ps\`.`,
      ),
    );
  let timer = setTimeout(fire, request.silenceMs);
  return {
    signal: AbortSignal.any([request.signal, controller.signal]),
    alive: () => {
      clearTimeout(timer);
      timer = setTimeout(fire, request.silenceMs);
    },
    end: () => clearTimeout(timer),
  };
};

const post = async (request: ChatRequest, signal: AbortSignal): Promise<Response> => {
  try {
    return await fetch(new URL('/v1/chat/completions', request.baseUrl), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...(request.key === null ? {} : { authorization: `Bearer ${request.key}` }),
      },
      body: JSON.stringify({
        model: request.model,
        messages: request.messages,
        stream: true,
        stream_options: { include_usage: true },
        ...(request.maxTokens === null ? {} : { max_tokens: request.maxTokens }),
        ...(request.temperature === null ? {} : { temperature: request.temperature }),
      }),
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const cause = error instanceof Error && isJson(error.cause) ? text(error.cause['code']) : '';
    throw new CodedError(
      'UPSTREAM_FAILED',
      `The inference API at ${request.baseUrl} does not answer${cause === '' ? '' : ` (${cause})`}; see \`llamactor status\`.`,
    );
  }
};

/**
 * Streams one answer of `/v1/chat/completions`. Rejects with a CodedError for a refusal, an error inside the stream, a stream that
 * ends early or falls silent, and with the signal's reason when it was aborted.
 */
export const streamChat = async (request: ChatRequest, sink: ChatSink): Promise<ChatResult> => {
  const started = performance.now();
  const watch = silenceWatch(request);
  const result: ChatResult = {
    content: '',
    reasoning: '',
    finishReason: null,
    promptTokens: null,
    completionTokens: null,
    tokensPerSecond: null,
    firstTokenMs: null,
  };
  let done = false;
  const take = (body: Json): void => {
    if (isJson(body['error'])) throw refusal(body, null, null);
    const choices: unknown = body['choices'];
    const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
    if (isJson(choice)) {
      const delta = child(choice, 'delta');
      const content = text(delta['content']);
      const reasoning = text(delta['reasoning_content']);
      if (content !== '' || reasoning !== '') result.firstTokenMs ??= performance.now() - started;
      if (reasoning !== '') sink.reasoning(reasoning);
      if (content !== '') sink.text(content);
      result.content += content;
      result.reasoning += reasoning;
      result.finishReason = text(choice['finish_reason']) || result.finishReason;
    }
    const usage = child(body, 'usage');
    result.promptTokens = number(usage['prompt_tokens']) ?? result.promptTokens;
    result.completionTokens = number(usage['completion_tokens']) ?? result.completionTokens;
    result.tokensPerSecond = number(child(body, 'timings')['predicted_per_second']) ?? result.tokensPerSecond;
  };
  try {
    const response = await post(request, watch.signal);
    watch.alive();
    if (!response.ok)
      throw refusal(parse(await response.text()), response.status, seconds(response.headers.get('retry-after')));
    if (response.body === null)
      throw new CodedError('UPSTREAM_FAILED', 'The inference API answered without a body; see `llamactor logs`.');
    for await (const event of parseSse(response.body, watch.alive)) {
      if (event.data === '[DONE]') {
        done = true;
        break;
      }
      take(parse(event.data));
    }
  } catch (error) {
    if (watch.signal.aborted) throw watch.signal.reason;
    if (error instanceof CodedError) throw error;
    throw new CodedError(
      'UPSTREAM_FAILED',
      `The answer broke off (${error instanceof Error ? error.message : String(error)}); see \`llamactor ps\` and \`llamactor logs\`.`,
    );
  } finally {
    watch.end();
  }
  if (!done && result.finishReason === null) {
    throw new CodedError(
      'UPSTREAM_FAILED',
      'The answer ended before it was finished; see `llamactor ps` and `llamactor logs`.',
    );
  }
  if (result.tokensPerSecond === null && result.completionTokens !== null && result.firstTokenMs !== null) {
    const generating = (performance.now() - started - result.firstTokenMs) / 1000;
    // The first token's time belongs to the prompt, so only the others were generated in this time.
    if (generating > 0 && result.completionTokens > 1)
      result.tokensPerSecond = (result.completionTokens - 1) / generating;
  }
  return result;
};
