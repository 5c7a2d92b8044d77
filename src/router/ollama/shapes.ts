import { isFields } from '../later.ts';
import type { Fields } from '../later.ts';
import type { Delta } from './deltas.ts';
import type { Kind } from './requests.ts';

const NS_PER_MS = 1e6;

/** When the pieces of one request happened, by the monotonic clock in ms. */
export interface Moments {
  arrived: number;
  /** The model was there, and the engine got the request. */
  served: number;
  ended: number;
}

const ns = (ms: number): number => Math.max(0, Math.round(ms * NS_PER_MS));
const count = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** The numbers at the end of an answer, in nanoseconds as Ollama gives them. Waiting for the model counts as loading it. */
export const statistics = (
  { timings, usage }: Pick<Delta, 'timings' | 'usage'>,
  { arrived, served, ended }: Moments,
): Fields => {
  const evaluated = count(timings?.['prompt_n']);
  const prompt =
    count(usage?.['prompt_tokens']) ??
    (evaluated === undefined ? undefined : evaluated + (count(timings?.['cache_n']) ?? 0));
  return {
    total_duration: ns(ended - arrived),
    load_duration: ns(served - arrived),
    ...(prompt !== undefined && { prompt_eval_count: prompt }),
    ...(timings && {
      prompt_eval_duration: ns(count(timings['prompt_ms']) ?? 0),
      eval_count: count(timings['predicted_n']) ?? 0,
      eval_duration: ns(count(timings['predicted_ms']) ?? 0),
    }),
  };
};

/** A piece of an answer, with the text under the name that the endpoint gives it. */
export const piece = (kind: Kind, model: string, part: { text: string; thinking: string; calls: Fields[] }): Fields => {
  const head = { model, created_at: new Date().toISOString() };
  const thinking = part.thinking === '' ? {} : { thinking: part.thinking };
  if (kind !== 'chat') return { ...head, response: part.text, ...thinking };
  const calls = part.calls.length === 0 ? {} : { tool_calls: part.calls };
  return { ...head, message: { role: 'assistant', content: part.text, ...thinking, ...calls } };
};

export const emptyPiece = (kind: Kind, model: string): Fields =>
  piece(kind, model, { text: '', thinking: '', calls: [] });

/** The answer of an embedding endpoint, from the engine's. */
export const vectors = (kind: Kind, model: string, answer: Fields, moments: Moments): Fields => {
  const data = Array.isArray(answer['data']) ? answer['data'].filter(isFields) : [];
  const embeddings = data.map(({ embedding }) => embedding);
  if (kind === 'embeddings') return { embedding: embeddings[0] ?? [] };
  const usage = isFields(answer['usage']) ? answer['usage'] : null;
  const { total_duration, load_duration, prompt_eval_count = 0 } = statistics({ timings: null, usage }, moments);
  return { model, embeddings, total_duration, load_duration, prompt_eval_count };
};
