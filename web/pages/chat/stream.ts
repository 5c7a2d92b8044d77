/** One answer from `/v1/chat/completions` of this page's own server, as it is written. */
import { at } from '../../net/base.ts';
import { authorised } from '../../net/credentials.ts';
import type { AnswerStats, Sampling } from './types.ts';
import type { ApiMessage } from './requests.ts';
import { apiSampling } from './requests.ts';
import { sseEvents } from './sse.ts';

export interface ChatRequest {
  model: string;
  messages: ApiMessage[];
  sampling: Sampling;
  signal: AbortSignal;
}

export interface ChatDelta {
  content: string;
  reasoning: string;
}

type Json = Record<string, unknown>;
const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const numberIn = (holder: unknown, key: string): number | null => {
  const value = isRecord(holder) ? holder[key] : null;
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
};
const textIn = (holder: unknown, key: string): string => {
  const value = isRecord(holder) ? holder[key] : null;
  return typeof value === 'string' ? value : '';
};

/** The sentence of an error in any of the shapes servers give it. */
const causeOf = (body: unknown, fallback: string): string => {
  const error = isRecord(body) ? body['error'] : null;
  if (typeof error === 'string') return error;
  return textIn(error, 'message') || fallback;
};

const refusal = async (response: Response): Promise<Error> => {
  const text = await response.text().catch(() => '');
  try {
    return new Error(causeOf(JSON.parse(text), `The server answered ${String(response.status)}.`));
  } catch {
    return new Error(text.slice(0, 300) || `The server answered ${String(response.status)}.`);
  }
};

/** The engine's own measurement, which comes with the last part. */
export const statsFrom = (
  parts: { timings: unknown; usage: unknown },
  seen: { tokens: number; firstTokenMs: number | null; totalMs: number },
): AnswerStats => {
  const tokens = numberIn(parts.usage, 'completion_tokens') ?? numberIn(parts.timings, 'predicted_n');
  const writing = seen.firstTokenMs === null ? 0 : seen.totalMs - seen.firstTokenMs;
  const own = seen.tokens > 1 && writing > 0 ? ((seen.tokens - 1) / writing) * 1000 : null;
  return {
    promptTokens: numberIn(parts.usage, 'prompt_tokens') ?? numberIn(parts.timings, 'prompt_n'),
    tokens: tokens ?? (seen.tokens > 0 ? seen.tokens : null),
    tokensPerSecond: numberIn(parts.timings, 'predicted_per_second') ?? own,
    firstTokenMs: seen.firstTokenMs,
    totalMs: seen.totalMs,
  };
};

/**
 * Streams an answer into `onDelta` and resolves with its measurements. Rejects with the server's sentence; what was written
 * until then has been handed over. An abort rejects with the signal's reason.
 */
export const streamChat = async (request: ChatRequest, onDelta: (delta: ChatDelta) => void): Promise<AnswerStats> => {
  const started = performance.now();
  const response = await fetch(at('/v1/chat/completions'), {
    method: 'POST',
    headers: authorised({ 'content-type': 'application/json' }),
    signal: request.signal,
    body: JSON.stringify({
      model: request.model,
      messages: request.messages,
      ...apiSampling(request.sampling),
      stream: true,
      stream_options: { include_usage: true },
    }),
  });
  if (!response.ok || response.body === null) throw await refusal(response);
  const parts: { timings: unknown; usage: unknown } = { timings: null, usage: null };
  let tokens = 0;
  let firstTokenMs: number | null = null;
  let ended = false;
  for await (const data of sseEvents(response.body)) {
    if (data === '[DONE]') {
      ended = true;
      continue;
    }
    const event: unknown = JSON.parse(data);
    if (!isRecord(event)) continue;
    if (event['error'] !== undefined) throw new Error(causeOf(event, 'The answer broke off.'));
    parts.timings = event['timings'] ?? parts.timings;
    parts.usage = event['usage'] ?? parts.usage;
    const choice: unknown = Array.isArray(event['choices']) ? event['choices'][0] : null;
    if (isRecord(choice) && typeof choice['finish_reason'] === 'string') ended = true;
    const delta = isRecord(choice) ? choice['delta'] : null;
    const [content, reasoning] = [textIn(delta, 'content'), textIn(delta, 'reasoning_content')];
    if (content === '' && reasoning === '') continue;
    firstTokenMs ??= performance.now() - started;
    tokens += 1;
    onDelta({ content, reasoning });
  }
  if (!ended) throw new Error('The connection ended before the answer did.');
  return statsFrom(parts, { tokens, firstTokenMs, totalMs: performance.now() - started });
};
