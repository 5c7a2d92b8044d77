/** A llama-swap configuration taken over by a running server. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ImportReport } from '../../src/contracts/commands.ts';
import type { FakeApp } from '../support/fake-app.ts';
import { startFakeApp } from '../support/fake-app.ts';
import { headerModel } from '../support/gguf.ts';

let fake: FakeApp | null = null;
let outside: string | null = null;
afterEach(async () => {
  await fake?.stop();
  if (outside !== null) await rm(outside, { recursive: true, force: true });
  fake = null;
  outside = null;
});

const start = async (): Promise<{ app: FakeApp; elsewhere: string }> => {
  outside = await mkdtemp(join(tmpdir(), 'llamactor-swap-'));
  const elsewhere = join(outside, 'more models');
  await mkdir(elsewhere);
  await headerModel(elsewhere, 'beta.gguf');
  fake = await startFakeApp({ alpha: '', gamma: '' }, { modelsDirs: null });
  // What parameters there are is known when the engine has said so.
  const { engine } = fake.app.services;
  await vi.waitFor(() => expect(engine.view().state).toBe('ready'), 20_000);
  // The models folder comes from the configuration and not from a flag, which would win over what is added.
  await fake.app.services.config.update({ modelsDirs: [fake.modelsDir] }, 'test');
  await fake.app.services.models.scan({ restoreHidden: false, by: 'test' });
  return { app: fake, elsewhere };
};

const yamlFor = (app: FakeApp, elsewhere: string, context = 1024): string => `
healthCheckTimeout: 45
models:
  writer:
    cmd: |
      llama-server --port \${PORT} -m \${env.MODELS}/alpha.gguf
      --ctx-size ${context}
    aliases: [gpt-4o-mini, gamma]
  writer-long:
    cmd: llama-server -m ${app.modelsDir}/alpha.gguf -c 2048
  other:
    cmd: llama-server -m '${elsewhere}/beta.gguf' --threads 1 --no-such-flag 1
  container:
    cmd: docker run x
  lost:
    cmd: llama-server -m /mnt/lost/gamma.gguf
  gone:
    cmd: llama-server -m /mnt/lost/gone.gguf
groups:
  keep: { persistent: true, swap: false, exclusive: false, members: [writer] }
hooks:
  on_startup:
    preload: [writer]
`;

const importing = (app: FakeApp, yaml: string, over: { dryRun?: boolean; addFolders?: boolean } = {}) =>
  app.app.services.imports.llamaSwap(
    { yaml, dryRun: false, addFolders: false, env: { MODELS: app.modelsDir }, ...over },
    'test',
  );
const outcomes = ({ models }: ImportReport): Record<string, string> =>
  Object.fromEntries(models.map(({ name, outcome }) => [name, outcome]));

describe('an import of llama-swap', () => {
  it('says in a dry run what it would do, and changes nothing', async () => {
    const { app, elsewhere } = await start();
    const { models, config } = app.app.services;
    const before = [models.list(), config.get(), await readFile(join(app.dataDir, 'models.json'), 'utf8')];
    const report = await importing(app, yamlFor(app, elsewhere), { dryRun: true, addFolders: true });
    expect(report).toMatchObject({ dryRun: true, settings: { startTimeout: 45 }, folders: [elsewhere] });
    expect(outcomes(report)).toEqual({
      writer: 'created',
      'writer-long': 'created',
      other: 'created',
      container: 'left out',
      lost: 'created',
      gone: 'left out',
    });
    expect([models.list(), config.get(), await readFile(join(app.dataDir, 'models.json'), 'utf8')]).toEqual(before);
  });

  it('takes over what it can, and says of the rest why not', async () => {
    const { app, elsewhere } = await start();
    const yaml = yamlFor(app, elsewhere);
    const report = await importing(app, yaml);
    expect(outcomes(report)).toEqual({
      writer: 'created',
      'writer-long': 'created',
      other: 'left out',
      container: 'left out',
      lost: 'created',
      gone: 'left out',
    });
    const reasons = report.notes.map(({ item, reason }) => `${item}: ${reason}`).join('\n');
    expect(reasons).toMatch(/models\.other: .*more models is no models folder/);
    expect(reasons).toMatch(/models\.writer\.aliases: the name gamma belongs to gamma already/);
    expect(reasons).toMatch(/models\.other\.cmd\.--no-such-flag: .*no parameter "no-such-flag"/);
    expect(reasons).toMatch(/models\.lost: .*gamma\.gguf is used/);
    expect(reasons).toMatch(/models\.container\.cmd: it runs docker/);
    const lineOf = (item: string): string | undefined =>
      yaml.split('\n')[(report.notes.find((note) => note.item === item)?.line ?? 0) - 1];
    expect(lineOf('models.other.cmd.--no-such-flag')).toContain('--no-such-flag');
    expect(lineOf('models.container.cmd')).toContain('docker run');
    expect(app.app.services.config.get()).toMatchObject({ startTimeout: 45, modelsDirs: [app.modelsDir] });
    // Clients go on with the names they used, and each model has its own parameters though they share a file.
    const { models } = app.app.services;
    expect(await models.load('alpha', 'test')).toMatchObject({ contextSize: 1024, aliases: ['gpt-4o-mini'] });
    expect(models.find('writer')?.id).toBe('alpha');
    expect(models.find('gpt-4o-mini')?.id).toBe('alpha');
    const long = models.find('writer-long');
    expect(await models.load(long?.id ?? '', 'test')).toMatchObject({ contextSize: 2048 });
    const answer = await fetch(`${app.app.routerUrl}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o-mini', prompt: 'x' }),
    });
    expect(answer.status).toBe(200);
    await answer.text();
  });

  it('adds folders with consent, and brings up to date what was imported before', async () => {
    const { app, elsewhere } = await start();
    expect(outcomes(await importing(app, yamlFor(app, elsewhere), { addFolders: true }))['other']).toBe('created');
    const { models, config } = app.app.services;
    expect(config.get().modelsDirs).toContain(elsewhere);
    expect(models.find('other')).toMatchObject({ id: 'beta', problem: null, parameters: { threads: 1 } });
    const before = models.list().length;
    const again = await importing(app, yamlFor(app, elsewhere, 512));
    expect(outcomes(again)).toMatchObject({ writer: 'updated', 'writer-long': 'updated', other: 'updated' });
    expect(models.list()).toHaveLength(before);
    expect(models.find('writer')?.parameters).toMatchObject({ 'ctx-size': 512 });
  });

  it('refuses what is no such file, and changes nothing', async () => {
    const { app } = await start();
    await expect(importing(app, 'models:\n  a: [')).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
      details: { line: expect.any(Number) as number },
    });
    await expect(importing(app, 'a: 1')).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
  });
});
