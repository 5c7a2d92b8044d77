/** A real Redis on a free port, which a test can end and start again. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { vi } from 'vitest';
import { debianProgram } from './debian-program.ts';

export interface TestRedis {
  url: string;
  /** For looking at what is in it. */
  client: Redis;
  kill(): Promise<void>;
  /** On the same port, empty. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

export const startRedis = async (): Promise<TestRedis> => {
  // One program under several names, which decide what it is; the package redis-server holds only a link to it.
  const { command, prefixArgs } = await debianProgram('redis-server', 'redis-tools', 'usr/bin/redis-check-rdb');
  const folder = await mkdtemp(join(tmpdir(), 'llamactor-redis-'));
  const port = await freePort();
  const client = new Redis(`redis://127.0.0.1:${port}`, { lazyConnect: true, retryStrategy: () => 50 });
  client.on('error', () => undefined);
  let child: ChildProcess | null = null;
  const redis: TestRedis = {
    url: `redis://127.0.0.1:${port}`,
    client,
    async start() {
      const started = spawn(
        command,
        [
          ...prefixArgs,
          '--port',
          String(port),
          '--bind',
          '127.0.0.1',
          '--save',
          '',
          '--appendonly',
          'no',
          '--dir',
          folder,
        ],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      );
      child = started;
      let said = '';
      for (const stream of [started.stdout, started.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => (said += text));
      await vi.waitFor(
        () => {
          if (!/Ready to accept connections/i.test(said)) throw new Error(`Redis is not ready: ${said}`);
        },
        { timeout: 20_000, interval: 10 },
      );
    },
    async kill() {
      if (child === null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      child = null;
    },
    async close() {
      client.disconnect();
      await redis.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await redis.start();
  return redis;
};
