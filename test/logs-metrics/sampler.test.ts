import { spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { MetricsView } from '../../src/contracts/views.ts';
import { createSampler, type Sampler, type SamplerOptions } from '../../src/io/metrics/sampler.ts';
import { sampleAt } from './samples.ts';

const samplers: Sampler[] = [];
afterEach(() => {
  for (const sampler of samplers.splice(0)) sampler.stop();
  vi.useRealTimers();
});

const make = (options: Partial<SamplerOptions> = {}): Sampler => {
  const sampler = createSampler({
    diskPath: os.tmpdir(),
    processes: () => [{ source: 'server', pid: process.pid }],
    activeModels: () => 2,
    requestsPerMinute: () => 7,
    tokenRate: () => ({ tokensPerSecond: 12.5, modelTokensPerSecond: { alpha: 12.5 } }),
    ...options,
  });
  samplers.push(sampler);
  return sampler;
};

const { cpu, memory, disk, network } = sampleAt(0);
const quiet: SamplerOptions['sources'] = {
  cpu: async () => cpu,
  memory: async () => memory,
  disk: async () => disk,
  network: async () => network,
  gpus: async () => [],
  processes: async () => [],
};

const within = (value: number, least: number, most: number): void => {
  expect(value).toBeGreaterThanOrEqual(least);
  expect(value).toBeLessThanOrEqual(most);
};

describe('a sample of this machine', () => {
  it('holds believable numbers', async () => {
    const sampler = make();
    expect(sampler.current()).toBeNull();
    await sampler.sampleNow();
    const sample = await sampler.sampleNow();
    expect(sampler.current()).toBe(sample);
    within(sample.cpu.usage, 0, 100);
    expect(sample.cpu.cores).toBe(os.cpus().length);
    within(sample.memory.used, 0.1, 100);
    within(sample.memory.totalBytes, os.totalmem() * 0.9, os.totalmem() * 1.1);
    expect(sample.memory.usedBytes + sample.memory.availableBytes).toBe(sample.memory.totalBytes);
    within(sample.disk.used, 0, 100);
    expect(sample.disk.totalBytes).toBeGreaterThan(sample.disk.usedBytes);
    within(sample.network.rx, 0, 1e12);
    within(sample.network.tx, 0, 1e12);
    expect(sample.processes).toMatchObject([{ source: 'server', pid: process.pid }]);
    within(sample.processes[0]?.memory ?? 0, 1e7, os.totalmem());
    expect(sample).toMatchObject({
      activeModels: 2,
      requestsPerMinute: 7,
      tokensPerSecond: 12.5,
      modelTokensPerSecond: { alpha: 12.5 },
    });
    within(Math.abs(Date.now() - sample.timestamp), 0, 60_000);
  });

  it('sees a busy process and leaves out one that has gone, alone or with others', async () => {
    const busy = spawn(process.execPath, ['-e', 'for (;;) {}'], { stdio: 'ignore' });
    const gone = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    await Promise.all([once(busy, 'spawn'), once(gone, 'exit')]);
    try {
      const log = vi.fn();
      let watched = [
        { source: 'model:busy', pid: busy.pid ?? 0 },
        { source: 'model:gone', pid: gone.pid ?? 0 },
      ];
      const real = make({ processes: () => watched, log });
      await vi.waitFor(async () => {
        const { processes } = await real.sampleNow();
        expect(processes.map((one) => one.source)).toEqual(['model:busy']);
        expect(processes[0]?.cpu).toBeGreaterThan(5);
      }, 10_000);
      watched = watched.slice(1);
      expect((await real.sampleNow()).processes).toEqual([]);
      expect(log).not.toHaveBeenCalled();
    } finally {
      busy.kill('SIGKILL');
    }
  });
});

describe('the sampling loop', () => {
  it('never overlaps itself and announces each sample once, with strictly increasing times', async () => {
    let running = 0;
    let most = 0;
    const seen: MetricsView[] = [];
    const sampler = make({
      now: () => 1_000,
      sources: {
        ...quiet,
        cpu: async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise(setImmediate);
          running -= 1;
          return cpu;
        },
      },
    });
    sampler.subscribe((sample) => seen.push(sample));
    const both = await Promise.all([sampler.sampleNow(), sampler.sampleNow()]);
    expect(both[0]).toBe(both[1]);
    await sampler.sampleNow();
    await sampler.sampleNow();
    expect(most).toBe(1);
    expect(seen.map((one) => one.timestamp)).toEqual([1_000, 1_001, 1_002]);
    expect(sampler.history().map((one) => one.timestamp)).toEqual([1_002, 1_001, 1_000]);
  });

  it('keeps its interval, follows a change of it at once, and is silent after stop', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    const sampler = make({ intervalMs: 2_000, sources: quiet });
    const seen = vi.fn();
    const leave = sampler.subscribe(seen);
    sampler.start();
    sampler.start();
    await vi.advanceTimersByTimeAsync(1);
    expect(seen).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(seen).toHaveBeenCalledTimes(6);
    sampler.setInterval(10_000);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(seen).toHaveBeenCalledTimes(6);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(seen).toHaveBeenCalledTimes(7);
    sampler.setInterval(1);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(seen).toHaveBeenCalledTimes(10);
    leave();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(seen).toHaveBeenCalledTimes(10);
    sampler.subscribe(seen);
    sampler.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(seen).toHaveBeenCalledTimes(10);
    sampler.start();
    await vi.advanceTimersByTimeAsync(1);
    expect(seen).toHaveBeenCalledTimes(11);
  });

  it('does not announce a sample that ends after stop', async () => {
    let finish: (value: MetricsView['cpu']) => void = () => undefined;
    const sampler = make({ sources: { ...quiet, cpu: () => new Promise((resolve) => (finish = resolve)) } });
    const seen = vi.fn();
    sampler.subscribe(seen);
    const last = sampler.sampleNow();
    sampler.stop();
    finish(cpu);
    await last;
    expect(seen).not.toHaveBeenCalled();
    expect(sampler.current()).toBeNull();
  });

  it('goes on when a subscriber throws, and names it once', async () => {
    const log = vi.fn();
    const sampler = make({ sources: quiet, log });
    const seen = vi.fn();
    sampler.subscribe(() => {
      throw new Error('broken chart');
    });
    sampler.subscribe(seen);
    await sampler.sampleNow();
    await sampler.sampleNow();
    expect(seen).toHaveBeenCalledTimes(2);
    expect(log).toHaveBeenCalledTimes(1);
  });

  it('shows the history of an earlier run behind its own', async () => {
    const sampler = make({ sources: quiet, now: () => 10_000_000 });
    sampler.importHistory([sampleAt(9_000_000)]);
    await sampler.sampleNow();
    expect(sampler.history({ limit: 5 }).map((one) => one.timestamp)).toEqual([10_000_000, 9_000_000]);
    expect(sampler.exportHistory().map((one) => one.timestamp)).toEqual([9_000_000, 10_000_000]);
  });
});

describe('a source that fails', () => {
  it('leaves its last value, is named once, and again only after it has worked', async () => {
    const log = vi.fn();
    let broken = false;
    const sampler = make({
      log,
      sources: {
        ...quiet,
        memory: async () => {
          if (broken) throw new Error('no /proc/meminfo');
          return memory;
        },
      },
    });
    expect((await sampler.sampleNow()).memory).toEqual(memory);
    broken = true;
    expect((await sampler.sampleNow()).memory).toEqual(memory);
    expect((await sampler.sampleNow()).memory).toEqual(memory);
    expect(log.mock.calls).toEqual([['warn', expect.stringContaining('no /proc/meminfo')]]);
    broken = false;
    await sampler.sampleNow();
    broken = true;
    await sampler.sampleNow();
    expect(log).toHaveBeenCalledTimes(2);
  });

  it('shows zero when it never worked, and a failing callback of the caller counts as a source', async () => {
    const log = vi.fn();
    const fail = (): never => {
      throw new Error('broken');
    };
    const sampler = make({ log, activeModels: fail, processes: fail, sources: { ...quiet, cpu: async () => fail() } });
    expect(await sampler.sampleNow()).toMatchObject({ cpu: { usage: 0 }, activeModels: 0, processes: [], network });
    expect(log).toHaveBeenCalledTimes(3);
  });

  it('that hangs costs one deadline and is not called again until it answers', async () => {
    const log = vi.fn();
    let answer: (value: MetricsView['disk']) => void = () => undefined;
    const hanging = vi.fn(() => new Promise<MetricsView['disk']>((resolve) => (answer = resolve)));
    const sampler = make({ log, sourceTimeoutMs: 20, sources: { ...quiet, disk: hanging } });
    expect((await sampler.sampleNow()).disk.totalBytes).toBe(0);
    await sampler.sampleNow();
    expect(hanging).toHaveBeenCalledTimes(1);
    expect(log.mock.calls).toEqual([['warn', expect.stringContaining('no answer within 20 ms')]]);
    answer(disk);
    await vi.waitFor(async () => expect((await sampler.sampleNow()).disk).toEqual(disk));
  });
});
