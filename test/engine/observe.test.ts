/** What is told of real requests to the real engine: history, metrics of both planes, requests of this moment, timeline. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ActivityView } from '../../src/contracts/activity.ts';
import type { EngineApp } from '../support/engine-app.ts';
import { collect, eventsOf, startEngineApp } from '../support/engine-app.ts';
import { tinyModel } from '../support/gguf.ts';
import { parsePrometheus, valueOf } from '../support/prometheus-text.ts';
import { connectClient } from '../support/socket-client.ts';

const MIB = 2 ** 20;
let engine: EngineApp;
beforeAll(async () => {
  engine = await startEngineApp(async (folder) => {
    await tinyModel(folder, 'tiny.gguf');
    await tinyModel(folder, 'slow.gguf', { padToBytes: 32 * MIB, contextLength: 262_144 });
  });
});
afterAll(() => engine.stop());

const messages = [{ role: 'user' as const, content: 'Who are you?' }];
const ENDLESS = { ignore_eos: true, max_tokens: 1_000_000 };

/** Empty until the router has told of it. */
const rows = (): ActivityView[] => engine.app.services.activity.list({ limit: 1000 }).requests;
const newest = (n: number): Promise<ActivityView> =>
  vi.waitFor(() => {
    const all = rows();
    if (all.length < n || all[0] === undefined) throw new Error(`${all.length} requests are known, not ${n}`);
    return all[0];
  });
const scrape = async (origin: string) => parsePrometheus(await (await fetch(`${origin}/metrics`)).text());
const routerValue = async (name: string, labels: Record<string, string> = {}): Promise<number> =>
  valueOf(await scrape(engine.app.routerUrl), name, labels);

describe('requests that end', () => {
  it('a chat is a row with its tokens and speeds, and the metrics say the same', async () => {
    const response = await engine.post('/v1/chat/completions', { model: 'tiny', messages, temperature: 0 });
    const { usage } = (await response.json()) as { usage: { prompt_tokens: number; completion_tokens: number } };
    const row = await newest(1);
    expect(row).toMatchObject({
      modelId: 'tiny',
      route: '/v1/chat/completions',
      status: 200,
      errorCode: null,
      streamed: false,
      promptTokens: usage.prompt_tokens,
      completionTokens: usage.completion_tokens,
      cancelled: false,
    });
    expect(row.tokensPerSecond).toBeGreaterThan(0);
    expect(row.promptTokensPerSecond).toBeGreaterThan(0);
    // It waited while the model was loaded.
    expect(row.queuedMs).toBeGreaterThan(10);
    expect(row.bytesIn).toBeGreaterThan(50);
    expect(row.bytesOut).toBeGreaterThan(200);
    const labels = { model: 'tiny', route: '/v1/chat/completions' };
    const families = await scrape(engine.app.routerUrl);
    expect(valueOf(families, 'llamactor_requests_total', { ...labels, status: '200' })).toBe(1);
    expect(valueOf(families, 'llamactor_tokens_prompt_total', labels)).toBe(usage.prompt_tokens);
    expect(valueOf(families, 'llamactor_tokens_completion_total', labels)).toBe(usage.completion_tokens);
    expect(valueOf(families, 'llamactor_queue_wait_seconds_sum', labels)).toBeCloseTo(row.queuedMs / 1000, 2);
    expect(valueOf(families, 'llamactor_tokens_per_second_count', labels)).toBe(1);
  });

  it('the same chat as a stream has a first token, and finds its prompt in the cache', async () => {
    const response = await engine.post('/v1/chat/completions', {
      model: 'tiny',
      messages,
      temperature: 0,
      stream: true,
    });
    const events = await collect(eventsOf(response));
    const row = await newest(2);
    expect(row).toMatchObject({ streamed: true, status: 200 });
    expect(row.cachedTokens).toBeGreaterThan(0);
    expect(row.promptTokens).toBe(rows()[1]?.promptTokens);
    expect(row.completionTokens).toBeGreaterThan(20);
    expect(Math.abs((row.completionTokens ?? 0) - events.length)).toBeLessThan(5);
    expect(row.firstByteMs).toBeLessThanOrEqual(row.durationMs);
    expect(await routerValue('llamactor_time_to_first_token_seconds_count')).toBe(1);
  });

  it('the engine’s refusal and an unknown model are errors, with their codes', async () => {
    await (await engine.post('/v1/embeddings', { model: 'tiny', input: 'x' })).text();
    expect(await newest(3)).toMatchObject({ modelId: 'tiny', status: 501, errorCode: 'engine_error' });
    await (await engine.post('/v1/chat/completions', { model: 'nobody', messages })).text();
    expect(await newest(4)).toMatchObject({ modelId: null, status: 404, errorCode: 'model_not_found' });
    expect(await routerValue('llamactor_errors_total', { code: 'engine_error' })).toBe(1);
    expect(await routerValue('llamactor_requests_total', { model: '(unknown)', status: '404' })).toBe(1);
    expect(rows().filter(({ captured }) => captured)).toEqual([]);
  });
});

describe('requests of this moment', () => {
  it('are listed while they stream, count as tokens per second, and end in band when cancelled', async () => {
    const { services } = engine.app;
    const response = await engine.post('/v1/chat/completions', { model: 'slow', messages, stream: true, ...ENDLESS });
    const events = eventsOf(response);
    await events.next();
    const { requests } = await services.requests.list();
    expect(requests).toMatchObject([{ modelId: 'slow', state: 'serving', streamed: true, position: null }]);
    await vi.waitFor(
      async () => {
        const { tokensPerSecond, modelTokensPerSecond } = await services.metrics.current();
        expect(tokensPerSecond).toBeGreaterThan(0);
        expect(modelTokensPerSecond).toHaveProperty('slow');
      },
      { timeout: 30_000, interval: 200 },
    );
    expect(await routerValue('llamactor_in_flight', { model: 'slow' })).toBe(1);
    await services.requests.cancel(requests[0]?.id ?? '');
    const rest = await collect(events);
    expect(rest.at(-1)).toMatchObject({ error: { code: 'request_cancelled' } });
    expect(await newest(5)).toMatchObject({ modelId: 'slow', errorCode: 'request_cancelled', cancelled: false });
    await expect(services.requests.cancel(requests[0]?.id ?? '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await services.requests.list()).toEqual({ requests: [], total: 0 });
    await engine.until('slow', ({ inFlight }) => inFlight === 0);
  });

  it('a client that leaves is counted as cancelled', async () => {
    const leave = new AbortController();
    const body = { model: 'slow', messages, stream: true, ...ENDLESS };
    const response = await engine.post('/v1/chat/completions', body, leave.signal);
    await eventsOf(response).next();
    leave.abort();
    expect(await newest(6)).toMatchObject({ cancelled: true, errorCode: null, status: 200 });
    expect(await routerValue('llamactor_cancelled_total', { model: 'slow' })).toBe(1);
  });
});

describe('bodies', () => {
  it('are captured only while that is switched on, bounded, and never on disk', async () => {
    const { services } = engine.app;
    await services.config.update({ captureBodies: true, captureBytes: 1024 }, 'test');
    const secret = `MARK ${'x'.repeat(3000)}`;
    const body = { model: 'tiny', messages: [{ role: 'user', content: secret }], max_tokens: 4 };
    const client = await connectClient(engine.app.url.replace('localhost', '127.0.0.1'));
    await client.ack('activity:subscribe');
    await (await engine.post('/v1/chat/completions', body)).text();
    const row = await newest(7);
    expect(row.captured).toBe(true);
    const capture = services.activity.capture(row.id);
    expect(capture.request).toMatchObject({ bytes: JSON.stringify(body).length, truncated: true, encoding: 'utf8' });
    expect(capture.request.body).toBe(JSON.stringify(body).slice(0, 1024));
    expect(capture.response).toMatchObject({ status: row.status, truncated: row.bytesOut > 1024 });
    // An earlier request's row may come in a batch of its own.
    await client.waitFor('activity:added', (added) => JSON.stringify(added).includes(`"id":"${row.id}"`));
    client.close();
    await services.config.update({ captureBodies: false }, 'test');
    expect(() => services.activity.capture(row.id)).toThrow(/captureBodies/);
    await (await engine.post('/v1/chat/completions', body)).text();
    expect(await newest(8)).toMatchObject({ captured: false });
  });
});

describe('models', () => {
  it('have a timeline, and the control plane counts what became of them', async () => {
    await engine.app.services.models.unload('slow', 'http');
    const { lanes } = engine.app.services.timeline.get(1);
    expect(lanes.map(({ modelId }) => modelId)).toEqual(['slow', 'tiny']);
    expect(lanes[0]?.spans).toMatchObject([
      { state: 'loading', by: 'router', reason: expect.any(String) as string },
      { state: 'loaded' },
      { state: 'stopping', by: 'http' },
      { state: 'unloaded' },
    ]);
    expect(lanes[0]?.spans[1]?.memory).toBeGreaterThan(0);
    expect(lanes[1]?.spans.at(-1)).toMatchObject({ state: 'loaded' });
    const families = await scrape(engine.app.url.replace('localhost', '127.0.0.1'));
    const value = (name: string, labels: Record<string, string> = {}): number => valueOf(families, name, labels);
    expect(value('llamactor_models', { state: 'loaded' })).toBe(1);
    expect(value('llamactor_model_loads_total', { model: 'slow' })).toBe(1);
    expect(value('llamactor_model_unloads_total', { model: 'slow' })).toBe(1);
    expect(value('llamactor_model_load_duration_seconds_count')).toBe(2);
    expect(value('llamactor_decisions_total', { kind: 'admitted' })).toBe(2);
    expect(value('llamactor_process_memory_bytes', { process: 'model:tiny' })).toBeGreaterThan(MIB);
    expect(value('llamactor_uptime_seconds')).toBeGreaterThan(1);
  });

  it('history and timeline survive a restart of the server, the prompts were never in them', async () => {
    const before = rows();
    await engine.restart();
    expect(rows()).toEqual(before);
    expect(engine.app.services.activity.summary({ hours: 1 })).toMatchObject({ count: 8, cancelled: 1, errors: 3 });
    expect(engine.app.services.timeline.get(1).lanes.map(({ modelId }) => modelId)).toEqual(['slow', 'tiny']);
    const file = join(engine.dataDir, 'activity', 'activity.jsonl');
    expect(existsSync(file)).toBe(true);
    expect(await readFile(file, 'utf8')).not.toMatch(/MARK|Who are you/);
  });
});
