/** The built product, a hub on this machine, and the real llama-server: pull, load, chat; and kill -9 in the middle of a pull. */
import { mkdir, mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { hasEnded } from '../../src/contracts/downloads.ts';
import type { DownloadView } from '../../src/contracts/downloads.ts';
import { tinyModel } from '../support/gguf.ts';
import { ggufBytes, startHubServer } from '../support/hub-server.ts';
import type { HubServer } from '../support/hub-server.ts';
import { realEngine, realEngineDataDir } from '../support/real-engine.ts';
import { cli, serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';

const MIB = 1024 * 1024;
const large = ggufBytes(40 * MIB, 3);
let tiny: Buffer;
let folder: string;
let hub: HubServer;
let served: Served;

beforeAll(async () => {
  const source = await mkdtemp(path.join(os.tmpdir(), 'llamactor-tiny-'));
  tiny = await readFile(await tinyModel(source, 'tiny.gguf', { sentence: 'I came over the network.' }));
  await rm(source, { recursive: true });
});
beforeEach(async () => {
  hub = await startHubServer({
    'maker/tiny-GGUF': { files: { 'tiny-F16.gguf': tiny } },
    'maker/large-GGUF': { files: { 'large-Q4_K_M.gguf': large } },
  });
  folder = await mkdtemp(path.join(os.tmpdir(), 'llamactor-pull-'));
  await mkdir(path.join(folder, 'data'));
  await mkdir(path.join(folder, 'models'));
  const engine = await realEngine();
  if (engine.source === 'installed')
    await symlink(path.join(realEngineDataDir, 'engines'), path.join(folder, 'data', 'engines'));
  served = await start();
});
afterEach(async () => {
  served.child.kill('SIGKILL');
  await served.exited;
  await hub.close();
  await rm(folder, { recursive: true, force: true });
});

const start = async (): Promise<Served> => {
  const engine = await realEngine();
  return serve({
    dataDir: path.join(folder, 'data'),
    args: ['--models-dir', path.join(folder, 'models'), '--no-web'],
    env: {
      ...(engine.source === 'installed' ? {} : { LLAMACTOR_ENGINE_PATH: engine.path }),
      HF_ENDPOINT: hub.url,
      NO_COLOR: '1',
    },
  });
};
const ask = (...argv: string[]) => cli(argv, { LLAMACTOR_URL: served.url, NO_COLOR: '1' });

/** Resolves with the first view of the newest download for which `matches` holds. */
const until = async (matches: (download: DownloadView) => boolean): Promise<DownloadView> => {
  const client = await connect({ url: served.url });
  try {
    return await new Promise<DownloadView>((resolve, reject) => {
      const look = (download: DownloadView | undefined): void => {
        if (download === undefined) return;
        if (matches(download)) resolve(download);
        else if (hasEnded(download.state)) reject(new Error(`It is ${download.state}: ${download.error ?? ''}`));
      };
      client
        .live(
          ({ downloads }) => look(downloads[0]),
          (changes) => {
            for (const change of changes) if (change.kind === 'download') look(change.download);
          },
        )
        .catch(reject);
    });
  } finally {
    client.close();
  }
};

describe('pull', () => {
  it('brings a model that loads and answers', async () => {
    const listed = await ask('pull', 'hf:maker/tiny-GGUF', '--list');
    expect(listed).toMatchObject({ code: 0 });
    expect(listed.stdout).toMatch(/F16 .* fits +tiny-F16\.gguf/);
    const pulled = await ask('pull', 'hf:maker/tiny-GGUF', '--json');
    expect(pulled).toMatchObject({ code: 0, stderr: '' });
    const { download } = JSON.parse(pulled.stdout) as { download: DownloadView };
    expect(download).toMatchObject({ state: 'done', quant: 'F16', totalBytes: tiny.length });
    expect(await readdir(path.join(folder, 'models', 'maker', 'tiny-GGUF'))).toEqual(['tiny-F16.gguf']);
    const id = download.modelId ?? '';
    expect(await ask('load', id)).toMatchObject({ code: 0 });
    const answer = await ask('chat', id, 'hello');
    expect(answer.code).toBe(0);
    expect(answer.stdout).toContain('I came over the network.');
    const again = await ask('pull', 'hf:maker/tiny-GGUF');
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain(`${id} is there after`);
    expect(hub.sentBytes()).toBe(tiny.length);
    // Seven programs one after the other, each of which takes seconds to start on a busy machine.
  }, 180_000);

  it('of what is not there is exit code 1 with what to do', async () => {
    const outcome = await ask('pull', 'hf:maker/nothing');
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('check the spelling, and if it is private, set HF_TOKEN');
  });
});

describe('kill -9 in the middle of a download', () => {
  it('costs what was in the air: the next start goes on by itself', async () => {
    hub.faults.bytesPerSecond = 2 * MIB;
    expect(await ask('pull', 'hf:maker/large-GGUF', '--detach')).toMatchObject({ code: 0 });
    const before = await until(({ receivedBytes }) => receivedBytes > 20 * MIB);
    served.child.kill('SIGKILL');
    await served.exited;
    const sentBefore = hub.sentBytes();
    hub.faults.bytesPerSecond = null;
    served = await start();
    const done = await until(({ state }) => state === 'done');
    expect(done).toMatchObject({ id: before.id, receivedBytes: large.length });
    expect(
      (await readFile(path.join(folder, 'models', 'maker', 'large-GGUF', 'large-Q4_K_M.gguf'))).equals(large),
    ).toBe(true);
    expect(await readdir(path.join(folder, 'models'))).toEqual(['maker']);
    const repeated = hub.sentBytes() - large.length;
    console.log(
      `killed at ${(sentBefore / MIB).toFixed(1)} MiB sent; ${(repeated / MIB).toFixed(1)} MiB were fetched twice`,
    );
    // One second between saves at 8 MiB/s, and what lay in the buffers of four connections.
    expect(repeated).toBeLessThan(20 * MIB);
    expect(hub.sentBytes() - sentBefore).toBeLessThan(large.length - 10 * MIB);
  });

  it('after a cancel brings nothing back', async () => {
    hub.faults.bytesPerSecond = MIB;
    expect(await ask('pull', 'hf:maker/large-GGUF', '--detach')).toMatchObject({ code: 0 });
    const { id } = await until(({ receivedBytes }) => receivedBytes > MIB);
    expect(await ask('downloads', 'cancel', id)).toMatchObject({ code: 0 });
    served.child.kill('SIGKILL');
    await served.exited;
    served = await start();
    expect(JSON.parse((await ask('downloads', '--json')).stdout)).toMatchObject({
      downloads: [{ id, state: 'cancelled' }],
    });
    expect(await readdir(path.join(folder, 'models'))).toEqual([]);
  });
});
