import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  checkEngine,
  checkFirstKey,
  checkGpus,
  checkKeys,
  checkMemory,
  checkModels,
  checkNode,
  checkRouter,
} from '../../src/cli/doctor/checks.ts';
import { memoryEngine, memoryRouter } from '../support/memory-views.ts';
import { badMagicModel, headerModel } from '../support/gguf.ts';
import { startTestServer } from '../support/server.ts';
import { freePort, occupy } from './free-port.ts';
import { run } from './harness.ts';

const GIB = 1024 ** 3;

describe('checks', () => {
  it.each([
    ['v20.19.0', 'ok'],
    ['22.0.0', 'ok'],
    ['v20.18.9', 'fail'],
    ['v18.20.0', 'fail'],
  ])('Node %s is %s', (version, level) => expect(checkNode(version).level).toBe(level));

  it('router', () => {
    expect(checkRouter(memoryRouter()).level).toBe('ok');
    expect(checkRouter({ ...memoryRouter(), running: false, state: 'unloaded' }).level).toBe('warn');
    const failure = {
      code: 'PORT_IN_USE' as const,
      message: 'Port 8080 is in use.',
      stderr: [],
      exitCode: 1,
      signal: null,
      at: 1,
    };
    const broken = checkRouter({ ...memoryRouter(), running: false, state: 'error', failure });
    expect(broken).toMatchObject({
      level: 'fail',
      message: expect.stringContaining('Port 8080 is in use; start it') as string,
    });
  });

  it('engine', () => {
    expect(checkEngine({ ...memoryEngine(), state: 'installing' }).level).toBe('warn');
    expect(checkEngine({ ...memoryEngine(), state: 'missing', problem: null }).message).toContain(
      'llamactor engine install',
    );
  });

  it('keys', () => {
    const key = {
      id: 'a1',
      name: 'ci',
      hint: 'lla_abcd…',
      scopes: ['infer' as const],
      models: null,
      concurrency: null,
      ratePerMinute: null,
      createdAt: 0,
      expiresAt: 1000,
      lastUsedAt: null,
    };
    expect(checkKeys([], false, 0)).toMatchObject([{ level: 'ok' }]);
    expect(checkKeys(null, true, 0)).toMatchObject([{ level: 'ok' }]);
    expect(checkKeys([key, { ...key, expiresAt: null }], true, 999)[1]).toMatchObject({
      level: 'warn',
      message: expect.stringContaining('within a week') as string,
    });
    expect(checkKeys([key], true, 1000)[1]?.message).toContain('key revoke a1');
    expect([checkFirstKey(true, 0), checkFirstKey(true, 1), checkFirstKey(false, 0)].map(({ level }) => level)).toEqual(
      ['fail', 'ok', 'ok'],
    );
  });

  it('memory warns when even the smallest model is too large', () => {
    expect(checkMemory({ total: 16 * GIB, free: 8 * GIB }, 4 * GIB).level).toBe('ok');
    expect(checkMemory({ total: 16 * GIB, free: 8 * GIB }, 9 * GIB).level).toBe('warn');
    expect(checkMemory({ total: 2 * GIB, free: GIB / 2 }, null).level).toBe('warn');
  });

  it('models and GPUs', () => {
    expect(checkModels([], '/m')).toMatchObject([{ level: 'warn' }]);
    expect(
      checkModels(
        [
          { id: 'a', size: 1, problem: null },
          { id: 'b', size: 1, problem: 'Cut off.' },
        ],
        '/m',
      ),
    ).toMatchObject([
      { level: 'ok', message: '1 usable model in /m.' },
      { level: 'warn', message: 'b: Cut off.' },
    ]);
    expect(checkGpus([])).toMatchObject([{ level: 'ok' }]);
    const gpu = {
      name: 'Card',
      usage: 1,
      memoryUsed: GIB,
      memoryTotal: 24 * GIB,
      powerUsage: null,
      powerLimit: null,
      temperature: null,
    };
    expect(checkGpus([gpu])[0]?.message).toBe('Card, 24.0 GiB of which 1.0 GiB are used.');
  });
});

describe('without a server', () => {
  let folder: string;
  let env: Record<string, string>;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'llamactor-doctor-'));
    const engine = path.join(folder, 'llama-server');
    await writeFile(engine, '#!/bin/sh\necho "version: 0.7.0 (build 11669, commit abc)"\n');
    await chmod(engine, 0o755);
    env = {
      LLAMACTOR_DATA_DIR: path.join(folder, 'data'),
      LLAMACTOR_MODELS_DIR: path.join(folder, 'models'),
      LLAMACTOR_ENGINE_PATH: engine,
      PORT: String(await freePort()),
      ROUTER_PORT: String(await freePort()),
    };
    await mkdir(path.join(folder, 'models'));
    await headerModel(path.join(folder, 'models'), 'good.gguf');
    await badMagicModel(path.join(folder, 'models'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const doctor = async (over: Record<string, string> = {}) => {
    const outcome = await run(['doctor', '--json'], { env: { ...env, ...over }, homedir: folder });
    const document = outcome.json() as { ok: boolean; findings: { check: string; level: string; message: string }[] };
    return {
      code: outcome.code,
      ...document,
      of: (check: string) => document.findings.filter((each) => each.check === check),
    };
  };

  it('looks at this machine and finds the broken file', async () => {
    const report = await doctor();
    expect(report).toMatchObject({ code: 0, ok: true });
    expect(report.of('engine')).toMatchObject([
      { level: 'ok', message: expect.stringContaining('llama-server 0.7.0') as string },
    ]);
    expect(report.of('models')).toMatchObject([
      { level: 'ok', message: expect.stringContaining('1 usable model') as string },
      { level: 'warn', message: expect.stringContaining('bad-magic') as string },
    ]);
    expect(report.of('port')).toMatchObject([{ level: 'ok' }, { level: 'ok' }]);
    expect(report.of('server')).toMatchObject([
      { level: 'warn', message: expect.stringContaining('llamactor serve') as string },
    ]);
    expect(report.of('node')).toMatchObject([{ level: 'ok' }]);
    expect(report.of('data folder')).toMatchObject([{ level: 'ok' }]);
  });

  it('fails with exit code 1 for an engine that does not run, a port in use and a folder that cannot be', async () => {
    await writeFile(env['LLAMACTOR_ENGINE_PATH'] ?? '', '#!/bin/sh\nexit 3\n');
    expect(await doctor()).toMatchObject({ code: 1, ok: false });
    expect((await doctor({ LLAMACTOR_ENGINE_PATH: '/nowhere/llama-server' })).of('engine')).toMatchObject([
      { level: 'fail' },
    ]);
    const busy = await occupy();
    const report = await doctor({
      ROUTER_PORT: String(busy.port),
      LLAMACTOR_DATA_DIR: path.join(folder, 'llama-server'),
    });
    expect(report.code).toBe(1);
    expect(report.of('port')).toMatchObject([
      { level: 'ok' },
      { level: 'fail', message: expect.stringContaining('ROUTER_PORT') as string },
    ]);
    expect(report.of('data folder')).toMatchObject([{ level: 'fail' }]);
    await busy.close();
  });

  it('a models folder that is missing is said, not thrown', async () => {
    const report = await doctor({ LLAMACTOR_MODELS_DIR: path.join(folder, 'none') });
    expect(report.of('models')).toMatchObject([
      { level: 'warn', message: expect.stringContaining('does not exist') as string },
    ]);
  });

  it('a setting that makes no sense is a usage error', async () => {
    expect(await run(['doctor'], { env: { ...env, ROUTER_PORT: 'x' }, homedir: folder })).toMatchObject({ code: 2 });
  });
});

it('with a server: its own view, and lines for people', async () => {
  const server = await startTestServer();
  server.services.control.setHealth('degraded');
  const info = server.services.system.info();
  server.services.system.info = () => ({ ...info, dataDir: os.tmpdir() });
  const { code, out } = await run(['doctor'], { url: server.url });
  expect(out).toMatch(/^OK {4}server +Llamactor 0\.0\.0 answers at http/m);
  expect(out).toMatch(/^WARN {2}engine +llama-server 0\.7\.0$/m);
  expect(out).toMatch(/^OK {4}models +4 usable models in its folders\.$/m);
  expect(out).toContain(`${os.tmpdir()} can be written.`);
  expect(code).toBe(0);
  await server.close();
});
