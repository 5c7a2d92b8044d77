/** The whole server in this process: real router process, real llama-server, models that were written for the test. */
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../src/app.ts';
import { headerModel, tinyModel } from './gguf.ts';
import { realEngine, realEngineDataDir } from './real-engine.ts';
import type { TestServer } from './server.ts';

const NAMES = ['alpha.gguf', 'beta.gguf', 'gamma.gguf'] as const;

/** Starts a server over a fresh data folder and three models that load and one that does not. */
export const startAppServer = async (): Promise<TestServer> => {
  const engine = await realEngine();
  const folder = await mkdtemp(join(tmpdir(), 'llamactor-app-'));
  const models = join(folder, 'models');
  await mkdir(models);
  const written = await tinyModel(folder, 'written.gguf');
  for (const name of NAMES) await copyFile(written, join(models, name));
  // A header that reads well, without the tensors that the engine needs.
  await headerModel(models, 'broken.gguf');
  const dataDir = join(folder, 'data');
  await mkdir(dataDir);
  // The shared install is not one executable that could be named; a data folder finds it among its own engines.
  if (engine.source === 'installed') await symlink(join(realEngineDataDir, 'engines'), join(dataDir, 'engines'));
  const app = await createApp({
    host: '127.0.0.1',
    port: 0,
    routerPort: 0,
    dataDir,
    modelsDirs: [models],
    enginePath: engine.source === 'installed' ? null : engine.path,
    web: false,
    autoInstall: false,
  });
  const close = async (): Promise<void> => {
    await app.stop('the test is over');
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await app.start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: app.url.replace('localhost', '127.0.0.1'),
    services: app.services,
    models: NAMES,
    broken: 'broken.gguf',
    crash: (name) => {
      const pid = app.services.models.find(name)?.pid;
      if (typeof pid !== 'number') throw new Error(`${name} has no process.`);
      process.kill(pid, 'SIGKILL');
    },
    addFile: (name) => copyFile(written, join(models, name)),
    close,
  };
};
