/** What the command line says before it changes something, and how it shows what an engine gave. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeEffectView } from '../../src/contracts/changes.ts';
import { effectLines } from '../../src/cli/text/effects.ts';
import { startTestServer } from '../support/server.ts';
import { run } from './harness.ts';

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());
const cli = (...argv: string[]) => run(argv, { url: server.url });

const restart = (when: ChangeEffectView['when']): ChangeEffectView => ({
  kind: 'restart-model',
  modelId: 'alpha',
  changed: [{ key: 'ctx-size', from: null, to: 512 }],
  when,
});

describe('config set', () => {
  it('previews without changing anything', async () => {
    expect((await cli('config', 'set', 'modelsMax', '2', '--preview')).out).toBe(
      '  in effect at once (modelsMax 4 → 2)\n',
    );
    expect((await cli('config', 'get', 'modelsMax')).out).toBe('4\n');
    expect((await cli('config', 'set', 'modelsMax', '2', '--preview', '--json')).json()).toEqual({
      effects: [{ kind: 'none', changed: [{ key: 'modelsMax', from: 4, to: 2 }], when: 'now' }],
    });
  });

  it('says the effects, then what is set', async () => {
    expect((await cli('config', 'set', 'routerPort', '9000', '--force')).out).toBe(
      '  the router is started again now; models stay loaded (routerPort 8080 → 9000)\nrouterPort is now 9000.\n',
    );
    expect(await cli('config', 'set', 'modelsMax', '2', '--force', '--next-load')).toMatchObject({
      code: 2,
      err: expect.stringContaining('exclude each other') as string,
    });
  });

  it('problems are a failure', async () => {
    expect(await cli('config', 'problems')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Nothing is wrong') as string,
    });
    server.services.config.problems = () => [
      { source: 'config.json', line: 3, message: 'config.json, line 3: it is not valid JSON.', at: 1 },
    ];
    expect(await cli('config', 'problems')).toMatchObject({
      code: 1,
      out: 'config.json: config.json, line 3: it is not valid JSON.\n',
    });
  });
});

describe('preset save', () => {
  it('previews, and says the effects before it saves', async () => {
    server.services.presets.preview = (_name, _ini, apply) => [restart(apply === 'now' ? 'now' : 'when idle')];
    const save = (...flags: string[]) =>
      run(['preset', 'save', 'mine', '-', ...flags], { url: server.url, stdin: '[alpha]\nctx-size = 512\n' });
    expect((await save('--preview')).out).toBe(
      '  alpha is loaded again as soon as no request is in flight (ctx-size not set → 512)\n',
    );
    expect(await cli('preset', 'show', 'mine')).toMatchObject({ code: 1 });
    expect((await save('--force')).out).toMatch(/^ {2}alpha is loaded again now .*\nSaved preset mine/);
    expect((await save('--json')).json()).toMatchObject({ preset: { name: 'mine' }, effects: [{ modelId: 'alpha' }] });
  });
});

describe('the sentences of effects', () => {
  it('name when, and sum up what does not run', () => {
    expect(effectLines([{ kind: 'none', changed: [], when: 'now' }])).toEqual(['Nothing changes.']);
    expect(effectLines([restart('next load')])).toEqual([
      'alpha keeps running and takes it at its next load (ctx-size not set → 512)',
    ]);
    const many = Array.from({ length: 6 }, (_, index) => ({
      ...restart('next load'),
      kind: 'none' as const,
      modelId: `m${index}`,
    }));
    expect(effectLines(many.slice(1))).toHaveLength(5);
    expect(effectLines([...many, restart('now')])).toEqual([
      'alpha is loaded again now (ctx-size not set → 512)',
      '6 models that do not run take it at their next load',
    ]);
  });
});

describe('models show', () => {
  it('prints what was asked for beside what was given', async () => {
    server.services.models.effective = () => [
      { key: 'ctx-size', requested: 8192, source: 'preset section', effective: 4096, told: 'engine', differs: true },
      { key: 'parallel', requested: null, source: 'engine', effective: 4, told: 'engine', differs: false },
    ];
    server.services.control.tick('alpha', { pendingChange: { keys: ['ctx-size'], when: 'when idle' } });
    const { out } = await cli('models', 'show', 'alpha.gguf');
    expect(out).toContain('restart pending: ctx-size');
    expect(out).toMatch(/ctx-size +8192 +preset section +4096 +engine/);
    expect(out).toMatch(/parallel +– +engine +4 +engine/);
    expect((await cli('models', 'show', 'alpha', '--json')).json()).toMatchObject({
      model: { id: 'alpha' },
      rows: [{ key: 'ctx-size' }, { key: 'parallel' }],
    });
    expect(await cli('models', 'show', 'nobody')).toMatchObject({ code: 1 });
    expect(await cli('models', 'shwo')).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean show') as string,
    });
  });
});

describe('import llama-swap', () => {
  it('sends the file with the variables it names, and prints the report', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'llamactor-cli-import-'));
    const file = path.join(folder, 'config.yaml');
    await writeFile(file, 'models:\n  writer:\n    cmd: llama-server -m ${env.MODELS}/a.gguf ${env.NOT_SET}\n');
    const asked: unknown[] = [];
    const original = server.services.imports.llamaSwap;
    server.services.imports.llamaSwap = (request, by) => {
      asked.push(request);
      return original(request, by);
    };
    const { out, code } = await run(['import', 'llama-swap', file, '--dry-run'], {
      url: server.url,
      env: { MODELS: '/m', SECRET: 'x' },
    });
    expect(code).toBe(0);
    expect(asked).toMatchObject([{ dryRun: true, addFolders: false, env: { MODELS: '/m' } }]);
    expect(JSON.stringify(asked)).not.toContain('SECRET');
    expect(out).toMatch(/writer +taken over +ctx-size=512/);
    expect(out).toContain('line 3, models.writer.env (left out): models have their own.');
    expect(out).toContain('1 of 1 model would be taken over; nothing was changed.');
    expect(out).toContain('/elsewhere; --add-folders adds them.');
    expect(await cli('import', 'llama-swap', '/nowhere.yaml')).toMatchObject({ code: 2 });
    await rm(folder, { recursive: true });
  });
});
