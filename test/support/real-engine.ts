/** The real llama-server for tests, installed once and shared by every test and worker. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findEngine, installEngine } from '../../src/io/engine/index.ts';
import type { EngineInfo } from '../../src/io/engine/index.ts';

/** The data folder whose `engines/` holds the shared install; below node_modules, so that it survives a clean checkout. */
export const realEngineDataDir = resolve(
  fileURLToPath(new URL('../../', import.meta.url)),
  'node_modules/.cache/llamactor/engine',
);

let found: Promise<EngineInfo> | undefined;

/**
 * The engine named by LLAMACTOR_TEST_ENGINE, else the one on PATH, else the shared install, which the first caller makes (about
 * 25 MB of downloads; callers in other processes wait for it). A failure is not remembered: the next caller tries again.
 */
export const realEngine = (): Promise<EngineInfo> => {
  found ??= findOrInstall().catch((error: unknown) => {
    found = undefined;
    throw error;
  });
  return found;
};

const findOrInstall = async (): Promise<EngineInfo> => {
  const options = { dataDir: realEngineDataDir };
  const configuredPath = process.env['LLAMACTOR_TEST_ENGINE'] ?? null;
  return (await findEngine({ ...options, configuredPath })) ?? installEngine(options);
};
