import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildIfStale } from '../../scripts/build.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const engine = join(root, 'test/support/fake-llama-server.mjs');

describe('npm start', () => {
  let folder: string;
  beforeEach(async () => {
    await buildIfStale();
    folder = await mkdtemp(join(tmpdir(), 'start-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

  const answers = (url: string): Promise<boolean> =>
    fetch(url).then(
      () => true,
      () => false,
    );

  it('is the server, and leaves nothing behind when npm itself is told to stop', async () => {
    const args = ['--port', '0', '--router-port', '0', '--data-dir', folder, '--models-dir', folder];
    const npm = spawn('npm', ['start', '--', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LLAMACTOR_ENGINE_PATH: engine },
    });
    let output = '';
    for (const stream of [npm.stdout, npm.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    // The output closes when the last process that holds it has gone: npm, its shell, the server and its children.
    const gone = once(npm, 'close');
    try {
      const line = (name: string): string => {
        const found = new RegExp(`^${name} +(http://[^/\\s]+)`, 'm').exec(output)?.[1];
        if (found === undefined) throw new Error(`no line "${name}" yet in: ${output}`);
        return found.replace('localhost', '127.0.0.1');
      };
      const waiting = { timeout: 45_000, interval: 50 };
      const dashboard = await vi.waitFor(() => line('Dashboard'), waiting);
      const api = line('API');
      expect([await answers(dashboard), await answers(api)]).toEqual([true, true]);
      npm.kill('SIGTERM');
      await gone;
      expect([await answers(dashboard), await answers(api)]).toEqual([false, false]);
    } finally {
      npm.kill('SIGTERM');
    }
  });
});
