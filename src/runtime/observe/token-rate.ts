/** Generated tokens per second over the last seconds, from what the router streamed and from answers that came as a whole. */
import type { FinishedRequest, FromRouter } from '../../contracts/ipc.ts';
import type { MetricsView } from '../../contracts/views.ts';

const WINDOW_MS = 5000;
/** A fiftieth of the window: what took less is as good as a moment. */
const SHORT_MS = 100;

interface Stretch {
  modelId: string;
  tokens: number;
  from: number;
  to: number;
}

export interface TokenRate {
  streamed(message: Extract<FromRouter, { type: 'tokens' }>): void;
  /** Tokens of streams have been told already; those of whole answers are spread over the time their generation took. */
  finished(requests: readonly FinishedRequest[]): void;
  now(): Pick<MetricsView, 'tokensPerSecond' | 'modelTokensPerSecond'>;
}

export const createTokenRate = (now: () => number): TokenRate => {
  let stretches: Stretch[] = [];
  const add = (modelId: string, tokens: number, spanMs: number): void => {
    const to = now();
    stretches.push({ modelId, tokens, from: to - Math.max(1, spanMs), to });
  };
  const forgetOld = (): void => {
    const since = now() - WINDOW_MS;
    if ((stretches[0]?.to ?? Infinity) <= since) stretches = stretches.filter(({ to }) => to > since);
  };
  return {
    streamed({ models, overMs }) {
      forgetOld();
      for (const { modelId, tokens } of models) add(modelId, tokens, overMs);
    },
    finished(requests) {
      forgetOld();
      // Requests come in batches of a tenth of a second; short ones of one model need not be told apart.
      const short = new Map<string, number>();
      for (const { modelId, streamed, completionTokens, tokensPerSecond, durationMs } of requests) {
        if (streamed || completionTokens === null || completionTokens === 0) continue;
        const generationMs = Math.min(
          tokensPerSecond === null || tokensPerSecond === 0 ? Infinity : (1000 * completionTokens) / tokensPerSecond,
          durationMs,
        );
        if (generationMs > SHORT_MS) add(modelId, completionTokens, generationMs);
        else short.set(modelId, (short.get(modelId) ?? 0) + completionTokens);
      }
      for (const [modelId, tokens] of short) add(modelId, tokens, SHORT_MS);
    },
    now() {
      const since = now() - WINDOW_MS;
      const models: Record<string, number> = {};
      let total = 0;
      for (const { modelId, tokens, from, to } of stretches) {
        const inside = Math.max(0, to - Math.max(from, since)) / (to - from);
        const perSecond = (tokens * inside * 1000) / WINDOW_MS;
        if (perSecond === 0) continue;
        total += perSecond;
        models[modelId] = (models[modelId] ?? 0) + perSecond;
      }
      for (const id of Object.keys(models)) models[id] = rounded(models[id] ?? 0);
      return { tokensPerSecond: rounded(total), modelTokensPerSecond: models };
    },
  };
};

const rounded = (value: number): number => Math.round(value * 10) / 10;
