import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { bytesProgress, throttleProgress } from '../../src/io/engine/progress.ts';
import type { EngineProgress } from '../../src/io/engine/index.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('passes on ten a second, always the newest, and the last one at the end', () => {
  const sent: number[] = [];
  const { report, finish } = throttleProgress((progress) => sent.push(progress.receivedBytes));
  for (let at = 0; at <= 995; at += 5) {
    report(bytesProgress('x', at, 1000));
    vi.advanceTimersByTime(5);
  }
  expect(sent[0]).toBe(0);
  expect(sent.length).toBeLessThanOrEqual(11);
  expect(sent.length).toBeGreaterThanOrEqual(9);
  expect(sent).toEqual([...sent].sort((one, other) => one - other));

  report(bytesProgress('x', 1000, 1000));
  finish();
  expect(sent.at(-1)).toBe(1000);
  const count = sent.length;
  report(bytesProgress('x', 1, 1000));
  vi.advanceTimersByTime(1000);
  expect(sent).toHaveLength(count);
});

it('sends at once after a pause, and nothing twice', () => {
  const sent: EngineProgress[] = [];
  const { report } = throttleProgress((progress) => sent.push(progress));
  report(bytesProgress('a', 0, null));
  vi.advanceTimersByTime(500);
  expect(sent).toHaveLength(1);
  report(bytesProgress('b', 0, null));
  expect(sent.map((progress) => progress.stage)).toEqual(['a', 'b']);
});

it('knows no percent without a total', () => {
  expect(bytesProgress('x', 5, null).percent).toBeNull();
  expect(bytesProgress('x', 0, 0).percent).toBeNull();
  expect(bytesProgress('x', 999, 1000).percent).toBe(99);
  expect(bytesProgress('x', 1200, 1000).percent).toBe(100);
});
