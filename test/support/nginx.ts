/** A real nginx in the foreground, with a configuration of the test's own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { debianProgram } from './debian-program.ts';

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

/** @param http what belongs into nginx's `http` block; `port` is one it listens on */
export const startNginx = async (http: string, port: number): Promise<{ stop(): Promise<void> }> => {
  const { command, prefixArgs } = await debianProgram('nginx', 'nginx', 'usr/sbin/nginx');
  const folder = await mkdtemp(join(tmpdir(), 'llamactor-nginx-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  for (const name of temporary) await mkdir(join(folder, name));
  const paths = temporary.map((name) => `${name}_temp_path ${join(folder, name)};`).join('\n  ');
  const config = `daemon off;
master_process off;
pid ${join(folder, 'nginx.pid')};
error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off;
  ${paths}
  ${http}
}
`;
  await writeFile(join(folder, 'nginx.conf'), config);
  const child: ChildProcess = spawn(
    command,
    [...prefixArgs, '-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const exited = once(child, 'exit');
  await vi.waitFor(
    async () => {
      if (child.exitCode !== null) return;
      if (!(await accepts(port))) throw new Error('nginx does not listen yet');
    },
    { timeout: 20_000, interval: 20 },
  );
  if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}: ${said}`);
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
};
