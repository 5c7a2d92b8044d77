/** `live:subscribe`, the flood limit of the log, metrics intervals, and bulk changes. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LiveChangeView, ModelView, SnapshotView } from '../../src/contracts/views.ts';
import { modelForA, modelForB } from '../../src/projections/dialects.ts';
import { createLogFlood } from '../../src/sockets/log-flood.ts';
import { createMemoryServices } from '../support/memory-services.ts';
import type { MemoryServices } from '../support/memory-services.ts';
import { startTransports } from '../support/server.ts';
import { connectClient, fence } from '../support/socket-client.ts';
import type { TestClient } from '../support/socket-client.ts';

type Fields = Record<string, unknown>;
const fields = (value: unknown): Fields => value as Fields;

describe('broadcasts', () => {
  let services: MemoryServices;
  let server: Awaited<ReturnType<typeof startTransports>>;
  let client: TestClient;
  let other: TestClient;
  const write = (message: string): void => services.logs.write('info', 'server', message);

  beforeEach(async () => {
    services = createMemoryServices();
    server = await startTransports({ services });
    client = await connectClient(server.url);
    other = await connectClient(server.url);
  });
  afterEach(async () => {
    client.close();
    other.close();
    await server.close();
  });

  it('activity: finished requests reach those who asked for them, and nobody else', async () => {
    services.control.finish('before');
    expect(await client.ack('activity:subscribe')).toMatchObject({ success: true, data: { subscribed: true } });
    services.control.finish('one', { modelId: 'beta' });
    const added = await client.waitFor('activity:added');
    expect(added).toMatchObject({ data: { requests: [{ id: 'one', modelId: 'beta' }], skipped: 0 } });
    await client.request('activity:unsubscribe');
    services.control.finish('after');
    await fence(write, [client, other]);
    expect(client.of('activity:added')).toHaveLength(1);
    expect(other.of('activity:added')).toHaveLength(0);
  });

  it('live: a snapshot, then every increment, without a gap or a repetition, while changes pour in', async () => {
    let n = 0;
    let open = true;
    const pour = (): void => {
      n += 1;
      services.control.tick('alpha', { progress: n % 100, state: 'loading' });
      if (open) setImmediate(pour);
    };
    pour();
    const reply = await client.ack('live:subscribe');
    const snapshot = (reply.success ? reply.data : null) as SnapshotView;
    await vi.waitFor(() => expect(client.of('live:change').length).toBeGreaterThan(20));
    open = false;
    await fence(write, [client]);
    const changes = client.of('live:change') as unknown as LiveChangeView[];
    expect(changes[0]?.seq).toBe(snapshot.seq + 1);
    changes.forEach((change, index) => expect(change.seq).toBe(snapshot.seq + 1 + index));
    const firstProgress = (changes[0]?.changes[0] as { model: ModelView }).model.progress;
    const before = snapshot.models.find((model) => model.id === 'alpha')?.progress ?? 0;
    expect(firstProgress).toBe((before + 1) % 100);
    expect(other.of('live:change')).toEqual([]);
  });

  it('live: unsubscribe ends it', async () => {
    await client.ack('live:subscribe');
    await client.ack('live:unsubscribe');
    services.control.tick('alpha', { progress: 5 });
    await fence(write, [client]);
    expect(client.of('live:change')).toEqual([]);
  });

  it('progress and use reach live clients only', async () => {
    await client.ack('live:subscribe');
    services.control.tick('alpha', { inFlight: 3, lastUsedAt: 7 });
    await fence(write, [client, other]);
    expect(client.of('live:change')).toHaveLength(1);
    expect(other.of('models:updated')).toEqual([]);
    expect(other.of('models:status')).toEqual([]);
  });

  it('a bulk change sends one models:updated per model, up to a limit, and the list', async () => {
    services.control.tick('alpha', { ctx_size: 1 });
    services.control.tick('beta', { ctx_size: 1 });
    await client.waitFor('models:list');
    expect(client.of('models:updated').map((payload) => fields(payload['model'])['id'])).toEqual(['alpha', 'beta']);
    client.forget();
    for (let index = 0; index < 300; index += 1) services.control.addFile(`many-${index}.gguf`);
    await other.ack('models:scan');
    const listed = await client.waitFor('models:list');
    expect(listed['models']).toHaveLength(303);
    await fence(write, [client]);
    expect(client.of('models:created')).toHaveLength(300);
    expect(client.of('models:updated')).toHaveLength(1);
  });

  it('a model that vanishes is told to both dialects, also when it was the last', async () => {
    for (const id of ['alpha', 'beta', 'gamma']) services.control.vanish(id);
    await client.waitFor('models:deleted', (payload) => payload['modelId'] === 'gamma');
    expect(client.of('models:updated').length).toBeGreaterThan(0);
    for (const payload of client.of('models:updated')) {
      expect(payload['models']).toEqual([]);
      expect(fields(payload['data'])['model']).toBeDefined();
    }
    // The deletions come last, so that nobody keeps the model that came with the updates.
    const events = client.received.map((message) => message.event);
    expect(events.lastIndexOf('models:updated')).toBeLessThan(events.indexOf('models:deleted'));
  });

  it('a router that crashes is an error with its cause, for everyone', async () => {
    const failure = {
      code: 'CRASHED' as const,
      message: 'The router ended.',
      stderr: [],
      exitCode: 1,
      signal: null,
      at: 1,
    };
    services.control.setRouter({ state: 'error', running: false, failure });
    for (const each of [client, other]) {
      expect(await each.waitFor('router:status')).toMatchObject({
        status: 'error',
        error: 'The router ended.',
        running: false,
      });
      expect(await each.waitFor('llama:status')).toMatchObject({ status: 'error', lastError: 'The router ended.' });
    }
  });

  it('requests in flight are no router:status', async () => {
    services.control.setRouter({ inFlight: 5 });
    await fence(write, [client]);
    expect(client.of('router:status')).toEqual([]);
  });

  it('dialect views are made once per view', () => {
    const [model] = services.models.list();
    if (model === undefined) throw new Error('no model');
    expect(modelForA(model)).toBe(modelForA(model));
    expect(modelForB(model)).toBe(modelForB(model));
    expect(modelForA({ ...model, state: 'loaded' }).status).toBe('loaded');
    expect(modelForB({ ...model, state: 'stopping' }).status).toBe('running');
  });

  it('metrics: everyone at the common interval, one socket at its own, on the samples’ clock', async () => {
    expect(services.control.demands()).toEqual([10_000]);
    await client.ack('metrics:subscribe', { interval: 2000 });
    expect(services.control.demands()).toEqual([10_000, 2000]);
    for (let second = 0; second <= 20; second += 1) services.control.sample(1_000_000 + second * 1000);
    await fence(write, [client, other]);
    const times = (each: TestClient): number[] =>
      each.of('metrics:update').map((payload) => (fields(payload['metrics'])['timestamp'] as number) - 1_000_000);
    expect(times(client)).toEqual([0, 2000, 4000, 6000, 8000, 10_000, 12_000, 14_000, 16_000, 18_000, 20_000]);
    expect(times(other)).toEqual([0, 10_000, 20_000]);
    await client.ack('metrics:unsubscribe');
    expect(services.control.demands()).toEqual([10_000]);
    await client.ack('metrics:subscribe', { interval: 3000 });
    client.close();
    await vi.waitFor(() => expect(services.control.demands()).toEqual([10_000]));
  });

  it('metrics: the setting changes the common interval', async () => {
    await client.ack('settings:update', { settings: { refreshInterval: 5 } });
    await vi.waitFor(() => expect(services.control.demands()).toEqual([5000]));
  });

  it('inspector: frames reach those who watch, nobody else, and nothing is recorded once the last has left', async () => {
    expect(services.control.inspectors()).toBe(0);
    const reply = await client.ack('inspector:subscribe');
    expect(reply.data).toMatchObject({ seq: 0, actors: [{ name: 'supervisor', state: 'running' }] });
    expect(services.control.inspectors()).toBe(1);
    const second = await connectClient(server.url);
    await second.request('inspector:subscribe');
    services.control.step('models.load');
    const told = await client.waitFor('inspector:frames');
    expect(told['frames']).toMatchObject([{ seq: 1, event: { type: 'models.load' } }]);
    await second.waitFor('inspector:frames');
    await fence(write, [other]);
    expect(other.of('inspector:frames')).toEqual([]);
    await client.ack('inspector:unsubscribe');
    expect(services.control.inspectors()).toBe(1);
    second.close();
    await vi.waitFor(() => expect(services.control.inspectors()).toBe(0));
  });

  it('a closed server demands no samples', async () => {
    await server.close();
    expect(services.control.demands()).toEqual([]);
    server = await startTransports({ services });
  });
});

describe('log flood', () => {
  afterEach(() => void vi.useRealTimers());

  it('sends 200 entries per second, then one summary', () => {
    vi.useFakeTimers();
    const sent: string[] = [];
    const flood = createLogFlood((entry) => sent.push(`${entry.id} ${entry.message}`));
    const push = (count: number): void => {
      for (let index = 0; index < count; index += 1) {
        flood.push({ id: String(index), timestamp: 1, level: 'info', message: 'line', source: 'server' });
      }
    };
    push(1000);
    expect(sent).toHaveLength(200);
    vi.advanceTimersByTime(1000);
    expect(sent).toHaveLength(201);
    expect(sent.at(-1)).toBe('999-skipped 800 lines skipped');
    push(1);
    expect(sent).toHaveLength(202);
    vi.advanceTimersByTime(1000);
    expect(sent).toHaveLength(202);
    flood.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
