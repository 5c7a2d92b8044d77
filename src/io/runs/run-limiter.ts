/** How many runs a user may ask for: so many in a window of time, in memory, or in Redis where several servers share it. */
import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

export interface RunLimiter {
  /** Counts one. Null when it is within the limit, else the time until the window ends, ms. */
  consume(userId: string): Promise<number | null>;
  close(): void;
}

/** Of seed 003, as the key `ws:claude:ratelimit:<user>`. */
const WINDOW = { keyPrefix: 'ws:claude:ratelimit', points: 10, duration: 60 };
/** A Redis that takes longer counts as down. */
const REDIS_MS = 500;

const connect = (url: string, onProblem: (message: string) => void): Redis => {
  const redis = new Redis(url, {
    // Whoever asks is let through rather than kept waiting.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: REDIS_MS,
    connectTimeout: 5000,
    retryStrategy: (attempt) => Math.min(attempt * 250, 5000),
  });
  let down = false;
  redis.on('ready', () => (down = false));
  redis.on('error', (error: Error) => {
    if (!down) onProblem(`Redis does not answer (${error.message}); runs are not limited until it does.`);
    down = true;
  });
  return redis;
};

/** `onProblem` gets one sentence for each time that Redis is lost. */
export const createRunLimiter = (options: {
  /** From REDIS_URL; null keeps the counts in memory. */
  redisUrl: string | null;
  onProblem(message: string): void;
}): RunLimiter => {
  const redis = options.redisUrl === null ? null : connect(options.redisUrl, options.onProblem);
  const limiter =
    redis === null
      ? new RateLimiterMemory(WINDOW)
      : new RateLimiterRedis({ ...WINDOW, storeClient: redis, rejectIfRedisNotReady: true });
  return {
    async consume(userId) {
      try {
        await limiter.consume(userId);
        return null;
      } catch (refusal) {
        // Anything else is a Redis that is down: the contract lets everybody through then.
        return refusal instanceof RateLimiterRes ? refusal.msBeforeNext : null;
      }
    },
    close: () => redis?.disconnect(),
  };
};
