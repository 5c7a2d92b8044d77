/**
 * llama-server's own router mode, which starts its models by running `/proc/self/exe` again. An engine that needs its own loader
 * would run the loader instead, so where `patchelf` is on PATH a copy is made whose programs name that loader and their folder
 * themselves. Only the bench does this; the product never uses router mode.
 */
import { execFile, spawn } from 'node:child_process';
import { cp, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { EngineInfo } from '../../src/io/engine/index.ts';
import { removeFolder, stopChild, temporaryFolder, track } from './cleanup.ts';
import { freePort } from './free-port.ts';
import { onPath } from './proxies.ts';
import { waitUntil } from './wait.ts';
import type { Proxy } from './proxies.ts';

const run = promisify(execFile);

const OWN = /^(?:lib(?:llama|ggml|mtmd|ssl|crypto).*|llama-server)$/;

/** A program that can run itself again, or null where there is no way to one. */
const standalone = async (engine: EngineInfo, folder: string): Promise<string | null> => {
  if (engine.prefixArgs.length === 0) return engine.command;
  const patchelf = await onPath('patchelf');
  if (patchelf === null) return null;
  const source = dirname(engine.path);
  const copy = join(folder, 'engine');
  await cp(source, copy, { recursive: true, verbatimSymlinks: true });
  const program = join(copy, basename(engine.path));
  await run(patchelf, ['--set-interpreter', join(copy, basename(engine.command)), program]);
  for (const entry of await readdir(copy, { withFileTypes: true }))
    if (entry.isFile() && OWN.test(entry.name))
      await run(patchelf, ['--force-rpath', '--set-rpath', copy, join(copy, entry.name)]);
  return program;
};

/** Over the GGUF files of a folder, one model at a time; null where it cannot run. */
export const startRouterMode = async (engine: EngineInfo, modelsDir: string): Promise<Proxy | null> => {
  const folder = await temporaryFolder();
  const program = await standalone(engine, folder);
  if (program === null) {
    await removeFolder(folder);
    return null;
  }
  const port = await freePort();
  const args = ['--models-dir', modelsDir, '--models-max', '1', '--host', '127.0.0.1', '--port', String(port)];
  const child = track(spawn(program, [...args, '--no-ui', '--offline'], { stdio: ['ignore', 'ignore', 'pipe'] }));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
  await waitUntil('The first answer of router mode', async () => {
    if (child.exitCode !== null) throw new Error(`llama-server's router mode ended at its start: ${said}`);
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => null);
    await answer?.arrayBuffer();
    return answer?.ok === true ? true : null;
  });
  return {
    name: 'router mode',
    address: { host: '127.0.0.1', port },
    pid: child.pid as number,
    stop: async () => {
      await stopChild(child);
      await removeFolder(folder);
    },
  };
};
