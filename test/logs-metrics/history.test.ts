import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MetricsView } from '../../src/contracts/views.ts';
import { createHistory } from '../../src/io/metrics/history.ts';
import { storeHistory } from '../../src/io/metrics/stored-history.ts';
import { sampleAt } from './samples.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2030, 0, 1);

const times = (samples: MetricsView[]): number[] => samples.map((one) => one.timestamp);

describe('the history of metrics', () => {
  it('lists the newest first, within limit and hours', () => {
    const history = createHistory();
    for (let i = 0; i < 10; i += 1) history.add(sampleAt(START + i * 10 * MINUTE));
    const now = START + 90 * MINUTE;
    expect(times(history.list({ limit: 2 }, now))).toEqual([START + 90 * MINUTE, START + 80 * MINUTE]);
    expect(times(history.list({ hours: 0.5 }, now))).toHaveLength(4);
    expect(history.list({ limit: 0 }, now)).toEqual([]);
  });

  it('keeps a day of two-second samples in bounded space: each of the last hour, one a minute before', () => {
    const history = createHistory();
    const count = (26 * HOUR) / 2_000;
    for (let i = 0; i < count; i += 1) history.add(sampleAt(START + i * 2_000));
    const now = START + 26 * HOUR;
    const listed = times(history.list({ limit: 1e6 }, now));
    const lastHour = listed.filter((at) => at >= now - HOUR);
    expect(lastHour).toHaveLength(1_800);
    expect(listed.length).toBeLessThan(1_800 * 1.2 + 24 * 60);
    expect(Math.min(...listed)).toBeGreaterThanOrEqual(now - 24 * HOUR);
    expect(Math.min(...listed)).toBeLessThan(now - 23.9 * HOUR);
    expect(listed).toEqual([...new Set(listed)].sort((a, b) => b - a));
    expect(history.export().length).toBeLessThanOrEqual(24 * 60 + 1);
  });

  it('keeps the mean of a minute for what jumps about, and its last time', () => {
    const history = createHistory();
    history.add(sampleAt(START, 0));
    history.add(sampleAt(START + 20_000, 100));
    history.add(sampleAt(START + 40_000, 20));
    history.add(sampleAt(START + MINUTE, 5));
    const [first, second] = history.export();
    expect(first).toMatchObject({ cpu: { usage: 40 }, network: { rx: 10, tx: 20 }, timestamp: START + 40_000 });
    expect(second).toMatchObject({ cpu: { usage: 5 } });
  });

  it('takes over an earlier run without doubling, without the stale and without the future', () => {
    const earlier = createHistory();
    for (let i = 0; i < 5; i += 1) earlier.add(sampleAt(START + i * MINUTE));
    const history = createHistory();
    const now = START + 10 * MINUTE;
    history.import([...earlier.export(), sampleAt(START - 25 * HOUR), sampleAt(now + HOUR)], now);
    history.add(sampleAt(now));
    expect(times(history.list({}, now))).toEqual([now, ...[4, 3, 2, 1, 0].map((i) => START + i * MINUTE)]);
    expect(times(history.export())).toHaveLength(6);
  });
});

describe('the stored history', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await fs.mkdtemp(path.join(os.tmpdir(), 'llamactor-metrics-'));
  });
  afterEach(() => fs.rm(dir, { recursive: true, force: true }));

  const keeper = (samples: MetricsView[]) => ({
    exportHistory: () => samples,
    importHistory: vi.fn<(samples: readonly MetricsView[]) => void>(),
  });
  const onDamaged = vi.fn();

  it('comes back after a restart', async () => {
    const file = path.join(dir, 'metrics.json');
    const gpu = {
      name: 'x',
      usage: 1,
      memoryUsed: null,
      memoryTotal: 2,
      powerUsage: null,
      powerLimit: null,
      temperature: 50,
    };
    const samples = [sampleAt(1), { ...sampleAt(2), gpu, gpus: [gpu] }];
    const first = keeper(samples);
    const stored = await storeHistory({ path: file, sampler: first, onDamaged });
    expect(first.importHistory).toHaveBeenCalledWith([]);
    await stored.stop();
    const second = keeper([]);
    const again = await storeHistory({ path: file, sampler: second, onDamaged });
    expect(second.importHistory).toHaveBeenCalledWith(samples);
    await again.stop();
    expect(onDamaged).not.toHaveBeenCalled();
  });

  it('is saved again and again', async () => {
    const file = path.join(dir, 'metrics.json');
    const stored = await storeHistory({ path: file, sampler: keeper([sampleAt(1)]), onDamaged, saveEveryMs: 10 });
    await vi.waitFor(async () => expect(await fs.readFile(file, 'utf8')).toContain('"timestamp":1'));
    await stored.stop();
  });

  it('does without the disk when that refuses, and says so', async () => {
    const log = vi.fn();
    const stored = await storeHistory({
      path: path.join(dir, 'sub', 'metrics.json'),
      sampler: keeper([sampleAt(1)]),
      onDamaged,
      log,
    });
    await fs.rm(path.join(dir, 'sub'), { recursive: true });
    await stored.stop();
    expect(log).toHaveBeenCalledWith('warn', expect.stringContaining('metrics.json could not be saved'));
  });
});
