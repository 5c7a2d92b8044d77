/** The built product as its users run it: `node dist/llamactor.js serve` over folders of its own. */
import { spawn } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { connect } from '../../src/client/index.ts';
import type { LlamactorClient } from '../../src/client/index.ts';
import type { EngineInfo } from '../../src/io/engine/index.ts';
import { realEngineDataDir } from '../support/real-engine.ts';
import { closeAtEnd, isRunning, removeFolder, stopChild, temporaryFolder, track } from './cleanup.ts';
import { freePort } from './free-port.ts';
import { nowMs } from './statistics.ts';
import { waitUntil } from './wait.ts';

/** The bundle that runs this lies two folders below the root, as this file does. */
const PROGRAM = resolve(import.meta.dirname, '../../dist/llamactor.js');

/** Answers at once with a fixed text, so that what stands before it is measured and not the engine. */
export const INSTANT_ENGINE = resolve(import.meta.dirname, '../../test/bench/programs/instant-engine.mjs');

export interface Product {
  pid: number;
  routerPid: number;
  url: string;
  dataDir: string;
  routerPort: number;
  client: LlamactorClient;
  /** From the start of the process to the first answer of /api/health, ms. */
  startMs: number;
  /** When the process was started, on the clock of `nowMs`. */
  startedAt: number;
  /** The process of a loaded model. */
  enginePid(model: string): Promise<number>;
  stop(): Promise<void>;
}

export interface ProductOptions {
  /** The llama-server to run: the real one, or the path of another program. */
  engine: EngineInfo | string;
  /** Writes model files into the folder before the start. */
  write(modelsDir: string): Promise<unknown>;
  env?: NodeJS.ProcessEnv;
}

/** Writes files first, then starts the server and waits until it answers and its router is ready. */
export const startProduct = async ({ engine, write, env = {} }: ProductOptions): Promise<Product> => {
  const folder = await temporaryFolder();
  const dataDir = join(folder, 'data');
  const modelsDir = join(folder, 'models');
  await mkdir(dataDir);
  await mkdir(modelsDir);
  await write(modelsDir);
  const enginePath = typeof engine === 'string' ? engine : engine.path;
  // An engine that needs its own loader is no single program that could be named; it is found in the data folder.
  const installed = typeof engine !== 'string' && engine.source === 'installed';
  if (installed) await symlink(join(realEngineDataDir, 'engines'), join(dataDir, 'engines'));
  const [port, routerPort] = [await freePort(), await freePort()];

  const args = ['serve', '--port', String(port), '--router-port', String(routerPort)];
  const startedAt = nowMs();
  const child = track(
    spawn(process.execPath, [PROGRAM, ...args, '--data-dir', dataDir, '--models-dir', modelsDir], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env, ...(installed ? {} : { LLAMACTOR_ENGINE_PATH: enginePath }) },
    }),
  );
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(-8192)));

  const url = `http://127.0.0.1:${port}`;
  await waitUntil('The first answer of /api/health', async () => {
    if (!isRunning(child)) throw new Error(`serve ended at its start: ${printed}`);
    const answer = await fetch(`${url}/api/health`).catch(() => null);
    // "Not healthy yet" is an answer as well.
    await answer?.arrayBuffer();
    return answer;
  });
  const startMs = nowMs() - startedAt;
  const client = await connect({ url });
  const closeClient = closeAtEnd(() => client.close());
  const stop = async (): Promise<void> => {
    closeClient();
    await stopChild(child);
    await removeFolder(folder);
  };
  try {
    const routerPid = await waitUntil('The start of the router', async () => {
      const { router } = await client.call('router:status', {});
      return router.state === 'loaded' ? router.pid : null;
    });
    await waitUntil('The check of the engine', async () => {
      const { engine: view } = await client.call('engine:status', {});
      if (view.state === 'missing') throw new Error(`The server found no engine: ${view.problem ?? ''}`);
      return view.state === 'ready' ? view : null;
    });
    await waitUntil('The first scan', async () => {
      const { models } = await client.call('models:list', {});
      return models.length > 0 ? true : null;
    });
    return {
      pid: child.pid as number,
      routerPid,
      url,
      dataDir,
      routerPort,
      client,
      startMs,
      startedAt,
      async enginePid(modelId) {
        const { model } = await client.call('models:get', { modelId });
        if (model.pid === null) throw new Error(`${modelId} has no process; it is ${model.state}.`);
        return model.pid;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
