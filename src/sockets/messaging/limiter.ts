/** So many events per minute and address. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

export interface EventLimiter {
  /** Counts an event. Null lets it pass, otherwise the seconds after which one passes again. */
  take(address: string): Promise<number | null>;
}

const WINDOW_S = 60;

/** `perMinute` is asked anew each time; 0 is no limit. */
export const createEventLimiter = (perMinute: () => number): EventLimiter => {
  let limiter: RateLimiterMemory | null = null;
  return {
    async take(address) {
      const points = perMinute();
      if (points === 0) return null;
      if (limiter?.points !== points) limiter = new RateLimiterMemory({ points, duration: WINDOW_S });
      try {
        await limiter.consume(address);
        return null;
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        return Math.max(1, Math.ceil(error.msBeforeNext / 1000));
      }
    },
  };
};
