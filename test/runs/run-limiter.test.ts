/** S31: ten runs in 60 s for each user, in memory and in a real Redis. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRunLimiter } from '../../src/io/runs/run-limiter.ts';
import type { RunLimiter } from '../../src/io/runs/run-limiter.ts';
import { startRedis } from '../support/redis.ts';
import type { TestRedis } from '../support/redis.ts';
import { startRunsApp } from '../support/runs-app.ts';

const problems: string[] = [];
const make = (redisUrl: string | null): RunLimiter =>
  createRunLimiter({ redisUrl, onProblem: (message) => problems.push(message) });
beforeEach(() => void problems.splice(0));

const spend = async (limiter: RunLimiter, userId: string, count: number): Promise<(number | null)[]> => {
  const waits = [];
  for (let asked = 0; asked < count; asked += 1) waits.push(await limiter.consume(userId));
  return waits;
};
const TEN = Array<null>(10).fill(null);

describe('in memory', () => {
  afterEach(() => vi.useRealTimers());

  it('S31 lets ten through, then says when the window ends, and begins a new one then', async () => {
    vi.useFakeTimers();
    const limiter = make(null);
    expect(await spend(limiter, 'ana', 10)).toEqual(TEN);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await limiter.consume('ana')).toBe(40_000);
    expect(await spend(limiter, 'ben', 10)).toEqual(TEN);
    await vi.advanceTimersByTimeAsync(39_999);
    expect(await limiter.consume('ana')).toBe(1);
    await vi.advanceTimersByTimeAsync(2);
    expect(await spend(limiter, 'ana', 10)).toEqual(TEN);
    expect(await limiter.consume('ana')).toBe(60_000);
  });
});

describe('in Redis', () => {
  let redis: TestRedis;
  const limiters: RunLimiter[] = [];
  const connected = async (): Promise<RunLimiter> => {
    const limiter = make(redis.url);
    limiters.push(limiter);
    // Nobody is limited until it is connected.
    const probe = randomUUID();
    await vi.waitFor(async () => {
      await limiter.consume(probe);
      expect(await redis.client.exists(`ws:claude:ratelimit:${probe}`)).toBe(1);
    });
    return limiter;
  };
  beforeAll(async () => {
    redis = await startRedis();
    await redis.client.connect();
  }, 600_000);
  afterEach(() => {
    for (const limiter of limiters.splice(0)) limiter.close();
  });
  afterAll(() => redis.close());

  it('S31 counts under the seed’s key, for all servers together, in a window of 60 s', async () => {
    const [one, other] = [await connected(), await connected()];
    await spend(one, 'ana', 6);
    expect(await spend(other, 'ana', 4)).toEqual([null, null, null, null]);
    for (const limiter of [one, other]) {
      const wait = await limiter.consume('ana');
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(60_000);
    }
    expect(Number(await redis.client.get('ws:claude:ratelimit:ana'))).toBeGreaterThanOrEqual(10);
    // The end of the window, without waiting for it.
    await redis.client.pexpire('ws:claude:ratelimit:ana', 1);
    await vi.waitFor(async () => expect(await one.consume('ana')).toBeNull());
  });

  it('S31 lets everybody through while it is down, says so once, and counts again when it is back', async () => {
    const limiter = await connected();
    await spend(limiter, 'ben', 10);
    expect(await limiter.consume('ben')).not.toBeNull();
    await redis.kill();
    await vi.waitFor(async () => expect(await limiter.consume('ben')).toBeNull());
    expect(await spend(limiter, 'ben', 20)).toEqual(Array(20).fill(null));
    await vi.waitFor(() => expect(problems).toEqual([expect.stringContaining('Redis does not answer')]));
    await redis.start();
    await vi.waitFor(async () => expect(await limiter.consume('ben')).not.toBeNull(), { timeout: 20_000 });
    expect(problems).toHaveLength(1);
  });

  it('S31 the server uses the Redis of REDIS_URL, and starts and stops without one that answers', async () => {
    const runs = await startRunsApp({ env: { REDIS_URL: redis.url } });
    try {
      const ana = await runs.user('cleo');
      await vi.waitFor(async () => {
        expect(await ana.ack('claude:execute', { prompt: 'x' })).toMatchObject({ success: true });
        expect(await redis.client.exists('ws:claude:ratelimit:cleo')).toBe(1);
      });
      await redis.client.set('ws:claude:ratelimit:cleo', 10, 'EX', 60);
      expect(await ana.ack('claude:execute', { prompt: 'x' })).toMatchObject({ success: false, code: 'RATE_LIMITED' });
      await redis.kill();
      await vi.waitFor(async () =>
        expect(await ana.ack('claude:execute', { prompt: 'x' })).toMatchObject({ success: true }),
      );
    } finally {
      await runs.stop();
      await redis.start();
    }
  });
});
