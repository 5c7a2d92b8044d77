/** The configuration as it is stored beside what counts. */
import { describe, expect, it } from 'vitest';
import { CONFIG_KEYS, defaultConfig } from '../../src/contracts/config.ts';
import type { Config, ConfigKey } from '../../src/contracts/config.ts';
import type { ConfigRow } from '../../src/contracts/changes.ts';
import { configRows } from '../../src/projections/config-rows.ts';
import type { ConfigSources } from '../../src/projections/config-rows.ts';

const running = {
  host: '127.0.0.1',
  port: 3000,
  routerUrl: 'http://127.0.0.1:8080',
  enginePath: '/usr/bin/llama-server',
};
const rowsOf = (
  stored: Partial<Config>,
  overrides: Partial<Config> = {},
  runs: Partial<ConfigSources['running']> = {},
) => {
  const all = { ...defaultConfig(), ...stored };
  const rows = configRows({
    stored: all,
    inForce: { ...all, ...overrides },
    overrides,
    running: { ...running, ...runs },
  });
  return (key: ConfigKey): ConfigRow | undefined => rows.find((row) => row.key === key);
};

describe('the rows of the configuration', () => {
  it('are one for each key, with defaults marked as such', () => {
    const rows = configRows({ stored: defaultConfig(), inForce: defaultConfig(), overrides: {}, running });
    expect(rows.map(({ key }) => key)).toEqual(Object.keys(CONFIG_KEYS));
    expect(rows.every(({ source, waitsFor }) => source === 'default' && waitsFor === null)).toBe(true);
  });

  it('say what counts at once', () => {
    expect(rowsOf({ modelsMax: 7 })('modelsMax')).toEqual({
      key: 'modelsMax',
      requested: 7,
      effective: 7,
      source: 'stored',
      waitsFor: null,
    });
  });

  it('say what waits for a start of the server or of the router', () => {
    const row = rowsOf({ port: 3001, host: '0.0.0.0', routerPort: 9090 });
    expect(row('port')).toMatchObject({ requested: 3001, effective: 3000, waitsFor: 'server' });
    expect(row('host')).toMatchObject({ requested: '0.0.0.0', effective: '127.0.0.1', waitsFor: 'server' });
    expect(row('routerPort')).toMatchObject({ requested: 9090, effective: 8080, waitsFor: 'router' });
    expect(rowsOf({ routerPort: 9090 }, {}, { routerUrl: null })('routerPort')).toMatchObject({
      effective: 9090,
      waitsFor: null,
    });
    expect(rowsOf({ routerPort: 80 }, {}, { routerUrl: 'http://127.0.0.1' })('routerPort')).toMatchObject({
      effective: 80,
      waitsFor: null,
    });
  });

  it('say that a flag or variable wins, for as long as this server runs', () => {
    const row = rowsOf({ port: 3001, modelsDir: '/stored' }, { port: 3000, modelsDir: '/flag' });
    expect(row('port')).toEqual({
      key: 'port',
      requested: 3001,
      effective: 3000,
      source: 'start',
      waitsFor: null,
    });
    expect(row('modelsDir')).toMatchObject({ requested: '/stored', effective: '/flag', source: 'start' });
  });

  it('name the engine that was found only where none is asked for', () => {
    expect(rowsOf({})('serverPath')).toMatchObject({ requested: '', effective: '/usr/bin/llama-server' });
    expect(rowsOf({ serverPath: '/mine' })('serverPath')).toMatchObject({ effective: '/mine' });
    expect(rowsOf({}, {}, { enginePath: null })('serverPath')).toMatchObject({ effective: '' });
  });
});
