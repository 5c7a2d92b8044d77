import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultDownloadPolicy, nextDownloads, retryDelay } from '../../machines/download-policy.ts';
import type { DownloadFailureCode, DownloadSlot } from '../../machines/download-policy.ts';

const failure = (code: DownloadFailureCode, retryAfterMs: number | null = null) => ({
  code,
  message: '',
  retryAfterMs,
});

describe('retryDelay', () => {
  it('doubles from a second to a minute, and ends with the budget', () => {
    const delays = Array.from({ length: 11 }, (_, index) =>
      retryDelay(defaultDownloadPolicy, index + 1, failure('NETWORK')),
    );
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000, null]);
  });

  it.each(['NOT_FOUND', 'GATED', 'BAD_SOURCE', 'WRONG_HASH', 'DISK_SPACE', 'DISK', 'EXISTS', 'UNEXPECTED'] as const)(
    '%s is not tried again',
    (code) => expect(retryDelay(defaultDownloadPolicy, 1, failure(code))).toBeNull(),
  );

  it('waits as long as the server asks, within an hour', () => {
    expect(retryDelay(defaultDownloadPolicy, 1, failure('RATE_LIMITED', 90_000))).toBe(90_000);
    expect(retryDelay(defaultDownloadPolicy, 3, failure('RATE_LIMITED', 1))).toBe(4000);
    expect(retryDelay(defaultDownloadPolicy, 1, failure('RATE_LIMITED', 86_400_000))).toBe(3_600_000);
  });
});

describe('nextDownloads', () => {
  const slots = fc
    .array(fc.constantFrom('waiting' as const, 'running' as const, 'paused' as const, 'ended' as const), {
      maxLength: 30,
    })
    .map((phases) => phases.map((phase, index): DownloadSlot => ({ id: String(index), phase })));

  it('never starts more than the limit, leaves no place empty while one waits, and keeps the order', () => {
    fc.assert(
      fc.property(slots, fc.integer({ min: 1, max: 16 }), (all, most) => {
        const next = nextDownloads(all, most);
        const running = all.filter(({ phase }) => phase === 'running').length;
        const waiting = all.filter(({ phase }) => phase === 'waiting').map(({ id }) => id);
        expect(next).toEqual(waiting.slice(0, next.length));
        expect(next.length).toBe(Math.min(waiting.length, Math.max(0, most - running)));
      }),
    );
  });
});
