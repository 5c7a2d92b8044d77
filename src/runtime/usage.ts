/** Who is being used: what the router reports, kept per model, with the moments at which a model becomes busy or idle. */
import type { FinishedRequest, FromRouter } from '../contracts/ipc.ts';

export interface Usage {
  inFlight(id: string): number;
  lastUsedAt(id: string): number | null;
  total(): number;
  requestsPerMinute(): number;
  take(message: Extract<FromRouter, { type: 'usage' }>): void;
  finished(requests: readonly FinishedRequest[]): void;
  /** The router is gone, and with it everything in flight. */
  reset(): void;
}

export const createUsage = (options: {
  now(): number;
  /** In flight went from none to some or back. */
  onTurn(id: string, inFlight: number, at: number): void;
  /** Any number changed. */
  onChange(id: string): void;
}): Usage => {
  const models = new Map<string, { inFlight: number; lastEndedAt: number | null }>();
  /** Ends of requests in the last minute, oldest first, counted per second so that a busy router costs nothing. */
  const perSecond = new Map<number, number>();
  let total = 0;

  const forgetOld = (): void => {
    const oldest = Math.floor(options.now() / 1000) - 60;
    for (const second of perSecond.keys()) if (second <= oldest) perSecond.delete(second);
  };

  return {
    inFlight: (id) => models.get(id)?.inFlight ?? 0,
    lastUsedAt: (id) => models.get(id)?.lastEndedAt ?? null,
    total: () => total,
    requestsPerMinute() {
      forgetOld();
      return [...perSecond.values()].reduce((sum, count) => sum + count, 0);
    },
    take(message) {
      total = message.total;
      for (const { modelId, inFlight, lastEndedAt } of message.models) {
        const before = models.get(modelId)?.inFlight ?? 0;
        models.set(modelId, { inFlight, lastEndedAt });
        if (before > 0 !== inFlight > 0) options.onTurn(modelId, inFlight, lastEndedAt ?? options.now());
        options.onChange(modelId);
      }
    },
    finished(requests) {
      const second = Math.floor(options.now() / 1000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + requests.length);
      forgetOld();
    },
    reset() {
      total = 0;
      for (const [id, { inFlight, lastEndedAt }] of models) {
        if (inFlight === 0) continue;
        models.set(id, { inFlight: 0, lastEndedAt });
        options.onTurn(id, 0, options.now());
        options.onChange(id);
      }
    },
  };
};
