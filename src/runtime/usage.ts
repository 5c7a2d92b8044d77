/** Who is being used: what the router reports, kept per model, with the moments at which a model becomes busy or idle. */
import type { FinishedRequest, FromRouter, ModelUsage } from '../contracts/ipc.ts';

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
  /** In flight, or being answered, went from none to some or back, or the router confirmed a hold. */
  onTurn(usage: Omit<ModelUsage, 'lastEndedAt'>, at: number): void;
  /** Any number changed. */
  onChange(id: string): void;
}): Usage => {
  const models = new Map<string, Omit<ModelUsage, 'modelId'>>();
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
      for (const { modelId, lastEndedAt, ...usage } of message.models) {
        const before = models.get(modelId) ?? { inFlight: 0, active: 0, held: false };
        models.set(modelId, { ...usage, lastEndedAt });
        const turned =
          before.inFlight > 0 !== usage.inFlight > 0 ||
          before.active > 0 !== usage.active > 0 ||
          before.held !== usage.held;
        if (turned) options.onTurn({ modelId, ...usage }, lastEndedAt ?? options.now());
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
      for (const [modelId, { inFlight, held, lastEndedAt }] of models) {
        if (inFlight === 0 && !held) continue;
        const usage = { inFlight: 0, active: 0, held: false };
        models.set(modelId, { ...usage, lastEndedAt });
        options.onTurn({ modelId, ...usage }, options.now());
        options.onChange(modelId);
      }
    },
  };
};
