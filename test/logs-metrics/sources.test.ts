import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCpuUsage, machineCpuUsage, parseCpuTimes } from '../../src/io/metrics/cpu-usage.ts';
import { findGpus, parseNvidia } from '../../src/io/metrics/gpus.ts';
import { parseMemory } from '../../src/io/metrics/sources.ts';
import { createNetworkRate, parseNetworkTotals, readNetworkTotals } from '../../src/io/metrics/network-totals.ts';

let dir: string;
beforeEach(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), 'llamactor-sources-'));
});
afterEach(() => fs.rm(dir, { recursive: true, force: true }));

const DEV = [
  'Inter-|   Receive                                                |  Transmit',
  ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
  '    lo:    3193      38    0    0    0     0          0         0     3193      38    0    0    0     0       0          0',
  '  eth0:346093403  238923    0    0    0     0          0         0   738621   10000    0    0    0     0       0          0',
  'docker0:     500       1    0    0    0     0          0         0      600       1    0    0    0     0       0          0',
  '',
].join('\n');
const ROUTES = [
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
  'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
  'eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
].join('\n');

describe('network totals', () => {
  it('count the interface of the default route', () => {
    expect(parseNetworkTotals(DEV, ROUTES)).toEqual({ rx: 346_093_403, tx: 738_621 });
  });
  it('count all but loopback where there is no route', () => {
    expect(parseNetworkTotals(DEV, '')).toEqual({ rx: 346_093_903, tx: 739_221 });
  });
  it('can be read here', async () => {
    const { rx, tx } = await readNetworkTotals();
    expect(Number.isSafeInteger(rx)).toBe(true);
    expect(Number.isSafeInteger(tx)).toBe(true);
  });
  it('become bytes per second, zero at first and after the counters began anew', async () => {
    const totals = [
      { rx: 1_000, tx: 0 },
      { rx: 5_000, tx: 100 },
      { rx: 10, tx: 300 },
    ];
    let at = 0;
    const rate = createNetworkRate(
      async () => totals.shift() ?? { rx: 0, tx: 0 },
      () => (at += 2_000),
    );
    expect(await rate()).toEqual({ rx: 0, tx: 0 });
    expect(await rate()).toEqual({ rx: 2_000, tx: 50 });
    expect(await rate()).toEqual({ rx: 0, tx: 100 });
  });
});

describe('memory', () => {
  it('counts what programs can still get', () => {
    const meminfo = 'MemTotal:       1000 kB\nMemFree:         10 kB\nMemAvailable:    600 kB\n';
    expect(parseMemory(meminfo)).toEqual({ total: 1_024_000, available: 614_400 });
  });
  it('is asked for elsewhere where the kernel does not tell it', () => {
    expect(parseMemory('MemTotal:       1000 kB\nMemFree:         10 kB\n')).toBeNull();
  });
});

describe('processor usage', () => {
  it('counts waiting for a disk as idle and guests once', () => {
    const stat = 'cpu  100 10 40 800 50 5 15 30 70 7\ncpu0 100 10 40 800 50 5 15 30 70 7\n';
    expect(parseCpuTimes(stat)).toEqual({ idle: 850, total: 1050 });
  });
  it('refuses what is not the times of the processor', () => {
    expect(() => parseCpuTimes('')).toThrow('/proc/stat');
    expect(() => parseCpuTimes('intr 1 2 3 4\n')).toThrow('/proc/stat');
    expect(() => parseCpuTimes('cpu  1 2 x 4\n')).toThrow('/proc/stat');
  });
  it('is the part that was not idle since the reading before, and stays where nothing new is known', async () => {
    const readings = [
      { idle: 900, total: 1000 },
      { idle: 950, total: 1200 },
      { idle: 950, total: 1200 },
      { idle: 0, total: 10 },
      { idle: 0, total: 20 },
    ];
    const usage = createCpuUsage(async () => readings.shift() ?? { idle: 0, total: 0 });
    expect(await usage()).toBeCloseTo(10);
    expect(await usage()).toBeCloseTo(75);
    expect(await usage()).toBeCloseTo(75);
    expect(await usage()).toBeCloseTo(75);
    expect(await usage()).toBeCloseTo(100);
  });
  it('can be read here', async () => {
    const usage = await machineCpuUsage()();
    expect(usage).toBeGreaterThanOrEqual(0);
    expect(usage).toBeLessThanOrEqual(100);
  });
});

/** Puts a program of that name first in the path and counts how often it ran. */
const fakeNvidiaSmi = async (script: string): Promise<() => Promise<number>> => {
  const runs = path.join(dir, 'runs');
  await fs.writeFile(path.join(dir, 'nvidia-smi'), `#!/bin/sh\necho run >> ${runs}\n${script}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', `${dir}:${process.env['PATH'] ?? ''}`);
  return async () => (await fs.readFile(runs, 'utf8').catch(() => '')).split('\n').filter(Boolean).length;
};

describe.runIf(process.platform === 'linux')('GPUs', () => {
  const noCards = () => path.join(dir, 'none');

  it('are read from nvidia-smi where there is one', async () => {
    const runs = await fakeNvidiaSmi(
      'echo "NVIDIA GeForce RTX 4090, 37, 2048, 24564, 120.50, 450.00, 61"; echo "Odd, name, [N/A], 10, 20, [Not Supported], [N/A], 30"',
    );
    const read = await findGpus(noCards());
    expect(await read?.()).toEqual([
      {
        name: 'NVIDIA GeForce RTX 4090',
        usage: 37,
        memoryUsed: 2_048 * 1024 ** 2,
        memoryTotal: 24_564 * 1024 ** 2,
        powerUsage: 120.5,
        powerLimit: 450,
        temperature: 61,
      },
      {
        name: 'Odd, name',
        usage: null,
        memoryUsed: 10 * 1024 ** 2,
        memoryTotal: 20 * 1024 ** 2,
        powerUsage: null,
        powerLimit: null,
        temperature: 30,
      },
    ]);
    expect(await runs()).toBe(2);
  });

  it('are none when nvidia-smi is missing or finds no driver', async () => {
    vi.stubEnv('PATH', dir);
    expect(await findGpus(noCards())).toBeNull();
    await fakeNvidiaSmi('echo "NVIDIA-SMI has failed because it could not communicate with the driver"; exit 9');
    expect(await findGpus(noCards())).toBeNull();
  });

  it('are read from the files of the amdgpu driver', async () => {
    vi.stubEnv('PATH', dir);
    const device = path.join(dir, 'drm', 'card1', 'device');
    await fs.mkdir(path.join(device, 'hwmon', 'hwmon3'), { recursive: true });
    await fs.mkdir(path.join(dir, 'drm', 'card1-HDMI-A-1'));
    await fs.mkdir(path.join(dir, 'drm', 'card0', 'device'), { recursive: true });
    const values: Record<string, string> = {
      product_name: 'Radeon RX 7900',
      gpu_busy_percent: '42',
      mem_info_vram_used: '1000',
      mem_info_vram_total: '4000',
      'hwmon/hwmon3/power1_average': '75000000',
      'hwmon/hwmon3/temp1_input': '55000',
    };
    for (const [name, value] of Object.entries(values)) await fs.writeFile(path.join(device, name), `${value}\n`);
    const read = await findGpus(path.join(dir, 'drm'));
    expect(await read?.()).toEqual([
      {
        name: 'Radeon RX 7900',
        usage: 42,
        memoryUsed: 1_000,
        memoryTotal: 4_000,
        powerUsage: 75,
        powerLimit: null,
        temperature: 55,
      },
    ]);
  });

  it('come from nothing but whole lines', () => {
    expect(parseNvidia('')).toEqual([]);
    expect(parseNvidia('No devices were found\n')).toEqual([]);
  });
});
