/** Which command a run gets, and what it is started with. */
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/contracts/config.ts';
import type { Config } from '../../src/contracts/config.ts';
import { RunRecord } from '../../src/contracts/run-record.ts';
import { responseOf } from '../../src/runtime/runs/run-response.ts';
import { allowedFolder, runSpec } from '../../src/runtime/runs/run-spec.ts';
import { CLAUDE_ARGS, createRunTools, toolViews } from '../../src/runtime/runs/run-tools.ts';
import type { RunTool } from '../../src/runtime/runs/run-tools.ts';
import { memoryModel, memoryRouter } from '../support/memory-views.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-tools-'));
  await writeFile(join(folder, 'claude'), '#!/bin/sh\n');
  await chmod(join(folder, 'claude'), 0o755);
});
afterEach(() => rm(folder, { recursive: true }));

const tools = (config: Partial<Config>, env: NodeJS.ProcessEnv = {}) =>
  createRunTools({
    config: () => ({ ...defaultConfig(), ...config }),
    env: { PATH: folder, ...env },
    program: ['node', 'llamactor.js'],
  });
const names = (config: Partial<Config>, env?: NodeJS.ProcessEnv): string[] =>
  tools(config, env)
    .list()
    .map(({ name }) => name);

describe('the commands of runs', () => {
  it('are the built-in prompt alone on a fresh machine, also with claude on PATH', () => {
    expect(names({})).toEqual(['prompt']);
    expect(tools({}).choose({})).toEqual({
      name: 'prompt',
      kind: 'builtin',
      words: ['node', 'llamactor.js', 'prompt'],
    });
    expect(() => tools({}).choose({ tool: 'claude' })).toThrow('Set runs.claude to true');
  });

  it('are claude first once the person says so, and what is configured before it', () => {
    expect(names({ 'runs.claude': true })).toEqual(['claude', 'prompt']);
    expect(tools({ 'runs.claude': true }).choose({}).words).toEqual([join(folder, 'claude'), ...CLAUDE_ARGS]);
    const config = {
      'runs.claude': true,
      'runs.command': 'agent "two words"',
      'runs.commands': ['codex=codex exec -'],
    };
    expect(names(config)).toEqual(['command', 'codex', 'claude', 'prompt']);
    expect(tools(config).choose({}).words).toEqual(['agent', 'two words']);
    expect(tools(config, { LLAMACTOR_RUNS_COMMAND: 'from the environment' }).choose({}).words[0]).toBe('from');
  });

  it('are chosen by tool, or by a model that is a command’s name', () => {
    const configured = tools({ 'runs.commands': ['codex = codex exec -'] });
    expect(configured.choose({ tool: 'codex' }).words).toEqual(['codex', 'exec', '-']);
    expect(configured.choose({ model: 'codex' }).name).toBe('codex');
    expect(configured.choose({ model: 'some-model' }).name).toBe('prompt');
    expect(() => configured.choose({ tool: 'x' })).toThrow('There are prompt, codex');
    expect(toolViews(configured.list()).map(({ isDefault }) => isDefault)).toEqual([true, false]);
  });

  it('may have a path with blanks, and say so when they cannot be read', async () => {
    const path = join(folder, 'my agent');
    await writeFile(path, '');
    await chmod(path, 0o755);
    expect(tools({ 'runs.command': path }).choose({}).words).toEqual([path]);
    expect(() => tools({ 'runs.command': '"open' }).list()).toThrow('runs.command cannot be read');
  });
});

describe('what a run is started with', () => {
  const record = (over: Partial<RunRecord> = {}): RunRecord =>
    RunRecord.parse({
      id: 'r1',
      owner: 'local',
      tool: 'prompt',
      title: 'x',
      promptLength: 1,
      cwd: join(folder, 'own'),
      state: 'queued',
      timeoutMs: 1,
      createdAt: 1,
      ...over,
    });
  const spec = (tool: RunTool, over: Partial<RunRecord> = {}, key: string | null = null) =>
    runSpec(
      record(over),
      { tool, prompt: 'the prompt', ownFolder: join(folder, 'own'), report: join(folder, 'report') },
      {
        config: () => ({ ...defaultConfig(), 'runs.environment': ['OPENAI_API_KEY', 'ABSENT'] }),
        env: {
          PATH: '/bin',
          OPENAI_API_KEY: 'k',
          JWT_SECRET: 's',
          REDIS_URL: 'r',
          LLAMACTOR_KEY: 'l',
          ANTHROPIC_API_KEY: 'a',
        },
        models: {
          list: () => [memoryModel('alpha.gguf')],
          find: (ref) => (ref === 'alpha' ? memoryModel('alpha.gguf') : undefined),
          nearest: () => ['alpha'],
        },
        router: () => ({ ...memoryRouter(), running: true, url: 'http://127.0.0.1:8080' }),
        routerKey: () => key,
      },
    );
  const builtin: RunTool = { name: 'prompt', kind: 'builtin', words: ['node', 'x.js', 'prompt'] };

  it('the built-in prompt gets the conversation on stdin, a model, and a key only where one is needed', async () => {
    const made = await spec(builtin, { systemPrompt: 'Be brief.', maxTokens: 9 });
    expect(made.args).toEqual([
      ...['x.js', 'prompt', '--messages', '--api', 'http://127.0.0.1:8080', '--model', 'alpha', '--max-tokens', '9'],
    ]);
    expect(JSON.parse(made.input)).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'the prompt' },
    ]);
    expect(made.env['LLAMACTOR_KEY']).toBeUndefined();
    expect((await spec(builtin, {}, 'lla_own')).env['LLAMACTOR_KEY']).toBe('lla_own');
    await expect(spec(builtin, { model: 'beta' })).rejects.toThrow(
      'There is no model "beta" here; the nearest is alpha',
    );
  });

  it('claude that was found asks this router, under every name it asks for a model', async () => {
    const made = await spec(
      { name: 'claude', kind: 'claude', words: ['/bin/claude', ...CLAUDE_ARGS] },
      { systemPrompt: 'S' },
    );
    expect(made.args).toEqual([...CLAUDE_ARGS, '--append-system-prompt', 'S']);
    expect(made.env).toMatchObject({
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:8080',
      ANTHROPIC_MODEL: 'alpha',
      ANTHROPIC_DEFAULT_SONNET_MODEL: 'alpha',
    });
    expect(made.input).toBe('the prompt');
  });

  it('a configured command gets the prompt after the system prompt, and nobody’s endpoint', async () => {
    const made = await spec(
      { name: 'command', kind: 'command', words: ['agent', '-'] },
      { systemPrompt: 'S', model: 'm' },
    );
    expect(made).toMatchObject({ command: 'agent', args: ['-'], input: 'S\n\nthe prompt' });
    expect(made.env).toMatchObject({ OPENAI_API_KEY: 'k', LLAMACTOR_RUN_MODEL: 'm' });
    for (const name of [
      'JWT_SECRET',
      'REDIS_URL',
      'LLAMACTOR_KEY',
      'ANTHROPIC_API_KEY',
      'ANTHROPIC_BASE_URL',
      'ABSENT',
    ])
      expect(Object.keys(made.env)).not.toContain(name);
    const claude = await spec({ name: 'mine', kind: 'named', words: ['/opt/claude', '-p'] }, { model: 'opus' });
    expect(claude.args).toEqual(['-p', '--model', 'opus']);
  });
});

describe('the folder of a run', () => {
  it('is one of those allowed or lies in one, by its real path', async () => {
    await mkdir(join(folder, 'allowed/inner'), { recursive: true });
    await mkdir(join(folder, 'allowed-not'));
    await symlink(folder, join(folder, 'allowed/out'));
    const allowed = [join(folder, 'allowed')];
    expect(await allowedFolder(join(folder, 'allowed/inner'), allowed)).toBe(join(folder, 'allowed/inner'));
    for (const wanted of ['allowed/out', 'allowed-not', 'allowed/../allowed-not', '.'])
      await expect(allowedFolder(join(folder, wanted), allowed)).rejects.toThrow('Runs may not work in');
    await expect(allowedFolder(join(folder, 'allowed/none'), allowed)).rejects.toThrow('There is no folder');
    await expect(allowedFolder('allowed', allowed)).rejects.toThrow('must be a whole path');
    await expect(allowedFolder('/', [])).rejects.toThrow('no folder is allowed yet');
  });
});

describe('what a run answered', () => {
  it('is its output, with the facts of its command’s report', () => {
    const report = JSON.stringify({ model: 'm', stop_reason: 'stop', usage: { input_tokens: 1, output_tokens: 2 } });
    expect(responseOf('words', report)).toEqual({
      content: 'words',
      model: 'm',
      stopReason: 'stop',
      usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 },
    });
    for (const broken of ['{', '7', '{"usage":{"input_tokens":-1}}', null])
      expect(responseOf('words', broken)).toEqual({ content: 'words' });
  });
});
