import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DecisionView } from '../../src/contracts/views.ts';
import { redact } from '../../src/io/logs/redact.ts';
import { createCaptures } from '../../src/runtime/observe/captures.ts';
import { createServerMetrics } from '../../src/runtime/observe/server-metrics.ts';
import { openTimeline } from '../../src/runtime/observe/timeline.ts';
import { createTokenRate } from '../../src/runtime/observe/token-rate.ts';
import { memoryModel, memorySample } from '../support/memory-views.ts';
import { parsePrometheus, valueOf } from '../support/prometheus-text.ts';
import { finishedRequest } from './finished-request.ts';

describe('tokens per second', () => {
  it('counts streams as they flow, over the last five seconds', () => {
    let now = 100_000;
    const rate = createTokenRate(() => now);
    for (let second = 0; second < 10; second += 1) {
      now += 1000;
      rate.streamed({
        type: 'tokens',
        overMs: 1000,
        models: [
          { modelId: 'alpha', tokens: 50 },
          { modelId: 'beta', tokens: 10 },
        ],
      });
    }
    expect(rate.now()).toEqual({ tokensPerSecond: 60, modelTokensPerSecond: { alpha: 50, beta: 10 } });
    now += 2500;
    expect(rate.now().tokensPerSecond).toBe(30);
    now += 2500;
    expect(rate.now()).toEqual({ tokensPerSecond: 0, modelTokensPerSecond: {} });
  });

  it('spreads whole answers over their generation, and counts no stream twice', () => {
    const now = 100_000;
    const rate = createTokenRate(() => now);
    rate.finished([
      finishedRequest({ streamed: true, completionTokens: 1000 }),
      // 10 s of generation, of which the last five count.
      finishedRequest({ streamed: false, completionTokens: 1000, tokensPerSecond: 100, durationMs: 60_000 }),
      finishedRequest({ streamed: false, completionTokens: null }),
    ]);
    expect(rate.now()).toEqual({ tokensPerSecond: 100, modelTokensPerSecond: { alpha: 100 } });
  });
});

describe('captures', () => {
  const body = (text: string | Buffer, bytes?: number) => {
    const buffer = Buffer.from(text as string);
    return { headers: { 'x-note': 'Bearer abcdefgh1234' }, body: buffer, bytes: bytes ?? buffer.length };
  };
  const captured = (id: string, text: string | Buffer, bytes?: number) => ({
    id,
    at: 1,
    route: '/v1/chat/completions',
    request: body(text, bytes),
    response: { status: 200, ...body('{}') },
  });

  it('hide secrets in headers and bodies, and keep what is no text as base64', () => {
    const captures = createCaptures((text) => redact(text));
    captures.add(captured('a', '{"api_key":"verysecret1","messages":[]}', 100));
    expect(captures.get('a').request).toEqual({
      headers: { 'x-note': 'Bearer [hidden]' },
      body: '{"api_key":"[hidden]","messages":[]}',
      encoding: 'utf8',
      bytes: 100,
      truncated: true,
    });
    captures.add(captured('b', Buffer.from([0xff, 0xfe, 0x00])));
    expect(captures.get('b').request).toMatchObject({ body: '//4A', encoding: 'base64', truncated: false });
    // Cut in the middle of "ä".
    captures.add(captured('c', Buffer.from('aä').subarray(0, 2), 3));
    expect(captures.get('c').request).toMatchObject({ body: 'a', encoding: 'utf8', truncated: true });
  });

  it('are bounded by number and by bytes, the oldest leave first', () => {
    const captures = createCaptures((text) => text);
    for (let n = 0; n < 150; n += 1) captures.add(captured(`s${n}`, 'x'));
    expect(() => captures.get('s49')).toThrow(/captureBodies/);
    expect(captures.get('s50').id).toBe('s50');
    for (let n = 0; n < 30; n += 1) captures.add(captured(`l${n}`, 'x'.repeat(1024 * 1024)));
    const kept = Array.from({ length: 30 }, (_, n) => `l${n}`).filter((id) => {
      try {
        return captures.get(id).id === id;
      } catch {
        return false;
      }
    });
    expect(kept).toEqual(['l26', 'l27', 'l28', 'l29']);
    captures.clear();
    expect(() => captures.get('l29')).toThrow();
  });
});

describe('the timeline', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'llamactor-timeline-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));
  const HOUR = 3_600_000;
  const T = 1_000 * HOUR;

  it('makes spans of transitions, cut to the window, with who, why and how much', async () => {
    let now = T;
    const timeline = await openTimeline({ dataDir, now: () => now, log: () => undefined });
    timeline.note({ at: T, modelId: 'beta', state: 'loading', by: 'http', reason: 'There is room.' });
    timeline.note({ at: T + 1000, modelId: 'beta', state: 'loaded', by: 'http' });
    timeline.note({ at: T + 5000, modelId: 'alpha', state: 'loading', by: 'router' });
    timeline.note({ at: T + HOUR, modelId: 'beta', state: 'stopping', reason: 'It made room.', memory: 3e9 });
    timeline.note({ at: T + HOUR + 10, modelId: 'beta', state: 'unloaded' });
    timeline.note({ at: T + HOUR + 20, modelId: 'alpha', state: 'error', reason: 'Out of memory.' });
    now = T + HOUR + 1000;
    expect(timeline.get(24)).toEqual({
      from: now - 24 * HOUR,
      to: now,
      lanes: [
        {
          modelId: 'alpha',
          spans: [
            { state: 'loading', from: T + 5000, to: T + HOUR + 20, by: 'router' },
            { state: 'error', from: T + HOUR + 20, to: now, reason: 'Out of memory.' },
          ],
        },
        {
          modelId: 'beta',
          spans: [
            { state: 'loading', from: T, to: T + 1000, by: 'http', reason: 'There is room.' },
            { state: 'loaded', from: T + 1000, to: T + HOUR, by: 'http', memory: 3e9 },
            { state: 'stopping', from: T + HOUR, to: T + HOUR + 10, reason: 'It made room.', memory: 3e9 },
            { state: 'unloaded', from: T + HOUR + 10, to: now },
          ],
        },
      ],
    });
    const cut = timeline.get(0.5).lanes.find(({ modelId }) => modelId === 'beta');
    expect(cut?.spans[0]).toMatchObject({ state: 'loaded', from: now - 0.5 * HOUR });
    now += 2 * HOUR;
    expect(timeline.get(1).lanes.map(({ modelId }) => modelId)).toEqual(['alpha']);
    await timeline.close();
  });

  it('ends what a crash left open at the last sign of life, once and for all', async () => {
    let now = T;
    const first = await openTimeline({ dataDir, now: () => now, log: () => undefined });
    first.note({ at: T, modelId: 'alpha', state: 'loading' });
    first.note({ at: T + 500, modelId: 'alpha', state: 'loaded' });
    // Written, and then nothing more: as after a kill.
    await first.close();
    now = T + HOUR;
    for (let start = 0; start < 2; start += 1) {
      const again = await openTimeline({ dataDir, now: () => now, log: () => undefined });
      expect(again.get(24).lanes[0]?.spans).toMatchObject([
        { state: 'loading', to: T + 500 },
        { state: 'loaded', from: T + 500, to: T + 500 },
        { state: 'unloaded', from: T + 500, to: now, reason: 'The server ended without stopping it.' },
      ]);
      await again.close();
    }
  });
});

describe('what the control plane counts', () => {
  it('loads, unloads, evictions, swaps, restarts, failures and decisions; models that are gone go', () => {
    let now = 0;
    let models = [memoryModel('alpha', { state: 'loaded' }), memoryModel('beta')];
    const metrics = createServerMetrics({
      version: '1.2.3',
      now: () => now,
      models: () => models,
      sample: () => ({
        ...memorySample(1),
        processes: [{ source: 'model:alpha', pid: 1, cpu: 1, memory: 5e8 }],
        gpus: [
          {
            name: 'Card "A"',
            usage: null,
            memoryUsed: 7,
            memoryTotal: null,
            powerUsage: null,
            powerLimit: null,
            temperature: null,
          },
        ],
      }),
      engineVersion: () => '0.7.0',
      socketClients: () => 3,
    });
    const decided = (kind: DecisionView['kind'], modelId: string): void => metrics.decided({ kind, modelId });
    decided('admitted', 'alpha');
    metrics.moved('alpha', 'loading', null);
    now = 3000;
    metrics.moved('alpha', 'loaded', null);
    decided('evicted', 'alpha');
    metrics.moved('alpha', 'stopping', null);
    metrics.moved('alpha', 'unloaded', null);
    decided('admitted', 'beta');
    metrics.moved('beta', 'loading', null);
    metrics.moved('beta', 'error', 'OUT_OF_MEMORY');
    decided('restarted', 'beta');
    const families = parsePrometheus(metrics.text());
    const value = (name: string, labels: Record<string, string> = {}): number => valueOf(families, name, labels);
    expect(value('llamactor_build_info', { version: '1.2.3', node: process.version, engine: '0.7.0' })).toBe(1);
    expect(value('llamactor_models', { state: 'loaded' })).toBe(1);
    expect(value('llamactor_models', { state: 'error' })).toBe(0);
    expect(value('llamactor_model_load_duration_seconds_sum', { model: 'alpha' })).toBe(3);
    expect(value('llamactor_model_loads_total', { model: 'alpha' })).toBe(1);
    expect(value('llamactor_model_unloads_total', { model: 'alpha' })).toBe(1);
    expect(value('llamactor_model_evictions_total', { model: 'alpha' })).toBe(1);
    expect(value('llamactor_model_restarts_total', { model: 'beta' })).toBe(1);
    expect(value('llamactor_model_failures_total', { model: 'beta', code: 'OUT_OF_MEMORY' })).toBe(1);
    expect(value('llamactor_swaps_total')).toBe(1);
    expect(value('llamactor_decisions_total', { kind: 'admitted' })).toBe(2);
    expect(value('llamactor_process_memory_bytes', { process: 'model:alpha' })).toBe(5e8);
    expect(value('llamactor_gpu_memory_used_bytes', { gpu: '0', name: 'Card "A"' })).toBe(7);
    expect(value('llamactor_socket_clients')).toBe(3);
    models = models.slice(1);
    expect(valueOf(parsePrometheus(metrics.text()), 'llamactor_model_loads_total', { model: 'alpha' })).toBe(0);
    metrics.close();
  });
});
