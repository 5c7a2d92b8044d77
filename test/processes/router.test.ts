import { afterEach, describe, expect, it, vi } from 'vitest';
import type { FakeApp } from '../support/fake-app.ts';
import { gone, isRunning, startFakeApp } from '../support/fake-app.ts';

let fake: FakeApp | null = null;
const start = async (...args: Parameters<typeof startFakeApp>): Promise<FakeApp> => {
  fake = await startFakeApp(...args);
  return fake;
};
afterEach(async () => {
  await fake?.stop();
  fake = null;
});

const stream = (app: FakeApp['app'], model: string): Promise<Response> =>
  fetch(`${app.routerUrl}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, prompt: 'x', stream: true }),
  });

const loaded = (app: FakeApp['app']): Promise<void> =>
  vi.waitFor(() => expect(app.services.router.view().state).toBe('loaded'), { timeout: 20_000, interval: 5 });

describe('the router process', () => {
  it('is started again after kill -9 while the models stay loaded', async () => {
    const { app, model } = await start({ alpha: '' });
    const { pid } = await app.services.models.load('alpha', 'test');
    const router = app.services.router.view();
    process.kill(router.pid as number, 'SIGKILL');
    await gone(router.pid as number);
    await vi.waitFor(() => expect(app.services.router.view()).toMatchObject({ state: 'loaded', restarts: 1 }), {
      timeout: 20_000,
    });
    expect(app.services.router.view().pid).not.toBe(router.pid);
    expect(model('alpha')).toMatchObject({ state: 'loaded', pid });
    expect(await (await stream(app, 'alpha')).text()).toContain('[DONE]');
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
    'is restarted on command with %s, and models stay loaded',
    async (signal) => {
      const { app, model } = await start({ alpha: '' });
      await app.services.models.load('alpha', 'test');
      const before = app.services.router.view().pid;
      await app.services.router.restart(signal, 'test');
      await vi.waitFor(() => expect(app.services.router.view().pid).not.toBe(before), { timeout: 20_000 });
      await loaded(app);
      expect(model('alpha').state).toBe('loaded');
      expect(await (await stream(app, 'alpha')).text()).toContain('word0');
    },
  );

  it('refuses loads while it is stopped, and takes its models with it', async () => {
    const { app, model } = await start({ alpha: '' });
    const { pid } = await app.services.models.load('alpha', 'test');
    await app.services.router.stop('test');
    expect(app.services.router.view()).toMatchObject({ state: 'unloaded', running: false });
    expect(model('alpha').state).toBe('unloaded');
    expect(isRunning(pid as number)).toBe(false);
    await expect(app.services.models.load('alpha', 'test')).rejects.toMatchObject({ code: 'INVALID_STATE' });
    expect(model('alpha').state).toBe('unloaded');
    await app.services.router.start('test');
    expect((await app.services.models.load('alpha', 'test')).state).toBe('loaded');
  });

  it('starts with a preset: only models whose parameters it changes are started again', async () => {
    const { app, model } = await start({ alpha: '', beta: '' });
    const alpha = await app.services.models.load('alpha', 'test');
    const beta = await app.services.models.load('beta', 'test');
    await app.services.presets.save('wide', 'version = 1\n[alpha]\nctx-size = 2048\n', 'test');
    await app.services.router.startWithPreset('wide', 'test');
    await vi.waitFor(() => expect(model('alpha').pid).not.toBe(alpha.pid), { timeout: 20_000 });
    await vi.waitFor(() => expect(model('alpha').state).toBe('loaded'), { timeout: 20_000 });
    expect(model('alpha')).toMatchObject({ contextSize: 2048, parameters: { 'ctx-size': '2048' } });
    expect(model('beta').pid).toBe(beta.pid);
    await loaded(app);
    expect(app.services.router.view().preset).toBe('wide');
    await expect(app.services.router.startWithPreset('nothing', 'test')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(app.services.router.view().preset).toBe('wide');
  });
});

describe('a stream', () => {
  it('ends with an error in band when its engine dies', async () => {
    const { app } = await start({ alpha: 'die-mid-stream,tokens:50' });
    const text = await (await stream(app, 'alpha')).text();
    expect(text).toContain('word1');
    expect(text).toContain('"error"');
    expect(text).not.toContain('[DONE]');
  });

  it('ends with an error in band when its model is unloaded', async () => {
    const { app, model } = await start({ alpha: 'tokens:100000,token-ms:5' });
    const response = await stream(app, 'alpha');
    const reader = response.body?.getReader();
    let text = Buffer.from((await reader?.read())?.value ?? []).toString();
    await app.services.models.unload('alpha', 'test');
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
      text += Buffer.from(part.value).toString();
    expect(text).toContain('unloaded');
    expect(text).not.toContain('[DONE]');
    expect(model('alpha').state).toBe('unloaded');
  });

  it('loads its model on demand, and evicts the idle one when only one may be loaded', async () => {
    const { app, model } = await start({ alpha: 'slow-start:100', beta: '' });
    await app.services.config.update({ modelsMax: 1 }, 'test');
    expect(await (await stream(app, 'alpha')).text()).toContain('[DONE]');
    expect(model('alpha').state).toBe('loaded');
    expect(await (await stream(app, 'beta')).text()).toContain('[DONE]');
    expect(model('alpha').state).toBe('unloaded');
    expect(model('beta').state).toBe('loaded');
    const eviction = app.services.decisions.list(20).find(({ kind }) => kind === 'evicted');
    expect(eviction).toMatchObject({ modelId: 'alpha' });
    expect(eviction?.reason).toContain('beta');
  });

  it('is not cut off by a swap: the busy model is waited for', async () => {
    const { app, model } = await start({ alpha: 'tokens:60,token-ms:10', beta: '' });
    await app.services.config.update({ modelsMax: 1 }, 'test');
    const first = await stream(app, 'alpha');
    const second = stream(app, 'beta');
    expect(await first.text()).toContain('[DONE]');
    expect(await (await second).text()).toContain('[DONE]');
    expect(model('alpha').state).toBe('unloaded');
  });

  it('is refused at once with the arithmetic when the model can never fit', async () => {
    const { app } = await start({ alpha: '' });
    await app.services.config.update({ memoryReserve: 1_048_576 }, 'test');
    await expect(app.services.models.load('alpha', 'test')).rejects.toMatchObject({ code: 'DOES_NOT_FIT' });
    const response = await stream(app, 'alpha');
    expect(response.status).toBe(507);
    expect(await response.text()).toContain('GiB');
    expect(app.services.models.explain('alpha')).toMatchObject({ verdict: 'refused' });
  });
});
