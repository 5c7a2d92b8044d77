/** Changes of configuration, presets and records while models run and answer: who is restarted, when, and who is not. */
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Apply, ChangeEffectView } from '../../src/contracts/changes.ts';
import type { ModelView } from '../../src/contracts/views.ts';
import type { FakeApp } from '../support/fake-app.ts';
import { startFakeApp } from '../support/fake-app.ts';

let fake: FakeApp | null = null;
const start = async (...args: Parameters<typeof startFakeApp>): Promise<FakeApp> => {
  fake = await startFakeApp(...args);
  return fake;
};
afterEach(async () => {
  await fake?.stop();
  fake = null;
});

const NOTHING: ChangeEffectView[] = [{ kind: 'none', changed: [], when: 'now' }];
const PRESET = 'version = 1\n\n[alpha]\nctx-size = 1024\n';

const edit = (app: FakeApp, file: string, text: string): Promise<void> => writeFile(join(app.dataDir, file), text);
/** As vim and others save: another file, renamed into place. */
const editByRename = async (app: FakeApp, file: string, text: string): Promise<void> => {
  await edit(app, `${file}.swap`, text);
  await rename(join(app.dataDir, `${file}.swap`), join(app.dataDir, file));
};
const configText = async (app: FakeApp, change: (data: Record<string, unknown>) => void): Promise<string> => {
  const document = JSON.parse(await readFile(join(app.dataDir, 'config.json'), 'utf8')) as {
    data: Record<string, unknown>;
  };
  change(document.data);
  return JSON.stringify(document, null, 2);
};
const presetText = async ({ app }: FakeApp, name = 'default'): Promise<string> =>
  (await app.services.presets.get(name)).ini;
const toldPreset = (app: FakeApp, ini: string): Promise<void> =>
  new Promise((resolve) => {
    const stop = app.app.services.subscribe((changes) => {
      if (!changes.some((change) => change.kind === 'presets' && change.presets.some((preset) => preset.ini === ini)))
        return;
      stop();
      resolve();
    });
  });
const load = async ({ app }: FakeApp, ...ids: string[]): Promise<ModelView[]> => {
  const views: ModelView[] = [];
  for (const id of ids) views.push(await app.services.models.load(id, 'test'));
  return views;
};
const streamFrom = (app: FakeApp, id: string): Promise<Response> =>
  fetch(`${app.app.routerUrl}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: id, stream: true, messages: [] }),
  });
/** The model with another process, loaded. */
const exchanged = (app: FakeApp, before: ModelView): Promise<ModelView> =>
  app.until(before.id, ({ state, pid }) => state === 'loaded' && pid !== before.pid);
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

describe('an edit of a preset', () => {
  it('of comments and order restarts nothing', async () => {
    const app = await start({ alpha: '', beta: '' });
    await app.app.services.presets.save('default', `${PRESET}threads = 2\n`, 'test');
    const before = await load(app, 'alpha', 'beta');
    const text = '; why: the long documents\nversion = 1\n[alpha]\nthreads = 2 ; two cores\nc = 1024\n';
    const told = toldPreset(app, text);
    await editByRename(app, 'presets/default.ini', text);
    await told;
    expect(before.map(({ id }) => app.model(id).pid)).toEqual(before.map(({ pid }) => pid));
    expect(before.map(({ id }) => app.model(id).pendingChange)).toEqual([false, false]);
    expect(app.app.services.config.problems()).toEqual([]);
  });

  it('restarts only the model that it changes, and only after its stream has ended', async () => {
    const app = await start({ alpha: 'tokens:150,token-ms:10', beta: '' });
    const [alpha, beta] = (await load(app, 'alpha', 'beta')) as [ModelView, ModelView];
    const response = await streamFrom(app, 'alpha');
    await app.until('alpha', ({ inFlight }) => inFlight === 1);
    await edit(app, 'presets/default.ini', PRESET);
    const pending = await app.until('alpha', ({ pendingChange }) => pendingChange !== false);
    expect(pending).toMatchObject({
      state: 'loaded',
      pid: alpha.pid,
      pendingChange: { keys: ['ctx-size'], when: 'when idle' },
    });
    expect(app.app.services.models.effective('alpha')).toContainEqual({
      key: 'ctx-size',
      requested: '1024',
      source: 'preset section',
      effective: null,
      told: null,
      differs: true,
    });
    const text = await response.text();
    expect(text).toContain('word149');
    expect(text).toContain('[DONE]');
    const again = await exchanged(app, alpha);
    expect(again).toMatchObject({ contextSize: 1024, pendingChange: false, restarts: 0 });
    expect(app.model('beta').pid).toBe(beta.pid);
  });

  it('that is broken changes nothing, is named with its line, and is not overwritten', async () => {
    const app = await start({ alpha: '' });
    await app.app.services.presets.save('default', PRESET, 'test');
    const [alpha] = (await load(app, 'alpha')) as [ModelView];
    for (const [text, line, reason] of [
      ['version = 1\n[alpha]\nctx-size 2048\n', 3, /key = value/],
      ['version = 1\n\n[alpha]\nctx-sise = 2048\n', 4, /ctx-size/],
    ] as const) {
      const told = toldPreset(app, text);
      await edit(app, 'presets/default.ini', text);
      await told;
      expect(app.app.services.config.problems()).toMatchObject([{ source: 'presets/default.ini', line }]);
      expect(app.app.services.config.problems()[0]?.message).toMatch(reason);
      expect(app.model('alpha')).toMatchObject({ pid: alpha.pid, pendingChange: false });
      expect(await readFile(join(app.dataDir, 'presets/default.ini'), 'utf8')).toBe(text);
      const logged = app.app.services.logs.query({ limit: 50, offset: 0, level: 'warn' });
      expect(logged.some(({ message }) => message.includes(`Line ${line}`) && reason.test(message))).toBe(true);
    }
    // What ran before goes on, also for a process that starts only now.
    await app.app.services.models.unload('alpha', 'test');
    expect(await load(app, 'alpha')).toMatchObject([{ contextSize: 1024 }]);
    await edit(app, 'presets/default.ini', PRESET.replace('1024', '512'));
    await app.until('alpha', ({ state, contextSize }) => state === 'loaded' && contextSize === 512);
    expect(app.app.services.config.problems()).toEqual([]);
  });

  it('that is taken back before the model is idle leaves it as it is', async () => {
    const app = await start({ alpha: 'tokens:100000,token-ms:10' });
    await app.app.services.presets.save('default', PRESET, 'test');
    const [alpha] = (await load(app, 'alpha')) as [ModelView];
    const response = await streamFrom(app, 'alpha');
    await app.app.services.presets.save('default', PRESET.replace('1024', '512'), 'test');
    await app.until('alpha', ({ pendingChange }) => pendingChange !== false);
    await app.app.services.presets.save('default', PRESET, 'test');
    expect(app.model('alpha').pendingChange).toBe(false);
    await response.body?.cancel();
    await app.until('alpha', ({ inFlight }) => inFlight === 0);
    // Requests are served at once: nothing holds them back any more.
    const next = await streamFrom(app, 'alpha');
    expect(next.status).toBe(200);
    await next.body?.cancel();
    expect(app.model('alpha').pid).toBe(alpha.pid);
  });
});

describe('an edit of config.json', () => {
  it('is taken over like a change by command', async () => {
    const app = await start({ alpha: '' });
    await app.app.services.config.update({ modelsMax: 3 }, 'test');
    const [alpha] = (await load(app, 'alpha')) as [ModelView];
    await editByRename(app, 'config.json', await configText(app, (data) => (data['contextSize'] = 2048)));
    expect(await exchanged(app, alpha)).toMatchObject({ contextSize: 2048 });
    expect(app.app.services.config.get()).toMatchObject({ contextSize: 2048, modelsMax: 3 });
  });

  it('that is broken changes nothing and is never overwritten, until it is mended', async () => {
    const app = await start({ alpha: '' });
    const { config } = app.app.services;
    await config.update({ modelsMax: 3 }, 'test');
    const good = await configText(app, (data) => (data['modelsMax'] = 5));
    for (const [text, line, reason] of [
      [good.replace('"modelsMax": 5,', '"modelsMax": 5'), null, /not valid JSON/],
      [good.replace('"modelsMax": 5', '"modelsMax": 5000'), 'modelsMax', /modelsMax/],
      [good.replace('"modelsMax": 5', '"modelsMacks": 5'), 'modelsMacks', /did you mean "modelsMax"/],
    ] as const) {
      await edit(app, 'config.json', text);
      const [problem] = await vi.waitFor(() => {
        const found = config.problems();
        expect(found[0]?.message).toMatch(reason);
        return found;
      });
      const expected = text.split('\n').findIndex((each) => line !== null && each.includes(`"${line}"`)) + 1;
      expect(problem?.line).toBe(
        line === null ? text.split('\n').findIndex((each) => each.includes('5')) + 2 : expected,
      );
      expect(config.get().modelsMax).toBe(3);
      await expect(config.update({ modelsMax: 4 }, 'test')).rejects.toMatchObject({ code: 'INVALID_STATE' });
      expect(await readFile(join(app.dataDir, 'config.json'), 'utf8')).toBe(text);
    }
    await edit(app, 'config.json', good);
    await vi.waitFor(() => expect(config.get().modelsMax).toBe(5));
    expect(config.problems()).toEqual([]);
    await config.update({ contextSize: 512 }, 'test');
    expect(config.get()).toMatchObject({ modelsMax: 5, contextSize: 512 });
  });

  it('that nobody has noticed yet is not lost to a change by command', async () => {
    const app = await start({ alpha: '' });
    const { config } = app.app.services;
    await config.update({ modelsMax: 3 }, 'test');
    await edit(app, 'config.json', await configText(app, (data) => (data['memoryReserve'] = 77)));
    await config.update({ modelsMax: 4 }, 'test');
    expect(config.get()).toMatchObject({ modelsMax: 4, memoryReserve: 77 });
    await rm(join(app.dataDir, 'config.json'));
    expect(config.get().modelsMax).toBe(4);
  });
});

describe('a change by command', () => {
  it('restarts at once when forced, and ends the stream in band', async () => {
    const app = await start({ alpha: 'tokens:100000,token-ms:10' });
    const [alpha] = (await load(app, 'alpha')) as [ModelView];
    const response = await streamFrom(app, 'alpha');
    await app.until('alpha', ({ inFlight }) => inFlight === 1);
    await app.app.services.config.update({ contextSize: 512 }, 'test', 'now');
    expect(await response.text()).toContain('"error"');
    expect(await exchanged(app, alpha)).toMatchObject({ contextSize: 512 });
  });

  it('leaves a loaded model until its next load when asked to', async () => {
    const app = await start({ alpha: '' });
    const [alpha] = (await load(app, 'alpha')) as [ModelView];
    await app.app.services.models.update('alpha', { ctx_size: 512 }, 'test', 'next-load');
    expect(app.model('alpha')).toMatchObject({
      pid: alpha.pid,
      pendingChange: { keys: ['ctx-size'], when: 'next load' },
    });
    // A change that has nothing to do with it does not wake the old one.
    await app.app.services.config.update({ modelsMax: 3, batch_size: 512 }, 'test');
    await app.app.services.models.update('alpha', { aliases: ['other'] }, 'test');
    expect(app.model('alpha').pid).toBe(alpha.pid);
    await app.app.services.models.unload('alpha', 'test');
    expect(await load(app, 'alpha')).toMatchObject([{ contextSize: 512, pendingChange: false }]);
  });

  it.each<[Apply, ModelView['pendingChange'], boolean]>([
    ['when-idle', false, true],
    ['now', false, true],
    ['next-load', { keys: ['ctx-size'], when: 'next load' }, false],
  ])('does what its preview says: %s', async (apply, pendingChange, restarted) => {
    const app = await start({ alpha: '', beta: '', gamma: '' });
    await app.app.services.presets.save('default', `${PRESET}\n[gamma]\nctx-size = 1024\n`, 'test');
    const [alpha, beta] = (await load(app, 'alpha', 'beta')) as [ModelView, ModelView];
    const text = `${PRESET}\n[gamma]\nctx-size = 512\n`.replace('1024', '512');
    const effects = app.app.services.presets.preview('default', text, apply);
    const changed = [{ key: 'ctx-size', from: '1024', to: '512' }];
    expect(effects).toEqual([
      {
        kind: 'restart-model',
        modelId: 'alpha',
        changed,
        when: apply === 'now' ? 'now' : apply === 'when-idle' ? 'when idle' : 'next load',
      },
      { kind: 'none', modelId: 'gamma', changed, when: 'next load' },
    ]);
    expect(await presetText(app)).toContain('1024');
    expect(app.app.services.presets.preview('other', text, apply)).toEqual(NOTHING);
    await app.app.services.presets.save('default', text, 'test', apply);
    const now = restarted ? await exchanged(app, alpha) : app.model('alpha');
    expect(now).toMatchObject({ state: 'loaded', pendingChange, contextSize: restarted ? 512 : 1024 });
    expect(app.model('beta').pid).toBe(beta.pid);
    expect(app.app.services.presets.preview('default', text, apply)).toEqual(NOTHING);
  });

  it('reaches the running router without a restart where it can', async () => {
    const app = await start({ alpha: '' });
    const { pid } = app.app.services.router.view();
    const named = (): Promise<number> =>
      new Promise((resolve, reject) => {
        const { hostname, port } = new URL(app.app.routerUrl);
        get({ hostname, port, path: '/v1/models', headers: { host: 'box.lan' }, agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        }).on('error', reject);
      });
    expect(await named()).toBe(403);
    const patch = { allowedHosts: ['box.lan'] };
    expect(app.app.services.config.preview(patch, 'when-idle')).toEqual([
      { kind: 'router-settings', changed: [{ key: 'allowedHosts', from: [], to: ['box.lan'] }], when: 'now' },
    ]);
    await app.app.services.config.update(patch, 'test');
    await vi.waitFor(async () => expect(await named()).toBe(200));
    expect(app.app.services.router.view().pid).toBe(pid);
  });

  it('of the router’s port starts the router again when it is idle, and leaves the models', async () => {
    const [first, second] = [await freePort(), await freePort()];
    const dataDir = await mkdtemp(join(tmpdir(), 'llamactor-port-'));
    await writeFile(join(dataDir, 'config.json'), JSON.stringify({ version: 1, data: { routerPort: first } }));
    const app = await start({ alpha: 'tokens:60,token-ms:10' }, { dataDir, routerPort: first });
    const { config, router } = app.app.services;
    const [alpha] = (await load(app, 'alpha')) as [ModelView];
    const { pid } = router.view();
    const response = await streamFrom(app, 'alpha');
    await app.until('alpha', ({ inFlight }) => inFlight === 1);
    const changed = [{ key: 'routerPort', from: first, to: second }];
    expect(config.preview({ routerPort: second }, 'when-idle')).toEqual([
      { kind: 'restart-router', changed, when: 'when idle' },
    ]);
    await config.update({ routerPort: second }, 'test');
    expect(router.view().pid).toBe(pid);
    expect(await response.text()).toContain('[DONE]');
    await vi.waitFor(() => expect(router.view().url).toBe(`http://127.0.0.1:${second}`), { timeout: 20_000 });
    expect(router.view().pid).not.toBe(pid);
    expect((await (await streamFrom(app, 'alpha')).text()).length).toBeGreaterThan(0);
    expect(app.model('alpha').pid).toBe(alpha.pid);
    await rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
  });

  it('of a value that a flag wins over counts at the next start', async () => {
    const routerPort = await freePort();
    const app = await start({ alpha: '' }, { routerPort });
    const { config, router } = app.app.services;
    const { pid } = router.view();
    const effects = [
      { kind: 'server-restart-needed', changed: [{ key: 'routerPort', from: 8080, to: 9999 }], when: 'next start' },
    ];
    expect(config.preview({ routerPort: 9999 }, 'now')).toEqual(effects);
    await config.update({ routerPort: 9999 }, 'test', 'now');
    expect(config.get().routerPort).toBe(routerPort);
    expect(router.view()).toMatchObject({ pid, state: 'loaded' });
  });
});
