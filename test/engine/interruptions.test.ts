/** A real engine that is stopped, killed or still reading its file when something else happens. */
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { EngineApp, StreamEvent } from '../support/engine-app.ts';
import { collect, eventsOf, startEngineApp } from '../support/engine-app.ts';
import { gone, isRunning } from '../support/fake-app.ts';
import { tinyModel } from '../support/gguf.ts';

const MIB = 2 ** 20;
let engine: EngineApp;
beforeAll(async () => {
  engine = await startEngineApp(async (folder) => {
    await tinyModel(folder, 'quick.gguf');
    // Slow enough, and with a context long enough, that an endless answer outlasts every test here.
    await tinyModel(folder, 'slow.gguf', { padToBytes: 32 * MIB, contextLength: 262_144 });
    await tinyModel(folder, 'large.gguf', { padToBytes: 1024 * MIB });
  });
});
afterAll(() => engine.stop());

const endless = (stream: boolean): Promise<Response> =>
  engine.post('/v1/chat/completions', {
    model: 'slow',
    messages: [{ role: 'user', content: 'Hello' }],
    stream,
    ignore_eos: true,
    max_tokens: 1_000_000,
  });

/** Streams that have begun: the first event of each is here, the rest is on its way. */
const begin = async (count: number): Promise<{ rest: Promise<StreamEvent[]> }[]> => {
  const responses = await Promise.all(Array.from({ length: count }, () => endless(true)));
  return Promise.all(
    responses.map(async (response) => {
      expect(response.status).toBe(200);
      const events = eventsOf(response);
      expect((await events.next()).done).toBe(false);
      return { rest: collect(events) };
    }),
  );
};

/** What a client of a stream sees that was cut: some text, one error, and neither an end nor anything after the error. */
const expectCut = (events: StreamEvent[], reason: RegExp): void => {
  expect(events).not.toContain('[DONE]');
  const errors = events.filter((event) => event !== '[DONE]' && 'error' in event);
  expect(errors).toHaveLength(1);
  expect(events.at(-1)).toBe(errors[0]);
  expect(errors[0]).toMatchObject({ error: { code: 'UPSTREAM_FAILED' } });
  expect(JSON.stringify(errors[0])).toMatch(reason);
};

describe('an unload in the middle of streams and of a whole answer', () => {
  it('tells each client in band, and leaves no process', async () => {
    const begun = await begin(3);
    const whole = endless(false);
    const { pid } = await engine.until('slow', ({ inFlight }) => inFlight === 4);
    await engine.app.services.models.unload('slow', 'test');
    expect(isRunning(pid as number)).toBe(false);
    for (const { rest } of begun) expectCut(await rest, /unload/);
    const answer = await whole;
    expect(answer.status).toBe(502);
    expect(await answer.text()).toMatch(/unload/);
    expect(engine.model('slow')).toMatchObject({
      state: 'unloaded',
      desired: 'unloaded',
      failure: null,
      restarts: 0,
      inFlight: 0,
    });
  });
});

describe('kill -9 of an engine in the middle of a stream', () => {
  it('is told in band with the cause; the engine is started again and answers the next request', async () => {
    const [stream] = await begin(1);
    const { pid } = engine.model('slow');
    process.kill(pid as number, 'SIGKILL');
    expectCut((await stream?.rest) ?? [], /killed/);
    // Until it is there again a request is told when to come back, which is what a usual client then does by itself.
    const client = new OpenAI({ apiKey: 'none', baseURL: `${engine.app.routerUrl}/v1`, maxRetries: 3 });
    const next = await client.completions.create({ model: 'slow', prompt: 'x', max_tokens: 2 });
    expect(next.usage?.completion_tokens).toBe(2);
    const view = await engine.until('slow', ({ state }) => state === 'loaded');
    expect(view).toMatchObject({ restarts: 1, failure: null });
    expect(view.pid).not.toBe(pid);
    expect(engine.app.services.decisions.list(10)).toContainEqual(
      expect.objectContaining({ kind: 'restarted', modelId: 'slow' }),
    );
    await engine.app.services.models.unload('slow', 'test');
  });
});

describe('a model of a gigabyte', () => {
  /** The whole file is read, which is what a model too large for the page cache amounts to. */
  const readWhole = { parameters: { 'load-mode': 'none', warmup: false } };

  it('shows how far its load is, and a stop ends the load', async () => {
    await engine.app.services.models.update('large', readWhole, 'test');
    const loading = engine.app.services.models.load('large', 'test').catch((error: unknown) => error);
    const { pid, stage } = await engine.until(
      'large',
      ({ state, progress }) => state === 'loading' && progress !== null && progress > 0 && progress < 100,
    );
    expect(stage).toBe('text_model');
    const waiting = engine.post('/v1/completions', { model: 'large', prompt: 'x', max_tokens: 1 });
    await vi.waitFor(() => expect(engine.app.services.router.view().inFlight).toBe(1), {
      timeout: 10_000,
      interval: 5,
    });
    await engine.app.services.models.unload('large', 'test');
    expect(await loading).toMatchObject({ code: 'INVALID_STATE' });
    await gone(pid as number);
    expect(engine.model('large')).toMatchObject({ state: 'unloaded', progress: null, failure: null, restarts: 0 });
    // Somebody said no while it waited: it is told so instead of loading the model once more.
    const refused = await waiting;
    expect(refused.status).toBe(502);
    expect(refused.headers.get('x-should-retry')).toBe('false');
    expect(await refused.text()).toContain('large was unloaded while the request waited for it.');
  });

  it('does not hold up a small one meanwhile', async () => {
    const loading = engine.app.services.models.load('large', 'test').catch((error: unknown) => error);
    await engine.until('large', ({ state, progress }) => state === 'loading' && (progress ?? 0) > 0);
    const answer = await engine.post('/v1/completions', { model: 'quick', prompt: 'x', max_tokens: 1 });
    expect(answer.status).toBe(200);
    expect(engine.model('quick').state).toBe('loaded');
    await engine.app.services.models.unload('large', 'test');
    expect(await loading).toMatchObject({ code: 'INVALID_STATE' });
  });
});
