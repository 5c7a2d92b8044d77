import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { FromRouter, Route, ToRouter } from '../../src/contracts/ipc.ts';
import { chat, open } from './support/client.ts';
import { event, fakeEngine, openStream } from './support/fake-engine.ts';
import { SETTINGS } from './support/harness.ts';
import { loadedRoute } from './support/routes.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llr-'));
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: resolve('src/router/main.ts'),
      outDir: folder,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'router.mjs' } },
    },
  });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Process {
  child: ChildProcess;
  url: string;
  tell(message: ToRouter): void;
  /** Code and signal, once it has ended. */
  ended: Promise<{ code: number | null; signal: string | null }>;
  seen: FromRouter[];
}

const startProcess = async (routes: Route[] = [], port = 0): Promise<Process> => {
  const child = fork(join(folder, 'router.mjs'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const seen: FromRouter[] = [];
  child.on('message', (message) => seen.push(message as FromRouter));
  const ended = new Promise<{ code: number | null; signal: string | null }>((done) =>
    child.on('exit', (code, signal) => done({ code, signal })),
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  child.send({ type: 'start', settings: { ...SETTINGS, port }, routes } satisfies ToRouter);
  const first = await vi.waitFor(
    () => {
      const message = seen.find(({ type }) => type === 'listening' || type === 'listen.failed');
      if (!message) throw new Error('it does not listen yet');
      return message;
    },
    { timeout: 10_000, interval: 5 },
  );
  const listening = first.type === 'listening' ? first.port : 0;
  return { child, url: `http://127.0.0.1:${listening}`, tell: (message) => void child.send(message), ended, seen };
};

const withStream = async () => {
  const engine = await fakeEngine((one) => {
    openStream(one);
    one.res.write(event('first'));
  });
  const process = await startProcess([loadedRoute('alpha', engine.upstream)]);
  const stream = await open(`${process.url}/v1/completions`, { model: 'alpha', stream: true });
  await vi.waitFor(() => expect(stream.text()).toBe(event('first')));
  return { engine, process, stream };
};

test('it ends at once when its control plane is gone, whatever runs', async () => {
  const { engine, process, stream } = await withStream();
  process.child.disconnect();
  expect(await process.ended).toEqual({ code: 1, signal: null });
  expect((await stream.over).complete).toBe(false);
  await vi.waitFor(() => expect(engine.sockets.every((socket) => socket.destroyed)).toBe(true));
});

test('a shutdown lets the stream finish, and the last report arrives before the process ends', async () => {
  const { engine, process, stream } = await withStream();
  process.tell({ type: 'shutdown', deadlineMs: 30_000 });
  engine.received[0]?.res.end(`data: {"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n${event('[DONE]')}`);
  expect((await stream.over).text).toContain('[DONE]');
  expect(await process.ended).toEqual({ code: 0, signal: null });
  const finished = process.seen.flatMap((message) => (message.type === 'finished' ? message.requests : []));
  expect(finished).toMatchObject([{ modelId: 'alpha', status: 200, promptTokens: 1, completionTokens: 2 }]);
});

test('signals meant for the whole group do not cut streams; the control plane decides', async () => {
  const { engine, process, stream } = await withStream();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.child.kill(signal);
  // Being alive after the signals shows in an answer to something sent later.
  expect((await chat(process.url, { model: 'nobody' })).status).toBe(404);
  engine.received[0]?.res.end(event('[DONE]'));
  expect((await stream.over).complete).toBe(true);
  process.tell({ type: 'shutdown', deadlineMs: 1000 });
  expect(await process.ended).toEqual({ code: 0, signal: null });
});

test('a port that is taken is told with its cause, and the process ends with 1', async () => {
  const taken = createServer();
  await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as AddressInfo;
  const process = await startProcess([], port);
  expect(process.seen[0]).toEqual({
    type: 'listen.failed',
    code: 'EADDRINUSE',
    message: `Port ${port} on 127.0.0.1 is already taken: stop the program that uses it, or choose another routerPort.`,
  });
  expect(await process.ended).toEqual({ code: 1, signal: null });
});

test('many requests are reported completely, in few messages', async () => {
  const engine = await fakeEngine(({ res }) => res.end('{}'));
  const process = await startProcess([loadedRoute('alpha', engine.upstream)]);
  const replies = await Promise.all(Array.from({ length: 150 }, () => chat(process.url, { model: 'alpha' })));
  expect(replies.every(({ status }) => status === 200)).toBe(true);
  await vi.waitFor(() => {
    const finished = process.seen.flatMap((message) => (message.type === 'finished' ? message.requests : []));
    expect(finished).toHaveLength(150);
  });
  const messages = process.seen.filter(({ type }) => type === 'finished');
  expect(messages.length).toBeLessThan(50);
});
