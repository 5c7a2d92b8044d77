/** Memory on a real engine: what is expected, what is measured, who has to leave for whom, and how it is told afterwards. */
import { afterEach, describe, expect, it } from 'vitest';
import type { DeviceBytes } from '../../machines/devices.ts';
import type { DecisionView } from '../../src/contracts/views.ts';
import type { EngineApp } from '../support/engine-app.ts';
import { collect, eventsOf, startEngineApp } from '../support/engine-app.ts';
import { QUICK_POLICY, gone } from '../support/fake-app.ts';
import { tinyModel } from '../support/gguf.ts';

const MIB = 1024 * 1024;
let engine: EngineApp | null = null;
const start = async (...args: Parameters<typeof startEngineApp>): Promise<EngineApp> => {
  engine = await startEngineApp(...args);
  return engine;
};
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

const long = (word: string): string => `${Array.from({ length: 30 }, (_, n) => `${word}${n}`).join(' ')}.`;
const models = async (folder: string): Promise<void> => {
  for (const id of ['alpha', 'beta', 'gamma', 'delta'])
    await tinyModel(folder, `${id}.gguf`, { sentence: long(id), padToBytes: 10 * MIB, contextLength: 4096 });
};

/** A streamed answer; resolves with its number of events once it is over. */
const ask = (
  e: EngineApp,
  model: string,
  signal?: AbortSignal,
): Promise<{ ok: boolean; events: number; error: boolean }> =>
  e
    .post('/v1/chat/completions', { model, stream: true, messages: [{ role: 'user', content: 'Go' }] }, signal)
    .then(async (response) => {
      const events = await collect(eventsOf(response));
      return {
        ok: response.ok && events.at(-1) === '[DONE]',
        events: events.length,
        error: events.some((event) => event !== '[DONE]' && 'error' in event),
      };
    });
const decisions = (e: EngineApp): DecisionView[] => e.app.services.decisions.list(50).toReversed();
const story = (e: EngineApp): string[] => decisions(e).map(({ kind, modelId }) => `${modelId} ${kind}`);

describe('what a model takes', () => {
  it('is expected from its header, measured at its load, remembered, and told', async () => {
    const e = await start(models);
    const before = e.app.services.models.explain('alpha');
    expect(before).toMatchObject({ verdict: 'fits', memory: { measuredBytes: null }, contextTokens: { least: 4096 } });
    expect(before.parts).toMatchObject([{ device: 'main memory', measured: false }]);
    const expected = before.memory.estimatedBytes;
    const { memory } = await e.app.services.models.load('alpha', 'test');
    const measured = memory.measuredBytes as number;
    expect(measured).toBeGreaterThan(10 * MIB);
    // The weights are known to the byte; the rest is an estimate that errs upwards.
    expect(expected).toBeGreaterThanOrEqual(measured * 0.9);
    expect(expected).toBeLessThan(measured + 64 * MIB);
    await e.app.services.models.unload('alpha', 'test');
    await e.restart();
    const after = e.app.services.models.explain('alpha');
    expect(after.memory).toMatchObject({ measuredBytes: measured, estimatedBytes: measured });
    expect(after.parts).toMatchObject([{ measured: true }]);
    // Another context needs another cache, and that is worked out from what was measured.
    await e.app.services.models.update('alpha', { ctx_size: 65_536 }, 'test');
    const [part] = e.app.services.models.explain('alpha').parts;
    expect(part?.context).toBe((after.parts[0]?.context ?? 0) * 16);
  });
});

describe('the eviction story', () => {
  it('of three models, memory for two, a pinned one, a busy one and a queue', async () => {
    let limit = Number.POSITIVE_INFINITY;
    // The seam says what is free beside our own models.
    const freeMemory = (): DeviceBytes => {
      const ours = (engine?.app.services.models.list() ?? [])
        .filter(({ state }) => state === 'loaded' || state === 'stopping')
        .reduce((sum, { memory }) => sum + (memory.measuredBytes ?? memory.estimatedBytes), 0);
      return { ram: limit - ours, gpus: [] };
    };
    const e = await start(models, { freeMemory });
    const { models: service, config } = e.app.services;
    await config.update({ memoryReserve: 0, fairnessQuantum: 1 }, 'test');
    const need = service.explain('alpha').requiredBytes;
    // Two and a half.
    limit = 2.5 * need;
    await service.update('alpha', { pinned: true }, 'test');
    await service.load('alpha', 'test');
    await service.load('beta', 'test');

    // beta is idle and alpha pinned: beta would leave, and does.
    expect(service.explain('gamma')).toMatchObject({ verdict: 'evicts', evicts: ['beta'], present: 2 });
    expect(service.explain('gamma').reason).toMatch(/^beta leaves, .* to make room for gamma. It needs .* are free/);
    expect(await ask(e, 'gamma')).toMatchObject({ ok: true });
    expect(e.model('beta').state).toBe('unloaded');

    // gamma is busy without end: delta waits for a quantum, then gamma yields, finishes what it answers, and leaves.
    const answers: Promise<{ ok: boolean; error: boolean }>[] = [];
    let stream = true;
    const client = async (): Promise<void> => {
      while (stream) {
        const answer = ask(e, 'gamma');
        answers.push(answer);
        await answer;
      }
    };
    const clients = [client(), client()];
    await e.until('gamma', ({ inFlight }) => inFlight > 0);
    const waited = service.explain('delta');
    expect(['waits', 'evicts']).toContain(waited.verdict);
    const delta = await ask(e, 'delta');
    expect(delta).toMatchObject({ ok: true, error: false });
    stream = false;
    await Promise.all(clients);
    // Nobody's answer was broken off, and those that had to wait were served afterwards.
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ ok: true, error: false });
    expect(e.model('alpha').state).toBe('loaded');

    const told = story(e);
    expect(told.slice(0, 4)).toEqual(['alpha admitted', 'beta admitted', 'gamma queued', 'beta evicted']);
    expect(told).toContain('gamma evicted');
    expect(told.indexOf('gamma evicted')).toBeLessThan(told.indexOf('delta admitted'));
    expect(told.some((line) => line.startsWith('alpha ') && line !== 'alpha admitted')).toBe(false);
    expect(decisions(e).find(({ modelId, kind }) => modelId === 'gamma' && kind === 'admitted')).toMatchObject({
      evicts: ['beta'],
      requiredBytes: { ram: need },
    });
    const evicted = decisions(e).find(({ kind }) => kind === 'evicted');
    expect(evicted).toMatchObject({ modelId: 'beta', for: 'gamma', by: 'placement' });
    expect(evicted?.availableBytes?.ram).toBeLessThan(need);

    // What cannot fit beside the pinned one is refused with its numbers.
    limit = 1.5 * need;
    await expect(service.load('beta', 'test')).rejects.toMatchObject({
      code: 'DOES_NOT_FIT',
      details: { required: { ram: expect.any(Number) }, short: { ram: expect.any(Number) } },
    });
    // The story outlives the server.
    const before = decisions(e).map(({ id, reason }) => `${id} ${reason}`);
    await e.restart();
    expect(decisions(e).map(({ id, reason }) => `${id} ${reason}`)).toEqual(expect.arrayContaining(before));
  });
});

describe('time to live', () => {
  it('unloads a model that nobody has used since the end of its last request', async () => {
    const e = await start(models);
    await e.app.services.models.update('alpha', { ttl: 1 }, 'test');
    expect(await ask(e, 'alpha')).toMatchObject({ ok: true });
    const view = await e.until('alpha', ({ expiresAt, inFlight }) => inFlight === 0 && expiresAt !== null);
    expect(view.expiresAt).toBe((view.lastUsedAt ?? 0) + 1000);
    // Looking at it is no use of it.
    await fetch(`${e.app.routerUrl}/v1/models`);
    const { pid } = view;
    await e.until('alpha', ({ state }) => state === 'unloaded');
    await gone(pid as number);
    expect(decisions(e).at(-1)).toMatchObject({
      kind: 'evicted',
      by: 'ttl',
      reason: expect.stringContaining('idle for 1 s'),
    });
  });
});

describe('a model that cannot be started', () => {
  it('is tried as often as its budget allows, however often it is asked for', async () => {
    const e = await start((folder) => tinyModel(folder, 'broken.gguf'));
    // An adapter that is not there: only the engine finds out.
    await e.app.services.models.update('broken', { parameters: { lora: '/nowhere.gguf' } }, 'test');
    const refused = async (): Promise<string> => {
      const response = await e.post('/v1/completions', { model: 'broken', prompt: 'x' });
      expect([502, 503]).toContain(response.status);
      const view = e.model('broken');
      if (view.retryAt !== null) expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      return ((await response.json()) as { error: { message: string } }).error.message;
    };
    for (let request = 0; request < 10; request += 1) expect(await refused()).toMatch(/^broken failed: .{20}|.{30}/);
    const { failure } = await e.until('broken', ({ gaveUp }) => gaveUp);
    for (let request = 0; request < 10; request += 1) expect(await refused()).toContain(failure?.message);
    const told = story(e);
    expect(told.filter((line) => line === 'broken gave-up')).toHaveLength(1);
    expect(told.filter((line) => line === 'broken restarted').length).toBeLessThanOrEqual(QUICK_POLICY.budget);
    expect(told.filter((line) => line === 'broken admitted')).toHaveLength(1);
  });
});
