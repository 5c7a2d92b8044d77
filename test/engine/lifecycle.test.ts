/** What makes models load without anybody's command, and who gets to know: requests, restarts, presets, an empty folder. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_SENTENCE } from '../../src/io/gguf/demo-model.ts';
import type { EngineApp } from '../support/engine-app.ts';
import { startEngineApp } from '../support/engine-app.ts';
import { gone } from '../support/fake-app.ts';
import { tinyModel } from '../support/gguf.ts';
import { connectClient } from '../support/socket-client.ts';

let engine: EngineApp | null = null;
const start = async (...args: Parameters<typeof startEngineApp>): Promise<EngineApp> => {
  engine = await startEngineApp(...args);
  return engine;
};
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

const twoModels = async (folder: string): Promise<void> => {
  await tinyModel(folder, 'alpha.gguf', { sentence: 'Alpha speaks.' });
  await tinyModel(folder, 'beta.gguf', { sentence: 'Beta answers instead.' });
};

const chat = async ({ post }: EngineApp, model: string): Promise<string> => {
  const response = await post('/v1/chat/completions', {
    model,
    messages: [{ role: 'user', content: 'Hello' }],
    temperature: 0,
  });
  const body = (await response.json()) as { choices?: { message: { content: string } }[] };
  return body.choices?.[0]?.message.content ?? JSON.stringify(body);
};

/** Every process that an app has started for a model, from what it told of them. */
const pidsSeen = ({ app }: EngineApp): { pids: Set<number>; end: () => void } => {
  const pids = new Set<number>();
  const end = app.services.subscribe((changes) => {
    for (const change of changes) if (change.kind === 'model' && change.model.pid !== null) pids.add(change.model.pid);
  });
  return { pids, end };
};

describe('a request for a model that is not loaded', () => {
  it('loads it and is answered; twenty at once load it once', async () => {
    const e = await start(twoModels);
    const { pids, end } = pidsSeen(e);
    const answers = await Promise.all(Array.from({ length: 20 }, () => chat(e, 'alpha')));
    end();
    expect(new Set(answers)).toEqual(new Set(['Alpha speaks.']));
    expect(e.model('alpha')).toMatchObject({ state: 'loaded', restarts: 0, desired: 'loaded' });
    expect([...pids]).toEqual([e.model('alpha').pid]);
    expect(e.app.services.decisions.list(10).filter(({ kind }) => kind === 'admitted')).toHaveLength(1);
    await e.until('alpha', ({ inFlight }) => inFlight === 0);
  });

  it('is answered by the model it names, under each of its names, while others are loaded', async () => {
    const e = await start(twoModels);
    await e.app.services.models.update('beta', { aliases: ['gpt-4o'] }, 'test');
    const names = ['alpha', 'alpha.gguf', 'ALPHA', 'beta', 'gpt-4o'];
    expect(await Promise.all(names.map((name) => chat(e, name)))).toEqual([
      'Alpha speaks.',
      'Alpha speaks.',
      'Alpha speaks.',
      'Beta answers instead.',
      'Beta answers instead.',
    ]);
    expect(e.model('alpha').pid).not.toBe(e.model('beta').pid);
  });

  it('makes room by unloading the idle one when only one may be loaded', async () => {
    const e = await start(twoModels);
    await e.app.services.config.update({ modelsMax: 1 }, 'test');
    expect(await chat(e, 'alpha')).toBe('Alpha speaks.');
    const { pid } = e.model('alpha');
    expect(await chat(e, 'beta')).toBe('Beta answers instead.');
    await gone(pid as number);
    expect(e.model('alpha')).toMatchObject({ state: 'unloaded', failure: null });
    expect(await chat(e, 'alpha')).toBe('Alpha speaks.');
    const reasons = e.app.services.decisions.list(20).filter(({ kind }) => kind === 'evicted');
    expect(reasons.map(({ modelId }) => modelId)).toEqual(['beta', 'alpha']);
  });
});

describe('two socket clients', () => {
  it('agree about a model that one of them loads, and so does the router', async () => {
    const e = await start(twoModels);
    const url = e.app.url.replace('localhost', '127.0.0.1');
    const [caller, watcher] = await Promise.all([connectClient(url), connectClient(url)]);
    const { data } = await watcher.request('live:subscribe');
    expect(data?.['models']).toContainEqual(expect.objectContaining({ id: 'alpha', state: 'unloaded' }));

    const reply = await caller.ack('models:load', { modelName: 'alpha.gguf' });
    expect(reply).toMatchObject({ success: true, data: { status: 'loaded', model: { name: 'alpha.gguf' } } });
    const { pid } = e.model('alpha');
    expect(pid).not.toBeNull();

    await watcher.waitFor('models:status', ({ modelId, status }) => modelId === 'alpha' && status === 'running');
    const words = watcher
      .of('models:status')
      .filter(({ modelId }) => modelId === 'alpha')
      .map(({ status }) => status);
    expect(words.indexOf('loading')).toBeGreaterThanOrEqual(0);
    expect(words.indexOf('loading')).toBeLessThan(words.indexOf('running'));

    type Change = { kind: string; model?: { id: string; state: string; pid: number | null } };
    const states = (): { state: string; pid: number | null }[] =>
      watcher
        .of('live:change')
        .flatMap(({ changes }) => changes as Change[])
        .flatMap(({ model }) => (model?.id === 'alpha' ? [{ state: model.state, pid: model.pid }] : []));
    await watcher.waitFor('live:change', () => states().at(-1)?.state === 'loaded');
    expect(states().map(({ state }) => state)).toContain('loading');
    expect(states().at(-1)).toEqual({ state: 'loaded', pid });
    const snapshot = await caller.request('live:subscribe');
    expect(snapshot.data?.['models']).toContainEqual(expect.objectContaining({ id: 'alpha', state: 'loaded', pid }));

    expect(await chat(e, 'alpha')).toBe('Alpha speaks.');
    await watcher.request('models:stop', { modelId: 'alpha' });
    await caller.waitFor('models:status', ({ modelId, status }) => modelId === 'alpha' && status === 'idle');
    await gone(pid as number);
    caller.close();
    watcher.close();
  });
});

describe('a restart of the server', () => {
  it('loads again what was loaded, and only that', async () => {
    const e = await start(twoModels);
    await e.app.services.models.load('alpha', 'test');
    await e.app.services.models.load('beta', 'test');
    await e.app.services.models.unload('beta', 'test');
    const { pid } = e.model('alpha');
    await e.restart();
    await gone(pid as number);
    const again = await e.until('alpha', ({ state }) => state === 'loaded');
    expect(again.pid).not.toBe(pid);
    expect(e.model('beta')).toMatchObject({ state: 'unloaded', desired: 'unloaded' });
    expect(await chat(e, 'alpha')).toBe('Alpha speaks.');
  });

  it('loads nothing when it is told not to', async () => {
    const e = await start(twoModels);
    await e.app.services.models.load('alpha', 'test');
    await e.app.services.config.update({ restoreModels: false }, 'test');
    await e.restart();
    // A load that somebody asks for now is admitted after anything that was asked for at the start.
    await e.app.services.models.load('beta', 'test');
    expect(e.model('alpha')).toMatchObject({ state: 'unloaded', pid: null });
    // What was decided before the restart is remembered, and comes after what was decided since.
    expect(e.app.services.decisions.list(10).map(({ modelId }) => modelId)).toEqual(['beta', 'alpha']);
  });
});

describe('a preset of llama.cpp’s router', () => {
  const PRESET = `version = 1

; as in llama.cpp's own documentation
[*]
c = 1024
jinja = true
n-gpu-layers = 0

[alpha]
LLAMA_ARG_CTX_SIZE = 2048
np = 1
load-on-startup = true
stop-timeout = 5

[beta]
chat-template = chatml
`;

  it('loads at the start what it says, with the context it says', async () => {
    const e = await start(twoModels);
    const file = join(e.dataDir, 'presets', 'mine.ini');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, PRESET);
    await e.app.services.router.startWithPreset('mine', 'test');
    await e.until('alpha', ({ state }) => state === 'loaded');
    await e.restart();
    const alpha = await e.until('alpha', ({ state }) => state === 'loaded');
    const props = async () =>
      (await e.engine('/props')) as { total_slots: number; default_generation_settings: { n_ctx: number } };
    expect(await props()).toMatchObject({ total_slots: 1, default_generation_settings: { n_ctx: 2048 } });
    expect(alpha).toMatchObject({ contextSize: 2048, slots: 1 });
    expect(e.model('beta').state).toBe('unloaded');
    expect(e.app.services.router.view().preset).toBe('mine');
    expect(await readFile(file, 'utf8')).toBe(PRESET);
    await e.app.services.models.unload('alpha', 'test');
    const beta = await e.app.services.models.load('beta', 'test');
    expect(beta.contextSize).toBe((await props()).default_generation_settings.n_ctx);
    expect((beta.contextSize as number) * (await props()).total_slots).toBeGreaterThanOrEqual(1024);
    expect(beta.contextSize).toBeLessThanOrEqual(1024);
  });
});

describe('a machine without any model', () => {
  it('has the demo model, which answers', async () => {
    const e = await start(() => Promise.resolve());
    expect(e.app.services.models.list().map(({ id }) => id)).toEqual(['llamactor-demo']);
    expect(await chat(e, 'llamactor-demo')).toBe(DEMO_SENTENCE);
  });
});

describe('the environment of an engine', () => {
  it('holds nothing of the server’s that would change it or that it has no business to know', async () => {
    const env = {
      ...process.env,
      LLAMA_ARG_CTX_SIZE: '512',
      LLAMA_ARG_N_PARALLEL: '1',
      LLAMA_API_KEY: 'locked',
      HF_TOKEN: 'secret',
    };
    const e = await start(twoModels, { env });
    const view = await e.app.services.models.load('alpha', 'test');
    expect(view.contextSize).not.toBe(512);
    expect(view.slots).not.toBe(1);
    expect(await chat(e, 'alpha')).toBe('Alpha speaks.');
    if (process.platform === 'linux') {
      const names = (await readFile(`/proc/${view.pid ?? 0}/environ`, 'utf8'))
        .split('\0')
        .map((entry) => entry.split('=')[0]);
      for (const name of ['LLAMA_ARG_CTX_SIZE', 'LLAMA_ARG_N_PARALLEL', 'LLAMA_API_KEY', 'HF_TOKEN'])
        expect(names).not.toContain(name);
      expect(names).toContain('PATH');
    }
  });
});
