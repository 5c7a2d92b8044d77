import { describe, expect, it } from 'vitest';
import { resolveDataDir } from '../../src/cli/data-dir.ts';
import type { Place } from '../../src/cli/data-dir.ts';
import { resolveServeOptions } from '../../src/cli/serve-options.ts';
import type { ServeFlags } from '../../src/cli/serve-options.ts';
import type { Config } from '../../src/contracts/config.ts';
import { isLoopback } from '../../src/contracts/origins.ts';

const place = (env: Record<string, string> = {}, platform: NodeJS.Platform = 'linux'): Place => ({
  env,
  platform,
  homedir: platform === 'win32' ? 'C:\\Users\\ann' : '/home/ann',
  cwd: platform === 'win32' ? 'C:\\srv' : '/srv',
});
const resolve = (flags: ServeFlags, env: Record<string, string> = {}, config: Partial<Config> = {}) =>
  resolveServeOptions(flags, place(env), config);

describe('precedence', () => {
  const config = { port: 3, routerPort: 4, host: '127.0.0.3' };
  const env = { PORT: '5', ROUTER_PORT: '6', HOST: '127.0.0.5' };

  it('defaults', () => {
    expect(resolve({})).toEqual({
      host: '127.0.0.1',
      port: 3000,
      routerPort: 8080,
      dataDir: '/home/ann/.local/share/llamactor',
      modelsDirs: null,
      enginePath: null,
      web: true,
      events: false,
      auth: true,
      keysNeeded: false,
    });
  });
  it('configuration over default', () => {
    expect(resolve({}, {}, config)).toMatchObject({ port: 3, routerPort: 4, host: '127.0.0.3' });
  });
  it('environment over configuration', () => {
    expect(resolve({}, env, config)).toMatchObject({ port: 5, routerPort: 6, host: '127.0.0.5' });
  });
  it('flag over environment', () => {
    const flags = { port: '7', routerPort: '8', host: '127.0.0.7' };
    expect(resolve(flags, env, config)).toMatchObject({ port: 7, routerPort: 8, host: '127.0.0.7' });
  });
  it('an empty variable counts as unset', () => {
    expect(resolve({}, { PORT: '', HOST: ' ', LLAMACTOR_DATA_DIR: '' }, config)).toMatchObject({
      port: 3,
      host: '127.0.0.3',
    });
  });
  it('switches', () => {
    expect(resolve({ web: false, events: true, auth: false })).toMatchObject({ web: false, events: true, auth: false });
  });
});

describe('folders', () => {
  it('flags replace the environment, relative ones start at the working directory', () => {
    const env = { LLAMACTOR_MODELS_DIR: '/a:~/b::c' };
    expect(resolve({}, env).modelsDirs).toEqual(['/a', '/home/ann/b', '/srv/c']);
    expect(resolve({ modelsDir: ['x', '/y', 'x'] }, env).modelsDirs).toEqual(['/srv/x', '/y']);
  });
  it('Windows separates with semicolons', () => {
    const options = resolveServeOptions({}, place({ LLAMACTOR_MODELS_DIR: 'D:\\a;b' }, 'win32'), {});
    expect(options.modelsDirs).toEqual(['D:\\a', 'C:\\srv\\b']);
  });
  it('the engine may be relative', () => {
    expect(resolve({}, { LLAMACTOR_ENGINE_PATH: 'bin/llama-server' }).enginePath).toBe('/srv/bin/llama-server');
  });

  it.each([
    [{}, 'linux', '/home/ann/.local/share/llamactor'],
    [{ XDG_DATA_HOME: '/xdg' }, 'linux', '/xdg/llamactor'],
    [{ XDG_DATA_HOME: 'relative' }, 'linux', '/home/ann/.local/share/llamactor'],
    [{}, 'darwin', '/home/ann/Library/Application Support/Llamactor'],
    [{}, 'win32', 'C:\\Users\\ann\\AppData\\Local\\Llamactor'],
    [{ LOCALAPPDATA: 'E:\\Local' }, 'win32', 'E:\\Local\\Llamactor'],
    [{ LLAMACTOR_DATA_DIR: 'd' }, 'linux', '/srv/d'],
  ] as const)('data of %j on %s', (env, platform, folder) => {
    expect(resolveDataDir(undefined, place(env, platform))).toBe(folder);
  });
  it('the flag wins', () => expect(resolveDataDir('~', place({ LLAMACTOR_DATA_DIR: '/d' }))).toBe('/home/ann'));
});

describe('refusals', () => {
  it.each([
    [{ port: '70000' }, {}, /--port .* "70000"/],
    [{ port: '' }, {}, /--port/],
    [{ port: '0x10' }, {}, /--port/],
    [{ routerPort: '-1' }, {}, /--router-port/],
    [{}, { PORT: 'http' }, /^PORT must/],
    [{}, { ROUTER_PORT: '1e3' }, /^ROUTER_PORT must/],
    [{ port: '8080' }, {}, /cannot share port 8080/],
    [{ host: 'a b' }, {}, /--host/],
  ] as const)('%j with %j', (flags, env, message) => {
    expect(() => resolve({ ...flags }, { ...env })).toThrow(message);
  });
  it.each([
    [{ host: '0.0.0.0' }, {}, {}, true],
    [{}, { HOST: '::' }, {}, true],
    [{ host: 'example.com' }, {}, {}, true],
    [{}, {}, { requireKeys: true }, true],
    [{}, {}, {}, false],
    [{ host: 'localhost' }, {}, {}, false],
    [{ host: '0.0.0.0', auth: false }, {}, { requireKeys: true }, false],
  ] as const)('%j with %j and %j needs keys: %j', (flags, env, config, needed) => {
    expect(resolve({ ...flags }, { ...env }, config).keysNeeded).toBe(needed);
  });
  it('two ports chosen by the system are two ports', () => {
    expect(resolve({ port: '0', routerPort: '0' })).toMatchObject({ port: 0, routerPort: 0 });
  });
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])(
    '%s is loopback',
    (host) => {
      expect(isLoopback(host)).toBe(true);
    },
  );
  it.each(['0.0.0.0', '::', '192.168.0.2', '127.0.0.1.example.com', 'localhost.example.com', '10.0.0.1'])(
    '%s is not',
    (host) => expect(isLoopback(host)).toBe(false),
  );
  it('brackets around an address are dropped', () => expect(resolve({ host: '[::1]' }).host).toBe('::1'));
});
