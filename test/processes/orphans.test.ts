import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { FAKE_ENGINE, gone, isRunning } from '../support/fake-app.ts';
import { headerModel } from '../support/gguf.ts';
import { serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';

let folder: string;
let running: Served[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-orphans-'));
  await mkdir(join(folder, 'models'));
});
afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  running = [];
  await rm(folder, { recursive: true, force: true });
});

const start = async (): Promise<Served> => {
  const served = await serve({
    dataDir: join(folder, 'data'),
    args: ['--models-dir', join(folder, 'models'), '--no-web'],
    env: { LLAMACTOR_ENGINE_PATH: FAKE_ENGINE },
  });
  running.push(served);
  return served;
};

const addModel = async (served: Served, id: string, fault: string) => {
  await headerModel(join(folder, 'models'), `${id}.gguf`);
  const client = await connect({ url: served.url });
  await client.call('models:scan', {});
  await client.call('models:update', { modelId: id, updates: { parameters: { fault } } });
  return client;
};

/** Every process the server has recorded as its own. */
const recorded = async (): Promise<{ pid: number; owner: string }[]> => {
  const pids = join(folder, 'data', 'run', 'pids');
  // A record is written beside its place first; only what has its name is one.
  const files = (await readdir(pids)).filter((file) => !file.endsWith('.tmp'));
  return Promise.all(
    files.map(async (file) => JSON.parse(await readFile(join(pids, file), 'utf8')) as { pid: number; owner: string }),
  );
};

/** The bound: nothing is left two seconds after the supervisor was killed. */
const BOUND_MS = 2000;

describe('kill -9 of the control plane', () => {
  it.each([
    ['serving', ''],
    ['still loading', 'slow-start:60000'],
    ['deaf to SIGTERM and to the end of its input, with a child of its own', 'ignore-sigterm,grandchild'],
  ])('leaves nothing of a model that is %s', async (_, fault) => {
    const served = await start();
    const client = await addModel(served, 'alpha', fault);
    const loading = client.call('models:load', { modelId: 'alpha' }).catch(() => undefined);
    const children = await vi.waitFor(
      async () => {
        const found = await recorded();
        expect(found.map(({ owner }) => owner).sort()).toEqual(['alpha', 'router']);
        return found;
      },
      { timeout: 20_000 },
    );
    if (!fault.startsWith('slow')) await loading;
    served.child.kill('SIGKILL');
    await served.exited;
    for (const { pid } of children) await gone(-pid, BOUND_MS);
    client.close();
  });

  it('is mended at the next start, which also loads again what was loaded', async () => {
    const first = await start();
    const client = await addModel(first, 'alpha', '');
    await client.call('models:load', { modelId: 'alpha' });
    first.child.kill('SIGKILL');
    await first.exited;
    client.close();
    const second = await start();
    const again = await connect({ url: second.url });
    await vi.waitFor(
      async () => {
        const { model } = await again.call('models:get', { modelId: 'alpha' });
        expect(model.state).toBe('loaded');
      },
      { timeout: 20_000 },
    );
    again.close();
  });
});

describe('SIGTERM', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'drains on %s: exit code 0, nothing left, and the model is loaded again next time',
    async (signal) => {
      const served = await start();
      const client = await addModel(served, 'alpha', '');
      await client.call('models:load', { modelId: 'alpha' });
      const children = await recorded();
      served.child.kill(signal);
      expect(await served.exited).toEqual({ code: 0, signal: null });
      for (const { pid } of children) expect(isRunning(pid)).toBe(false);
      client.close();
      const stored = JSON.parse(await readFile(join(folder, 'data', 'models.json'), 'utf8')) as {
        data: { wanted: string[] };
      };
      expect(stored.data.wanted).toEqual(['alpha']);
    },
  );

  it('lets a stream that is running finish', async () => {
    const served = await start();
    const client = await addModel(served, 'alpha', 'tokens:20,token-ms:40');
    await client.call('models:load', { modelId: 'alpha' });
    const response = await fetch(`${served.routerUrl}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'alpha', prompt: 'x', stream: true }),
    });
    const reader = response.body?.getReader();
    await reader?.read();
    served.child.kill('SIGTERM');
    let text = '';
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
      text += Buffer.from(part.value).toString();
    expect(text).toContain('[DONE]');
    expect((await served.exited).code).toBe(0);
    client.close();
  });
});

describe('the data folder', () => {
  it('belongs to one server at a time', async () => {
    const first = await start();
    await expect(start()).rejects.toThrow(/in use|another|already/i);
    expect(isRunning(first.pid)).toBe(true);
  });
});
