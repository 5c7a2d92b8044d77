import { afterEach, describe, expect, it } from 'vitest';
import type { FakeApp } from '../support/fake-app.ts';
import { QUICK_POLICY, gone, isRunning, startFakeApp } from '../support/fake-app.ts';

let fake: FakeApp | null = null;
const start = async (...args: Parameters<typeof startFakeApp>): Promise<FakeApp> => {
  fake = await startFakeApp(...args);
  return fake;
};
afterEach(async () => {
  await fake?.stop();
  fake = null;
});

const pidOf = (view: { pid: number | null }): number => {
  if (view.pid === null) throw new Error('there is no process');
  return view.pid;
};

describe('a model that works', () => {
  it('loads once for two callers, and ends when unloaded', async () => {
    const { app, model } = await start({ alpha: 'slow-start:200' });
    const [first, second] = await Promise.all([
      app.services.models.load('alpha', 'one'),
      app.services.models.load('alpha', 'two'),
    ]);
    expect(first.state).toBe('loaded');
    expect(second.pid).toBe(first.pid);
    expect(first.restarts).toBe(0);
    await app.services.models.unload('alpha', 'one');
    expect(model('alpha').state).toBe('unloaded');
    expect(isRunning(pidOf(first))).toBe(false);
  });

  it('shows its progress while it loads', async () => {
    const { app, until } = await start({ alpha: 'slow-start:500' });
    const loading = app.services.models.load('alpha', 'test');
    const view = await until(
      'alpha',
      ({ state, progress }) => state === 'loading' && progress !== null && progress >= 20 && progress < 100,
    );
    expect(view.stage).toBe('text_model');
    await loading;
  });

  it('is recognised as ready by its health when the engine does not say so itself', async () => {
    const { app } = await start({ alpha: 'no-protocol' });
    const view = await app.services.models.load('alpha', 'test');
    expect(view).toMatchObject({ state: 'loaded', contextSize: 4096, slots: 4 });
    await app.services.models.unload('alpha', 'test');
    expect(isRunning(pidOf(view))).toBe(false);
  });

  it('survives an engine that floods its output and writes a line without an end', async () => {
    const { app } = await start({ alpha: 'flood,endless-line' });
    const view = await app.services.models.load('alpha', 'test');
    expect(view.state).toBe('loaded');
  });
});

describe('requests that cross each other', () => {
  it('a stop during the start wins, and the start is told so', async () => {
    const { app, until, model } = await start({ alpha: 'slow-start:5000' });
    const loading = app.services.models.load('alpha', 'test');
    const refused = expect(loading).rejects.toMatchObject({ code: 'INVALID_STATE' });
    const { pid } = await until('alpha', (view) => view.state === 'loading' && view.pid !== null);
    await app.services.models.unload('alpha', 'test');
    await refused;
    expect(model('alpha').state).toBe('unloaded');
    await gone(pid as number);
  });

  it('a start during the stop follows it', async () => {
    const { app, model } = await start({ alpha: '' });
    const first = await app.services.models.load('alpha', 'test');
    const unloading = app.services.models.unload('alpha', 'test');
    const again = await app.services.models.load('alpha', 'test');
    await unloading;
    expect(again.state).toBe('loaded');
    expect(again.pid).not.toBe(first.pid);
    expect(model('alpha').restarts).toBe(0);
    expect(isRunning(pidOf(first))).toBe(false);
  });

  it('a load during the pause before a restart starts at once', async () => {
    const { app, until } = await start(
      { alpha: '' },
      { policy: { ...QUICK_POLICY, firstDelayMs: 60_000, maxDelayMs: 60_000 } },
    );
    const first = await app.services.models.load('alpha', 'test');
    process.kill(pidOf(first), 'SIGKILL');
    const waiting = await until('alpha', ({ state }) => state === 'error');
    expect(waiting.retryAt).toBeGreaterThan(Date.now());
    const again = await app.services.models.load('alpha', 'test');
    expect(again.state).toBe('loaded');
    expect(again.failure).toBeNull();
  });

  it('an unload during the pause before a restart ends the matter', async () => {
    const { app, until, model } = await start(
      { alpha: '' },
      { policy: { ...QUICK_POLICY, firstDelayMs: 60_000, maxDelayMs: 60_000 } },
    );
    process.kill(pidOf(await app.services.models.load('alpha', 'test')), 'SIGKILL');
    await until('alpha', ({ state }) => state === 'error');
    await app.services.models.unload('alpha', 'test');
    expect(model('alpha')).toMatchObject({ state: 'unloaded', failure: null, retryAt: null });
  });

  it('ten loads and unloads at once end as the last one asked', async () => {
    const { app, model } = await start({ alpha: 'slow-start:30' });
    const calls: Promise<unknown>[] = [];
    for (let round = 0; round < 5; round += 1) {
      calls.push(app.services.models.load('alpha', 'test').catch(() => undefined));
      calls.push(app.services.models.unload('alpha', 'test'));
    }
    calls.push(app.services.models.load('alpha', 'test'));
    await Promise.all(calls);
    expect(model('alpha').state).toBe('loaded');
  });
});

describe('a model that fails', () => {
  it('is restarted after kill -9, with the cause named', async () => {
    const { app, until } = await start({ alpha: '' });
    const first = await app.services.models.load('alpha', 'test');
    process.kill(pidOf(first), 'SIGKILL');
    const failed = await until('alpha', ({ failure }) => failure !== null);
    expect(failed.failure).toMatchObject({ code: 'KILLED', signal: 'SIGKILL' });
    const again = await until('alpha', ({ state }) => state === 'loaded');
    expect(again.pid).not.toBe(first.pid);
    expect(again.restarts).toBe(1);
    expect(app.services.decisions.list(10).map(({ kind }) => kind)).toContain('restarted');
  });

  it('gives up after its budget when it crashes at each start, and says why', async () => {
    const { app, until } = await start({ alpha: 'say:GGML_ASSERT%20failed,abort-at-start' });
    await expect(app.services.models.load('alpha', 'test')).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' });
    const view = await until('alpha', ({ gaveUp }) => gaveUp);
    expect(view.restarts).toBe(QUICK_POLICY.budget);
    expect(view.failure).toMatchObject({ code: 'CRASHED', signal: 'SIGABRT' });
    expect(view.failure?.stderr.join('\n')).toContain('GGML_ASSERT failed');
    // The next request is refused with the cause, and spawns nothing.
    const response = await fetch(`${app.routerUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'alpha', messages: [] }),
    });
    expect(response.status).toBe(502);
    expect(await response.text()).toContain('before it was ready');
    expect(view.restarts).toBe(QUICK_POLICY.budget);
  });

  it('is not tried again when trying cannot help', async () => {
    const { app, model } = await start({
      alpha: 'say:error%20loading%20model%3A%20unknown%20model%20architecture%3A%20%27zeta%27,exit-at-start:1',
    });
    await expect(app.services.models.load('alpha', 'test')).rejects.toThrow(/architecture zeta/);
    expect(model('alpha')).toMatchObject({ state: 'error', gaveUp: true, restarts: 0 });
    // Another parameter mends it: the failure is forgotten with the change.
    await app.services.models.update('alpha', { parameters: {} }, 'test');
    expect((await app.services.models.load('alpha', 'test')).state).toBe('loaded');
  });

  it('answers requests with 503-style refusals and Retry-After while it waits', async () => {
    const { app, until } = await start(
      { alpha: '' },
      { policy: { ...QUICK_POLICY, firstDelayMs: 30_000, maxDelayMs: 30_000 } },
    );
    process.kill(pidOf(await app.services.models.load('alpha', 'test')), 'SIGKILL');
    await until('alpha', ({ state }) => state === 'error');
    const response = await fetch(`${app.routerUrl}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'alpha', prompt: 'x' }),
    });
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.text()).toContain('SIGKILL');
  });

  it('that never becomes ready is ended at the deadline', async () => {
    const { app, until } = await start({ alpha: 'never-ready' });
    await app.services.config.update({ startTimeout: 1 }, 'test');
    await expect(app.services.models.load('alpha', 'test')).rejects.toThrow(/not ready within the time/);
    const view = await until('alpha', ({ failure }) => failure !== null);
    expect(view.failure?.code).toBe('START_TIMEOUT');
  });

  it('that stalls with a request in flight is restarted', async () => {
    const { app, until } = await start({ alpha: 'frozen-counter' }, { stall: { pollMs: 50, patienceMs: 300 } });
    const first = await app.services.models.load('alpha', 'test');
    const aborted = new AbortController();
    const stuck = fetch(`${app.routerUrl}/v1/completions`, {
      method: 'POST',
      signal: aborted.signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'alpha', prompt: 'x' }),
    });
    const failed = await until('alpha', ({ failure }) => failure !== null);
    expect(failed.failure?.code).toBe('STALLED');
    // The client is told instead of left waiting.
    expect((await stuck).status).toBeGreaterThanOrEqual(500);
    await gone(pidOf(first));
    aborted.abort();
  });
});

describe('a process that does not want to go', () => {
  it('is killed with its children at the deadline', async () => {
    const { app, model } = await start({ alpha: 'ignore-sigterm,grandchild' });
    await app.services.config.update({ stopTimeout: 1 }, 'test');
    const { pid } = await app.services.models.load('alpha', 'test');
    await app.services.models.unload('alpha', 'test');
    expect(model('alpha').state).toBe('unloaded');
    // The group is empty: neither the engine nor what it started is left.
    await gone(-(pid as number));
  });

  it('does not outlive a model that ended by itself and left children behind', async () => {
    const { app } = await start({ alpha: 'grandchild' });
    const { pid } = await app.services.models.load('alpha', 'test');
    await app.services.models.unload('alpha', 'test');
    await gone(-(pid as number));
  });
});

describe('without an engine', () => {
  it('the server runs and says what to do', async () => {
    const { app } = await start({ alpha: '' }, { enginePath: '/nowhere/llama-server' });
    await expect(app.services.models.load('alpha', 'test')).rejects.toMatchObject({ code: 'ENGINE_MISSING' });
    expect(app.services.engine.view()).toMatchObject({ state: 'missing' });
    expect(app.services.engine.view().problem).toContain('/nowhere/llama-server');
    const response = await fetch(`${app.routerUrl}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'alpha', prompt: 'x' }),
    });
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('/nowhere/llama-server');
  });
});
