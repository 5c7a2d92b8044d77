import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Upstream } from '../../../src/contracts/ipc.ts';
import type { DemoModelOptions } from '../../../src/io/gguf/demo-model.ts';
import { tinyModel } from '../../support/gguf.ts';
import { realEngine } from '../../support/real-engine.ts';

export interface EngineProcess {
  upstream: Upstream;
  child: ChildProcess;
  /** The JSON the engine answers to a GET of its own. */
  get(path: string): Promise<unknown>;
}

const get = (socketPath: string, path: string): Promise<{ status: number; json: unknown }> =>
  new Promise((resolve, reject) => {
    const req = request({ socketPath, path, agent: false }, (res) => {
      let text = '';
      res.on('data', (part: Buffer) => (text += part.toString()));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, json: JSON.parse(text) }));
    });
    req.on('error', reject);
    req.end();
  });

/** A real llama-server with a small model on a unix socket, ready to answer; ended with the test. */
export const engineProcess = async (model: DemoModelOptions = {}, flags: string[] = []): Promise<EngineProcess> => {
  const { command, prefixArgs } = await realEngine();
  const folder = await mkdtemp(join(tmpdir(), 'llr-'));
  const file = await tinyModel(folder, 'model.gguf', model);
  const socketPath = join(folder, 'engine.sock');
  // One thread: several wait for each other by spinning, which on a busy machine takes many times as long.
  const threads = ['--threads', '1', '--threads-batch', '1', '--threads-http', '64'];
  const args = [...prefixArgs, '-m', file, '--host', socketPath, ...threads, '--offline', ...flags];
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env['PATH'] ?? '' } });
  let stderr = '';
  child.stderr.on('data', (part: Buffer) => (stderr = (stderr + part.toString()).slice(-4000)));
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  const giveUpAt = Date.now() + 60_000;
  for (;;) {
    const ready = await get(socketPath, '/health').catch(() => null);
    if (ready?.status === 200) break;
    if (child.exitCode !== null || Date.now() > giveUpAt) throw new Error(`the engine did not start: ${stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { upstream: { socketPath }, child, get: async (path) => (await get(socketPath, path)).json };
};
