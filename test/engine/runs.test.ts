/** The built-in prompt on a fresh machine: a run that a real local model answers through the router. */
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { realEngine, realEngineDataDir } from '../support/real-engine.ts';
import { cli, serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';

let folder: string;
let served: Served | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-runs-'));
});
afterEach(async () => {
  served?.child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const start = async (): Promise<Served> => {
  const engine = await realEngine();
  const dataDir = join(folder, 'data');
  await mkdir(dataDir);
  // The shared install is not one executable that could be named; a data folder finds it among its own engines.
  if (engine.source === 'installed') await symlink(join(realEngineDataDir, 'engines'), join(dataDir, 'engines'));
  const env = engine.source === 'installed' ? {} : { LLAMACTOR_ENGINE_PATH: engine.path };
  return serve({ dataDir, args: ['--no-web'], env });
};

describe('a run on a fresh machine', () => {
  it.each([
    ['without keys', false],
    ['where everybody needs a key', true],
  ])('is answered by a local model %s, with what it used', async (_where, requireKeys) => {
    served = await start();
    let env: NodeJS.ProcessEnv = { LLAMACTOR_URL: served.url };
    if (requireKeys) {
      const { stdout } = await cli(['key', 'create', '--name', 'ana', '--scope', 'admin'], env);
      env = { ...env, LLAMACTOR_KEY: stdout.trim() };
      const client = await connect({ url: served.url, key: stdout.trim() });
      await client.call('config:update', { config: { requireKeys: true } });
      client.close();
    }
    const result = await cli(['run', '--json', '--max-tokens', '8', 'Say hello.'], env);
    expect(result).toMatchObject({ code: 0 });
    const { run, stdout } = JSON.parse(result.stdout) as { run: Record<string, unknown>; stdout: string };
    expect(stdout.trim()).not.toBe('');
    expect(run).toMatchObject({
      tool: 'prompt',
      state: 'completed',
      answeredBy: 'llamactor-demo',
      stopReason: 'length',
      usage: { outputTokens: 8 },
    });
  });

  it('fails with the cause when no such model is there', async () => {
    served = await start();
    const result = await cli(['run', '--model', 'llamactor-dmo', 'x'], { LLAMACTOR_URL: served.url });
    expect(result).toMatchObject({ code: 1 });
    expect(result.stderr).toContain('There is no model "llamactor-dmo" here; the nearest is llamactor-demo');
  });
});
