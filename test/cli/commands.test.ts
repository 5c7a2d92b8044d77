import os from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodedError } from '../../src/contracts/errors.ts';
import { startTestServer } from '../support/server.ts';
import { freePort } from './free-port.ts';
import { run, start } from './harness.ts';

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeEach(async () => {
  server = await startTestServer();
  const info = server.services.system.info();
  server.services.system.info = () => ({ ...info, dataDir: os.tmpdir() });
});
afterEach(() => server.close());

const cli = (...argv: string[]) => run(argv, { url: server.url });
const control = () => server.services.control;

describe('the shape of --json', () => {
  const cases: [argv: string[], shape: Record<string, unknown>][] = [
    [['ps'], { models: [], router: { running: true }, engine: { state: 'ready' } }],
    [['models'], { models: expect.arrayContaining([expect.objectContaining({ id: 'alpha' })]) as unknown }],
    [['load', 'alpha'], { status: 'loaded', model: { id: 'alpha', state: 'loaded' } }],
    [['unload', 'alpha.gguf'], { status: 'unloaded', model: { id: 'alpha', state: 'unloaded' } }],
    [['decisions'], { decisions: [] }],
    [['decisions', 'alpha', '--limit', '5'], { decisions: [] }],
    [['models', 'set', 'alpha', 'priority=5', 'group=big'], { model: { id: 'alpha', priority: 5, group: 'big' } }],
    [['explain', 'alpha'], { explanation: { modelId: 'alpha', verdict: 'fits' } }],
    [['scan'], { found: 4, added: 0, updated: 0, removed: 0 }],
    [['preset', 'list'], { presets: [{ name: 'default' }], active: 'default' }],
    [['preset'], { active: 'default' }],
    [['preset', 'show', 'default'], { preset: { name: 'default', ini: 'version = 1\n' } }],
    [['preset', 'use', 'default'], { preset: 'default', router: { state: 'loaded', preset: 'default' } }],
    [['activity', '--model', 'alpha'], { requests: [{ id: 'r0', modelId: 'alpha' }] }],
    [['stats'], { summary: { count: 2, models: [{ count: 1 }, { count: 1 }] } }],
    [['requests'], { requests: [{ id: 'q1', state: 'serving' }], total: 1 }],
    [['requests', 'cancel', 'q1'], { cancelled: 'q1' }],
    [['timeline', '--hours', '1'], { timeline: { lanes: [{ modelId: 'alpha' }] } }],
    [['logs'], { logs: [] }],
    [['logs', '--clear'], { cleared: 0 }],
    [['config'], { config: { port: 3000, modelsMax: 4 } }],
    [['config', 'set', 'maxModelsLoaded', '2'], { config: { modelsMax: 2 } }],
    [['engine'], { engine: { state: 'ready', version: '0.7.0' } }],
    [['engine', 'install'], { engine: { state: 'ready' } }],
    [['engine', 'use', 'bin/llama-server'], { engine: { path: '/bin/llama-server', source: 'configured' } }],
    [['status'], { info: { version: '0.0.0' }, health: { status: 'healthy' }, models: { total: 4, loaded: 0 } }],
    [
      ['doctor'],
      {
        ok: true,
        findings: expect.arrayContaining([expect.objectContaining({ check: 'engine', level: 'ok' })]) as unknown,
      },
    ],
  ];
  it.each(cases)('%j is one document', async (argv, shape) => {
    const outcome = await cli(...argv, '--json');
    expect(outcome.err).toBe('');
    expect(outcome.json()).toMatchObject(shape);
    expect(outcome.code).toBe(0);
  });

  it('one key of the configuration is its bare value', async () => {
    expect((await cli('config', 'get', 'port', '--json')).json()).toBe(3000);
  });

  it('a refusal is a document too', async () => {
    const outcome = await cli('load', 'nobody', '--json');
    expect(outcome).toMatchObject({ code: 1, err: '' });
    expect(outcome.json()).toMatchObject({
      error: { code: 'NOT_FOUND', message: expect.stringContaining('nobody') as string },
    });
  });
});

describe('load and unload', () => {
  it('says what happened', async () => {
    expect(await cli('load', 'alpha')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^alpha is loaded after .+\.\n$/) as string,
    });
    expect((await cli('load', 'alpha')).out).toBe('alpha was loaded already.\n');
    expect((await cli('unload', 'alpha')).out).toBe('alpha is unloaded.\n');
    expect((await cli('unload', 'alpha')).out).toBe('alpha was not loaded.\n');
  });

  it('shows progress as lines and the cause of a failure with the last lines of the engine', async () => {
    const release = control().hold('beta');
    const running = start(['load', 'beta'], { url: server.url });
    await vi.waitFor(() => expect(server.services.models.find('beta')?.state).toBe('loading'));
    control().tick('beta', { progress: 30, stage: 'text_model' });
    await vi.waitFor(() => expect(running.err()).toContain('loading beta (text model): 30 %\n'));
    control().tick('beta', { progress: 33, stage: 'text_model' });
    control().tick('beta', { progress: 62, stage: 'text_model' });
    await vi.waitFor(() => expect(running.err()).toContain(': 62 %\n'));
    expect(running.err()).not.toContain('33 %');
    control().failNext('load', 'beta', new CodedError('UPSTREAM_FAILED', 'The file is damaged.'));
    release();
    expect(await running.done).toBe(1);
    expect(running.err()).toMatch(/The file is damaged\./);
    expect(running.out()).toBe('');
  });

  it('draws a bar on a terminal and removes it', async () => {
    const release = control().hold('beta');
    const running = start(['load', 'beta', '--no-color'], { url: server.url, terminal: 60 });
    await vi.waitFor(() => expect(server.services.models.find('beta')?.state).toBe('loading'));
    control().tick('beta', { progress: 50 });
    await vi.waitFor(() => expect(running.err()).toContain('50 %'));
    release();
    expect(await running.done).toBe(0);
    expect(running.err()).toContain('█');
    expect(running.err().endsWith('\r\u001b[2K')).toBe(true);
  });

  it('repeats the engine’s own words of this failure only', async () => {
    const failure = {
      code: 'CORRUPT_FILE' as const,
      message: 'Bad magic.',
      stderr: ['gguf_init: invalid magic', 'failed to load model'],
      exitCode: 1,
      signal: null,
      at: 5,
    };
    control().tick('alpha', { failure: { ...failure, stderr: ['an old story'], at: 1 } });
    server.services.models.load = (id) => {
      control().tick(id, { state: 'error', failure });
      return Promise.reject(new CodedError('UPSTREAM_FAILED', 'Bad magic.'));
    };
    const outcome = await cli('load', 'alpha');
    expect(outcome).toMatchObject({ code: 1, out: '' });
    expect(outcome.err).toBe('Bad magic.\n  gguf_init: invalid magic\n  failed to load model\n');
    control().tick('alpha', { failure: { ...failure, at: 6 } });
    server.services.models.load = () => Promise.reject(new CodedError('UPSTREAM_FAILED', 'No router.'));
    expect((await cli('load', 'alpha')).err).toBe('No router.\n');
  });

  it('adds the advice where the message has none', async () => {
    control().failNext('load', 'alpha', new CodedError('DOES_NOT_FIT', 'alpha needs 9 GiB, 2 GiB are free.'));
    expect((await cli('load', 'alpha')).err).toContain('2 GiB are free. Unload another model');
  });

  it('Ctrl-C leaves the load to the server and says so', async () => {
    const release = control().hold('gamma');
    const running = start(['load', 'gamma'], { url: server.url });
    await vi.waitFor(() => expect(server.services.models.find('gamma')?.state).toBe('loading'));
    running.signal('SIGINT');
    expect(await running.done).toBe(130);
    expect(running.err()).toContain('`llamactor unload gamma` stops that');
    release();
    await vi.waitFor(() => expect(server.services.models.find('gamma')?.state).toBe('loaded'));
  });

  it('gives up at --timeout', async () => {
    const release = control().hold('gamma');
    const outcome = await cli('load', 'gamma', '--timeout', '200ms');
    expect(outcome.code).toBe(1);
    expect(outcome.err).toContain('not answered within 0.2 s');
    release();
  });
});

describe('what people read', () => {
  it('ps aligns models and names troubles, router and engine', async () => {
    await server.services.models.load('alpha', 'server');
    control().tick('alpha', { contextSize: 8192, slots: 4, inFlight: 2 });
    control().crash('beta');
    control().tick('beta', { retryAt: Date.now() + 60_500 });
    const { out, code } = await cli('ps');
    expect(code).toBe(0);
    const [header = '', first = ''] = out.split('\n');
    expect(header).toMatch(/^MODEL +STATE +MEMORY +CONTEXT +IN FLIGHT +UPTIME +LAST USED$/);
    expect(first).toMatch(/^alpha +loaded +– +8k × 4 +2 .* now$/);
    expect(first.indexOf('loaded')).toBe(header.indexOf('STATE'));
    expect(out).toMatch(/beta {2}The server ended with code 1; tries again in 1 min/);
    expect(out).toMatch(/router {2}loaded, .*preset default/);
    expect(out).toMatch(/engine {2}llama-server 0\.7\.0 \(build 11669\)/);
    expect(out).not.toContain('\u001b');
  });

  it('ps shows measured memory', async () => {
    await server.services.models.load('alpha', 'server');
    const sample = await server.services.metrics.current();
    server.services.metrics.current = () =>
      Promise.resolve({ ...sample, processes: [{ source: 'model:alpha', pid: 1, cpu: 3, memory: 3 * 1024 ** 3 }] });
    expect((await cli('ps')).out).toMatch(/alpha +loaded +3\.0 GiB/);
    expect((await cli('ps', '--json')).json()).toMatchObject({ models: [{ id: 'alpha', memory: 3 * 1024 ** 3 }] });
  });

  it('ps without models says what to do', async () => {
    expect((await cli('ps')).out).toContain('No model is loaded; 4 can be, see `llamactor models`.');
  });

  it('models set names the keys there are, refuses what does not suit, and takes values back', async () => {
    expect(await cli('models', 'set', 'alpha', 'prioritty=5')).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean priority') as unknown,
    });
    expect((await cli('models', 'set', 'alpha', 'pinned')).err).toContain('is not key=value');
    expect((await cli('models', 'set', 'alpha', 'ttl=-1')).err).toContain('does not suit ttl');
    expect((await cli('models', 'set', 'alpha', 'ttl=60', 'pinned=true')).out).toContain('pinned true, ttl 60');
    expect((await cli('models', 'set', 'alpha', 'ttl=', 'aliases=one,two')).out).toContain(
      'aliases one, two, ttl not set',
    );
    expect(server.services.models.find('alpha')).toMatchObject({ ttl: null, pinned: true, aliases: ['one', 'two'] });
  });

  it('models lists problems and, when quiet, ids only', async () => {
    control().tick('gamma', { problem: 'The file is incomplete.' });
    expect((await cli('models')).out).toMatch(/gamma +2\.5 MiB .*The file is incomplete\./);
    expect((await cli('models', '-q')).out).toBe('alpha\nbeta\nbroken\ngamma\n');
  });

  it('escape sequences in names do not reach the terminal', async () => {
    control().tick('gamma', { problem: 'bad \u001b]0;title\u0007 name' });
    const { out } = await run(['models', '--no-color'], { url: server.url, terminal: 200 });
    expect(out).toContain('bad');
    expect(out).not.toContain('\u001b');
  });

  it('colours only on a terminal, and never against NO_COLOR', async () => {
    expect((await run(['models'], { url: server.url, terminal: 100 })).out).toContain('\u001b[');
    expect((await run(['models'], { url: server.url, terminal: 100, env: { NO_COLOR: '1' } })).out).not.toContain(
      '\u001b[',
    );
    expect((await run(['models', '--no-color'], { url: server.url, terminal: 100 })).out).not.toContain('\u001b[');
  });

  it('config set says when it takes effect and refuses what does not suit', async () => {
    expect((await cli('config', 'set', 'port', '4000')).out).toBe(
      '  in effect when `llamactor serve` is started again, unless a flag or variable says otherwise then (port 3000 → 4000)\nport is now 4000.\n',
    );
    expect((await cli('config', 'port')).out).toBe('4000\n');
    expect((await cli('config', 'get', 'port')).out).toBe('4000\n');
    expect((await cli('config', 'set', 'modelsDirs', '/a', '/b')).out).toContain('/a, /b');
    expect(await cli('config', 'set', 'port', 'many')).toMatchObject({ code: 2, out: '' });
    const typo = await cli('config', 'set', 'modelMax', '3');
    expect(typo).toMatchObject({ code: 2, err: expect.stringContaining('did you mean modelsMax;') as string });
  });

  it('preset save reads a pipe, show prints it, delete removes it', async () => {
    const ini = '[alpha]\nctx-size = 512\n';
    expect(await run(['preset', 'save', 'mine'], { url: server.url, stdin: ini })).toMatchObject({ code: 0 });
    expect((await cli('preset', 'show', 'mine')).out).toBe(ini);
    expect((await cli('preset', 'list', '-q')).out).toBe('default\nmine\n');
    expect((await cli('preset', 'delete', 'mine')).out).toBe('Deleted preset mine.\n');
    expect(await cli('preset', 'show', 'mine')).toMatchObject({ code: 1, out: '' });
    expect(await cli('preset', 'save', 'mine', '/nowhere/x.ini')).toMatchObject({
      code: 2,
      err: expect.stringContaining('/nowhere/x.ini') as string,
    });
  });

  it('preset use reports a router that does not come up', async () => {
    server.services.router.startWithPreset = () => {
      control().setRouter({
        state: 'error',
        running: false,
        failure: { code: 'PORT_IN_USE', message: 'Port 8080 is in use.', stderr: [], exitCode: 1, signal: null, at: 1 },
      });
      return Promise.resolve();
    };
    expect(await cli('preset', 'use', 'default')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Port 8080 is in use.') as string,
    });
  });

  it('engine without an engine fails for scripts', async () => {
    const engine = server.services.engine.view();
    server.services.engine.view = () => ({ ...engine, state: 'missing', path: null, problem: 'None was found.' });
    expect(await cli('engine')).toMatchObject({ code: 1, out: expect.stringContaining('None was found.') as string });
    expect(await cli('doctor')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^FAIL {2}engine .*engine install/m) as string,
    });
  });
});

describe('exit codes', () => {
  const usage: string[][] = [
    ['--nonsense'],
    ['ps', '--nonsense'],
    ['nonsense'],
    ['load'],
    ['load', 'a', 'b'],
    ['logs', '-n', '0'],
    ['logs', '--level', 'loud'],
    ['logs', '--clear', '-f'],
    ['ps', '--timeout', 'soon'],
    ['ps', '--url', 'ftp://example'],
    ['completions', 'tcsh'],
    ['preset', 'sohw', 'default'],
    ['chat', 'alpha', '   '],
    ['chat', 'alpha', 'hi', '--temperature', 'hot'],
  ];
  it.each(usage.map((argv) => [argv]))('2 with one sentence for %j', async (argv) => {
    const outcome = await cli(...argv);
    expect(outcome.code).toBe(2);
    expect(outcome.out).toBe('');
    expect(outcome.err.trim().split('\n')).toHaveLength(1);
    expect(outcome.err.trim()).toMatch(/[.?]$/);
  });

  it.each([
    ['laod', 'load'],
    ['modles', 'models'],
    ['preset sohw', 'show'],
    ['engine instal', 'install'],
  ])('"%s" suggests %s', async (words, meant) => {
    const { err } = await cli(...words.split(' '));
    expect(err).toMatch(/did you mean/i);
    expect(err).toContain(meant);
  });

  it.each([['ps'], ['models'], ['logs'], ['chat', 'alpha', 'hi'], ['engine', 'install']].map((argv) => [argv]))(
    '3 without a server for %j',
    async (argv) => {
      const url = `http://127.0.0.1:${await freePort()}`;
      const outcome = await run(argv, { url });
      expect(outcome).toMatchObject({ code: 3, out: '' });
      expect(outcome.err).toContain(url);
      expect(outcome.err).toContain('`npm start` or `llamactor serve`');
      expect((await run([...argv, '--json'], { url })).json()).toMatchObject({ error: { code: 'UPSTREAM_FAILED' } });
    },
  );

  it('130 for Ctrl-C', async () => {
    const running = start(['logs', '-f'], { url: server.url });
    running.signal('SIGINT');
    expect(await running.done).toBe(130);
  });
});

describe('help', () => {
  it('shows groups and exit codes', async () => {
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    for (const heading of ['Server:', 'Models:', 'Setup:', 'Exit codes:']) expect(out).toContain(heading);
    expect(await run([])).toMatchObject({ code: 0, out: expect.stringContaining('Server:') as string });
  });

  it('of a command goes to stdout', async () => {
    expect(await run(['load', '--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('Usage: llamactor load') as string,
    });
  });

  it('--version prints the version', async () => {
    expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
