/** Spans of a timeline as bars, and the times below them. */
import { describe, expect, it } from 'vitest';
import type { TimelineSpanView } from '../../src/contracts/activity.ts';
import { barsOf, barText, sumOf, ticksOf } from '../../web/pages/timeline/bars.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const span = (
  state: TimelineSpanView['state'],
  from: number,
  to: number,
  parts: Partial<TimelineSpanView> = {},
): TimelineSpanView => ({ state, from, to, ...parts });

describe('bars', () => {
  it('are cut to the window, and being unloaded is none', () => {
    const bars = barsOf(
      [
        span('loaded', 0, 40 * MINUTE),
        span('unloaded', 40 * MINUTE, 50 * MINUTE),
        span('loaded', 50 * MINUTE, 70 * MINUTE),
      ],
      30 * MINUTE,
      60 * MINUTE,
      80 * MINUTE,
    );
    expect(bars).toMatchObject([
      { state: 'loaded', from: 30 * MINUTE, to: 40 * MINUTE },
      { state: 'loaded', from: 50 * MINUTE, to: 60 * MINUTE },
    ]);
  });

  it('of what went on when the server was asked go on until now', () => {
    const spans = [span('loading', 0, MINUTE), span('loaded', MINUTE, 5 * MINUTE)];
    expect(barsOf(spans, 0, 9 * MINUTE, 5 * MINUTE).at(-1)).toMatchObject({ state: 'loaded', to: 9 * MINUTE });
    expect(sumOf(spans, 0, 9 * MINUTE, 5 * MINUTE)).toEqual({ loaded: 8 * MINUTE, loads: 1, failures: 0 });
  });

  it('that are too short to be seen apart become one, which shows the worst', () => {
    const swaps = Array.from({ length: 300 }, (_, index) => [
      span('loading', index * 2000, index * 2000 + 500),
      span(index === 200 ? 'error' : 'loaded', index * 2000 + 500, index * 2000 + 1500),
      span('stopping', index * 2000 + 1500, index * 2000 + 2000),
    ]).flat();
    const bars = barsOf(swaps, 0, 24 * HOUR, 25 * HOUR);
    expect(bars).toMatchObject([{ state: 'error', from: 0, to: 600_000 }]);
    expect(barText(bars[0] as (typeof bars)[number])).toContain('loading 300×, loaded 299×, stopping 300×, failed 1×');
  });

  it('keep their key while the window moves', () => {
    const spans = [span('loaded', 0, 50 * MINUTE)];
    const keys = (since: number): string[] => barsOf(spans, since, since + HOUR, 2 * HOUR).map(({ key }) => key);
    expect(keys(0)).toEqual(keys(10 * MINUTE));
  });

  it('say who asked and why', () => {
    const [bar] = barsOf(
      [span('loading', 0, MINUTE, { by: 'router', reason: 'It fits.', memory: 5_600_000_000 })],
      0,
      HOUR,
      2 * HOUR,
    );
    const lines = barText(bar as NonNullable<typeof bar>).split('\n');
    expect(lines[0]).toBe('Loading');
    expect(lines.slice(2)).toEqual(['5.6\u00a0GB of memory', 'because a request came', 'It fits.']);
  });
});

describe('times below', () => {
  const day = Date.UTC(2026, 0, 2);

  it.each([
    [5 * MINUTE, MINUTE],
    [15 * MINUTE, 5 * MINUTE],
    [HOUR, 10 * MINUTE],
    [6 * HOUR, HOUR],
    [24 * HOUR, 4 * HOUR],
  ])('of a window of %d ms are round and few', (width, step) => {
    const ticks = ticksOf(day + 1234, day + 1234 + width, 0);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThanOrEqual(7);
    expect(ticks.every((tick) => (tick - day) % step === 0)).toBe(true);
  });

  it('are round in the zone of the reader', () => {
    const ticks = ticksOf(day, day + 24 * HOUR, -330);
    expect(ticks.every((tick) => (tick + 330 * MINUTE) % (4 * HOUR) === 0)).toBe(true);
  });
});
