import { mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CreateApp } from '../../src/cli/serve/app.ts';
import { banner } from '../../src/cli/serve/banner.ts';
import { folderProblem, futureFolderProblem, portProblem, readStoredConfig } from '../../src/cli/preflight.ts';
import type { ServeOptions } from '../../src/cli/serve-options.ts';
import type { DomainChange } from '../../src/commands/services.ts';
import { CodedError } from '../../src/contracts/errors.ts';
import type { EngineView } from '../../src/contracts/views.ts';
import { createMemoryServices } from '../support/memory-services.ts';
import type { MemoryServices } from '../support/memory-services.ts';
import { memoryEngine, memoryModel } from '../support/memory-views.ts';
import { freePort, occupy } from './free-port.ts';
import { run, start } from './harness.ts';
import type { Setup } from './harness.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'llamactor-serve-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An app that starts nothing, with what happened to it. */
const fakeApp = (services: MemoryServices = createMemoryServices()) => {
  const story: string[] = [];
  const hold = { start: () => Promise.resolve(), stop: () => Promise.resolve() };
  const fatal: ((error: unknown) => void)[] = [];
  const seen: ServeOptions[] = [];
  const createApp: CreateApp = (options) => {
    seen.push(options);
    return Promise.resolve({
      start: async () => {
        story.push('start');
        await hold.start();
      },
      stop: async (reason) => {
        story.push(`stop: ${reason}`);
        await hold.stop();
      },
      url: `http://localhost:${options.port}`,
      routerUrl: `http://127.0.0.1:${options.routerPort}`,
      services,
      onFatal: (listener) => void fatal.push(listener),
    });
  };
  return { createApp, story, hold, seen, services, fail: (error: unknown) => fatal.forEach((tell) => tell(error)) };
};

const ports = ['--port', '0', '--router-port', '0'];
const serve = (app: ReturnType<typeof fakeApp>, argv: string[] = ports, setup: Setup = {}) =>
  start(['serve', '--data-dir', path.join(folder, 'data'), ...argv], { createApp: app.createApp, ...setup });

describe('a run of the server', () => {
  it('prints three lines, stays, and stops gracefully with exit code 0', async () => {
    const app = fakeApp();
    const running = serve(app);
    await vi.waitFor(() => expect(running.out()).toContain('Stop with'));
    expect(running.out().trim().split('\n')).toHaveLength(3);
    expect(app.story).toEqual(['start']);
    running.signal('SIGTERM');
    expect(await running.done).toBe(0);
    expect(app.story).toEqual(['start', 'stop: signal']);
    expect(running.exits).toEqual([]);
  });

  it('a second signal ends at once', async () => {
    const app = fakeApp();
    let release: () => void = () => undefined;
    app.hold.stop = () => new Promise((resolve) => (release = resolve));
    const running = serve(app);
    await vi.waitFor(() => expect(running.out()).toContain('Stop with'));
    running.signal('SIGINT');
    await vi.waitFor(() => expect(app.story).toContain('stop: signal'));
    expect(running.exits).toEqual([]);
    running.signal('SIGTERM');
    expect(running.exits).toEqual([1]);
    release();
    await running.done;
  });

  it('a signal during the start stops too', async () => {
    const app = fakeApp();
    app.hold.start = () => new Promise(() => undefined);
    const running = serve(app);
    await vi.waitFor(() => expect(app.story).toEqual(['start']));
    running.signal('SIGTERM');
    expect(await running.done).toBe(0);
    expect(running.out()).toBe('');
  });

  it('a fault at the start or later ends with exit code 1, after a stop', async () => {
    const early = fakeApp();
    early.hold.start = () => Promise.reject(new CodedError('INVALID_STATE', 'Port 1 was taken meanwhile.'));
    const first = serve(early);
    expect(await first.done).toBe(1);
    expect(first.err()).toContain('Port 1 was taken meanwhile.');
    expect(early.story).toEqual(['start', 'stop: failure']);
    const late = fakeApp();
    const second = serve(late);
    await vi.waitFor(() => expect(second.out()).toContain('Stop with'));
    late.fail(new CodedError('INTERNAL', 'The ground is gone.'));
    expect(await second.done).toBe(1);
    expect(second.err()).toContain('The ground is gone.');
  });

  it('a stop that fails is exit code 1', async () => {
    const app = fakeApp();
    const running = serve(app);
    await vi.waitFor(() => expect(running.out()).toContain('Stop with'));
    app.hold.stop = () => Promise.reject(new CodedError('TIMEOUT', 'A process would not leave.'));
    running.signal('SIGTERM');
    expect(await running.done).toBe(1);
    expect(running.err()).toContain('A process would not leave.');
  });

  it('SIGHUP searches again', async () => {
    const app = fakeApp();
    const running = serve(app);
    await vi.waitFor(() => expect(running.out()).toContain('Stop with'));
    app.services.control.addFile('fresh.gguf');
    running.signal('SIGHUP');
    await vi.waitFor(() => expect(running.err()).toContain('4 models found'));
    expect(app.services.models.find('fresh')).toBeDefined();
    app.services.models.scan = () => Promise.reject(new CodedError('NOT_FOUND', 'The folder is gone.'));
    running.signal('SIGHUP');
    await vi.waitFor(() => expect(running.err()).toContain('The folder is gone.'));
    running.signal('SIGTERM');
    expect(await running.done).toBe(0);
  });

  it('a broken stdout does not end it', async () => {
    const app = fakeApp();
    const running = serve(app, [...ports, '--events'], { breakStdoutAfter: 0 });
    await vi.waitFor(() => expect(running.err()).toContain('Stop with'));
    await app.services.models.load('alpha', 'server');
    expect(running.io.stdout.broken.aborted).toBe(true);
    await app.services.models.unload('alpha', 'server');
    running.signal('SIGTERM');
    expect(await running.done).toBe(0);
  });

  it('a terminal that went away stops it', async () => {
    const app = fakeApp();
    const running = serve(app, ports, { terminal: 80 });
    await vi.waitFor(() => expect(running.out()).toContain('Stop with'));
    running.hangUp();
    running.signal('SIGHUP');
    expect(await running.done).toBe(0);
    expect(app.story).toEqual(['start', 'stop: signal']);
  });

  it('--events writes changes and decisions as JSON lines and keeps stdout free of anything else', async () => {
    const app = fakeApp();
    const running = serve(app, [...ports, '--events']);
    await vi.waitFor(() => expect(running.err()).toContain('Stop with'));
    await app.services.models.load('alpha', 'server');
    app.services.control.log('info', 'server', 'no part of it');
    await vi.waitFor(() => expect(running.out()).toContain('"loaded"'));
    const lines = running
      .out()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const line of lines) {
      expect(line).toMatchObject({
        at: expect.any(Number) as number,
        seq: expect.any(Number) as number,
        kind: 'model',
      });
    }
    expect(lines.at(-1)).toMatchObject({ model: { id: 'alpha', state: 'loaded' } });
    running.signal('SIGTERM');
    await running.done;
  });

  it('shows an installation as lines before the three lines', async () => {
    const services = createMemoryServices();
    let engine: EngineView = { ...memoryEngine(), state: 'checking', path: null, version: null };
    services.engine.view = () => engine;
    const listeners = new Set<(changes: readonly DomainChange[], seq: number) => void>();
    services.subscribe = (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    };
    const tell = (over: Partial<EngineView>): void => {
      engine = { ...engine, ...over };
      for (const listener of listeners) listener([{ kind: 'engine', engine, by: null }], 1);
    };
    const app = fakeApp(services);
    const running = serve(app);
    await vi.waitFor(() => expect(listeners.size).toBe(1));
    for (let percent = 0; percent <= 100; percent += 1) {
      tell({
        state: 'installing',
        progress: { stage: 'downloading libllama0', percent, receivedBytes: percent * 1000, totalBytes: 100_000 },
      });
    }
    expect(running.out()).toBe('');
    expect(running.err().trim().split('\n')).toHaveLength(11);
    tell({ state: 'missing', progress: null, problem: 'The download failed.' });
    await vi.waitFor(() => expect(running.out()).toContain('no llama-server yet (The download failed.)'));
    expect(listeners.size).toBe(0);
    running.signal('SIGTERM');
    expect(await running.done).toBe(0);
  });
});

describe('what is refused before anything starts', () => {
  const refused = async (argv: string[], setup: Setup = {}): Promise<string> => {
    const app = fakeApp();
    const outcome = await run(['serve', ...argv], { createApp: app.createApp, ...setup });
    expect(outcome).toMatchObject({ code: 2, out: '' });
    expect(outcome.err.trim().split('\n')).toHaveLength(1);
    expect(app.story).toEqual([]);
    return outcome.err;
  };

  it('a port in use', async () => {
    const busy = await occupy();
    const other = ['--data-dir', folder, '--router-port', '0'];
    expect(await refused(['--port', String(busy.port), ...other])).toContain(
      `port ${busy.port} on 127.0.0.1 is in use`,
    );
    expect(await refused(['--port', '0', '--data-dir', folder], { env: { ROUTER_PORT: String(busy.port) } })).toContain(
      '--router-port',
    );
    await busy.close();
  });

  it('a data folder that is a file, also when it comes from the environment', async () => {
    const file = path.join(folder, 'file');
    await writeFile(file, '');
    expect(await refused(ports, { env: { LLAMACTOR_DATA_DIR: file } })).toContain('a file has that name');
    expect(await refused(['--data-dir', path.join(file, 'below'), ...ports])).toContain('a part of its path is a file');
  });

  it('a models folder that does not exist, a flag that does not, a host for others', async () => {
    const data = ['--data-dir', folder];
    expect(await refused([...data, ...ports, '--models-dir', path.join(folder, 'none')])).toContain(
      'There is no models folder',
    );
    expect(await refused([...data, '--prot', '1'])).toContain("Unknown option '--prot'. Did you mean --port?");
    expect(await refused([...data, ...ports, '--host', '0.0.0.0'])).toContain('--no-auth');
    expect(await refused([...data, '--port', 'x'])).toContain('--port must be a port');
    expect(await refused([...data, 'extra'])).toContain('Too many arguments');
  });

  it('an address that is not of this machine', async () => {
    expect(await refused(['--data-dir', folder, ...ports, '--no-auth', '--host', '192.0.2.1'])).toContain(
      '192.0.2.1 is no address of this machine',
    );
  });

  it('a folder that another server uses, told by the app', async () => {
    const createApp: CreateApp = () =>
      Promise.reject(new CodedError('INVALID_STATE', 'Another server uses this folder.'));
    expect(await refused(['--data-dir', folder, ...ports], { createApp })).toContain(
      'Another server uses this folder.',
    );
  });
});

describe('options reach the app', () => {
  it('flags over environment over the stored configuration', async () => {
    const models = path.join(folder, 'models');
    await mkdir(models);
    const port = await freePort();
    const data = path.join(folder, 'data');
    await mkdir(data);
    await writeFile(
      path.join(data, 'config.json'),
      JSON.stringify({ version: 1, data: { port, routerPort: 'many', host: '127.0.0.1' } }),
    );
    const app = fakeApp();
    const running = serve(app, ['--router-port', '0', '--models-dir', models, '--no-web'], {
      env: { LLAMACTOR_ENGINE_PATH: '/e' },
    });
    await vi.waitFor(() => expect(running.out()).toContain('switched off'));
    expect(app.seen).toEqual([
      {
        host: '127.0.0.1',
        port,
        routerPort: 0,
        dataDir: data,
        modelsDirs: [models],
        enginePath: '/e',
        web: false,
        events: false,
        auth: true,
        keysNeeded: false,
      },
    ]);
    running.signal('SIGTERM');
    await running.done;
  });

  it('a damaged configuration is left to the server', async () => {
    await writeFile(path.join(folder, 'config.json'), '{');
    expect(await readStoredConfig(folder)).toEqual({});
    await writeFile(
      path.join(folder, 'config.json'),
      JSON.stringify({ version: 1, data: { port: 'x', host: 'h', unknown: 1 } }),
    );
    expect(await readStoredConfig(folder)).toEqual({ host: 'h' });
    await writeFile(path.join(folder, 'config.json'), 'null');
    expect(await readStoredConfig(folder)).toEqual({});
    expect(await readStoredConfig(path.join(folder, 'none'))).toEqual({});
  });
});

describe('probes', () => {
  it('a port', async () => {
    const busy = await occupy();
    expect(await portProblem('127.0.0.1', busy.port)).toBe(`port ${busy.port} on 127.0.0.1 is in use`);
    await busy.close();
    expect(await portProblem('127.0.0.1', busy.port)).toBeNull();
  });

  it('a folder is made and left empty', async () => {
    const made = path.join(folder, 'a', 'b');
    expect(await folderProblem(made)).toBeNull();
    await rmdir(made);
    expect(await futureFolderProblem(made)).toBeNull();
    await expect(rmdir(made)).rejects.toThrow('ENOENT');
    await writeFile(made, '');
    expect(await futureFolderProblem(made)).toBe('a file has that name');
    expect(await futureFolderProblem(path.join(made, 'c'))).toBe('a part of its path is a file');
  });
});

describe('the three lines', () => {
  const facts = {
    url: 'http://localhost:3000',
    routerUrl: 'http://127.0.0.1:8080',
    web: true,
    engine: memoryEngine(),
    keysNeeded: false,
  };

  it('quote the name of a model for a shell and for JSON', () => {
    const models = [memoryModel(`it's "odd".gguf`)];
    const [, api = ''] = banner({ ...facts, models });
    expect(api).toContain(`-d '{"model":"it'\\''s \\"odd\\"","messages":`);
  });

  it('choose a model that works and can talk', () => {
    const broken = memoryModel('broken.gguf', { problem: 'It is cut off.' });
    const [, api = '', count = ''] = banner({ ...facts, models: [broken, memoryModel('good.gguf')] });
    expect(api).toContain('"model":"good"');
    expect(count).toContain('2 models found, 1 unusable; llama-server 0.7.0.');
  });

  it('say that a key is needed, and where it goes', () => {
    const [dashboard, api] = banner({ ...facts, models: [memoryModel('good.gguf')], keysNeeded: true });
    expect(dashboard).toBe('Dashboard  http://localhost:3000 (keys needed; `llamactor key create` makes one)');
    expect(api).toContain('/v1/chat/completions -H "authorization: Bearer $LLAMACTOR_KEY" -H');
  });

  it('without models still give a call that works', () => {
    const lines = banner({ ...facts, models: [] });
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain('curl http://127.0.0.1:8080/v1/models');
    expect(lines[2]).toContain('no models found');
  });
});
