/** Measurements on their way into charts. */
import { describe, expect, it } from 'vitest';
import { mergeSamples, withSample } from '../../web/state/samples.ts';
import { memoryShares } from '../../web/pages/home/memory-shares.ts';
import { chartsOf, sameMachine } from '../../web/pages/monitoring/charts.ts';
import { columnsOf, sourcesOf } from '../../web/pages/monitoring/series.ts';
import { sparklinePath } from '../../web/kit/sparkline-path.ts';
import { historyOf, sampleAt } from '../browser/fixture-data.ts';
import { aModel } from '../browser/fixture-models.ts';

const NOW = 1_764_000_000_000;
const MINUTE = 60_000;
const cpu = { label: 'CPU', read: (sample: { cpu: { usage: number } }) => sample.cpu.usage };

describe('samples', () => {
  it('become one list, oldest first, each moment once, none too old', () => {
    const [a, b, c] = [sampleAt(NOW - 20_000, []), sampleAt(NOW - 10_000, []), sampleAt(NOW, [])];
    const merged = mergeSamples([c, a], [b, { ...a, uptime: 7 }], NOW - 15_000);
    expect(merged).toEqual([b, c]);
    expect(mergeSamples([a], [{ ...a, uptime: 7 }], 0)).toEqual([{ ...a, uptime: 7 }]);
  });

  it('take a newer one at the end, and a late one in its place', () => {
    const [a, b, c] = [sampleAt(NOW - 20_000, []), sampleAt(NOW - 10_000, []), sampleAt(NOW, [])];
    expect(withSample([a], c)).toEqual([a, c]);
    expect(withSample([a, c], b)).toEqual([a, b, c]);
    const old = sampleAt(NOW - 25 * 60 * MINUTE, []);
    expect(withSample([old, a], c)).toEqual([a, c]);
  });
});

describe('columns', () => {
  it('hold only what lies in the range, in seconds', () => {
    const samples = historyOf(NOW, 1, []).toReversed();
    const [times, values] = columnsOf(samples, NOW - 5 * MINUTE, NOW, [cpu]);
    expect(times).toHaveLength(61);
    expect(times.at(-1)).toBe(NOW / 1000);
    expect(values).not.toContain(null);
  });

  it('are no finer than a screen, also over a day of two paces, and bridge no interruption', () => {
    const day = historyOf(NOW, 24, []).toReversed();
    const [times, values] = columnsOf(day, NOW - 1440 * MINUTE, NOW, [cpu]);
    expect(times.length).toBeLessThanOrEqual(481);
    expect(times.length).toBeGreaterThan(400);
    expect(values).not.toContain(null);
    const broken = day.filter(({ timestamp }) => timestamp < NOW - 10 * MINUTE || timestamp > NOW - 5 * MINUTE);
    const [, gappy] = columnsOf(broken, NOW - 15 * MINUTE, NOW, [cpu]);
    expect(gappy?.filter((value) => value === null)).toHaveLength(1);
  });

  it('are empty without samples', () => {
    expect(columnsOf([], 0, NOW, [cpu])).toEqual([[], []]);
  });

  it('name the server first, then the router, then models', () => {
    const models = [aModel('b', { pid: 2 }), aModel('a', { pid: 1 })];
    expect(sourcesOf([sampleAt(NOW, models)])).toEqual(['server', 'router', 'model:b', 'model:a']);
  });
});

describe('charts', () => {
  it('show a GPU only where there is one, and stay the same while the machine does', () => {
    const plain = sampleAt(NOW, []);
    const gpu = sampleAt(NOW, [], true);
    const titles = (newest: typeof plain | null) => chartsOf(newest, [], String).map(({ title }) => title);
    expect(titles(plain)).not.toContain('GPU memory');
    expect(titles(gpu)).toContain('GPU memory');
    expect(titles(null)).toContain('CPU');
    expect(sameMachine(gpu, sampleAt(NOW + MINUTE, [], true))).toBe(true);
    expect(sameMachine(gpu, plain)).toBe(false);
    expect(sameMachine(null, plain)).toBe(false);
  });

  it('draw small lines inside of their box', () => {
    expect(sparklinePath([], 100, 200, 40)).toBeNull();
    expect(sparklinePath([[1, 5]], 100, 200, 40)).toBeNull();
    expect(
      sparklinePath(
        [
          [0, 0],
          [10, 500],
        ],
        100,
        200,
        40,
      ),
    ).toEqual({ line: 'M0 39L200 1', area: 'M0 39L200 1L200 40L0 40Z' });
  });
});

describe('shares of the memory', () => {
  const memory = { used: 50, usedBytes: 500, totalBytes: 1000, availableBytes: 500 };
  const of = (source: string, bytes: number) => ({ source, pid: 1, cpu: 0, memory: bytes });

  it('are models by size, Llamactor, others and what is free, and make up the whole', () => {
    const shares = memoryShares({
      memory,
      processes: [of('server', 10), of('model:a', 100), of('router', 5), of('model:b', 200)],
    });
    expect(shares.map(({ key, bytes }) => [key, bytes])).toEqual([
      ['model:b', 200],
      ['model:a', 100],
      ['llamactor', 15],
      ['other', 185],
      ['free', 500],
    ]);
  });

  it('never exceed what is in use, although shared pages count twice', () => {
    const shares = memoryShares({ memory, processes: [of('model:a', 400), of('model:b', 300)] });
    expect(shares.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(1000);
    expect(shares.find(({ key }) => key === 'other')?.bytes).toBe(0);
  });
});
