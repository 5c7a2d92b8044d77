/** Runs over the built product: many at once, greedy ones, stubborn ones, and the death of the server in the middle. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../../src/client/index.ts';
import type { LlamactorClient, RunView } from '../../src/client/index.ts';
import { hasRunEnded } from '../../src/contracts/runs.ts';
import { gone, isRunning } from '../support/fake-app.ts';
import { AGENT_COMMAND, steps } from '../support/runs-app.ts';
import { cli, serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';
import { connectClient } from '../support/socket-client.ts';

let folder: string;
let running: Served[] = [];
let clients: LlamactorClient[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-runs-'));
});
afterEach(async () => {
  for (const client of clients) client.close();
  for (const { child } of running) child.kill('SIGKILL');
  [running, clients] = [[], []];
  await rm(folder, { recursive: true, force: true });
});

const file = (name: string): string => join(folder, name);
const start = async (): Promise<Served> => {
  const served = await serve({
    dataDir: file('data'),
    args: ['--no-web'],
    env: { LLAMACTOR_ENGINE_PATH: process.execPath, LLAMACTOR_RUNS_COMMAND: AGENT_COMMAND },
  });
  running.push(served);
  return served;
};
const clientOf = async ({ url }: Served): Promise<LlamactorClient> => {
  const client = await connect({ url });
  clients.push(client);
  return client;
};
const startRun = async (client: LlamactorClient, prompt: string): Promise<RunView> =>
  (await client.call('runs:start', { prompt })).run;
const ended = (client: LlamactorClient, id: string, timeout = 30_000): Promise<RunView> =>
  vi.waitFor(
    async () => {
      const { run } = await client.call('runs:get', { id });
      if (!hasRunEnded(run.state)) throw new Error(`the run is ${run.state}`);
      return run;
    },
    { timeout, interval: 20 },
  );
const pidsIn = async (name: string): Promise<number[]> =>
  vi.waitFor(async () => JSON.parse(await readFile(file(name), 'utf8')) as number[], { timeout: 20_000 });

describe('a hundred that wait', () => {
  it('add up after cancels at every stage and kill -9 of the server, and no process is left', async () => {
    const served = await start();
    const client = await clientOf(served);
    const started: RunView[] = [];
    for (let at = 0; at < 105; at += 1)
      started.push(await startRun(client, steps(['fork', file(`pids${at}`)], ['hold', file(`go${at}`)])));
    await expect(client.call('runs:start', { prompt: 'x' })).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    const idOf = (at: number): string => started[at]?.id ?? '';
    const forked = (await Promise.all([0, 1, 2, 3, 4].map((at) => pidsIn(`pids${at}`)))).flat();

    // One that runs ends by itself, one is cancelled while it runs, and so are many of those that wait, some at the same moment.
    await writeFile(file('go0'), '');
    const cancelled = [1, ...Array.from({ length: 20 }, (_, i) => 10 + 4 * i)];
    await Promise.all(cancelled.map((at) => client.call('runs:cancel', { id: idOf(at) })));
    expect(await ended(client, idOf(0))).toMatchObject({ state: 'completed' });
    await expect(client.call('runs:cancel', { id: idOf(0) })).rejects.toMatchObject({ code: 'INVALID_STATE' });
    const before = await vi.waitFor(async () => {
      const { runs } = await client.call('runs:list', { limit: 1000 });
      expect(runs.filter(({ state }) => state === 'running')).toHaveLength(5);
      return runs;
    });
    const waiting = before.filter(({ state }) => state === 'queued').toReversed();
    expect(waiting.map(({ position }) => position)).toEqual(waiting.map((_, index) => index));
    const more = await Promise.all([5, 6].map((at) => pidsIn(`pids${at}`)));
    const { runs: now } = await client.call('runs:list', { limit: 1000 });
    const pids = now.flatMap(({ pid }) => pid ?? []);
    expect(pids).toHaveLength(5);
    expect([...pids, ...more.flat()].every(isRunning)).toBe(true);

    served.child.kill('SIGKILL');
    await served.exited;
    await Promise.all([...pids, ...forked, ...more.flat()].map((pid) => gone(pid, 2000)));

    const { runs } = await (await clientOf(await start())).call('runs:list', { limit: 1000 });
    expect(runs.map(({ id }) => id).toReversed()).toEqual(started.map(({ id }) => id));
    for (const [at, run] of runs.toReversed().entries()) {
      const state = at === 0 ? 'completed' : cancelled.includes(at) ? 'cancelled' : 'failed';
      expect(run, String(at)).toMatchObject({ state, position: null, pid: null });
      if (state === 'failed')
        expect(run).toMatchObject({
          errorCode: 'EXECUTION_ERROR',
          error: expect.stringContaining('interrupted by a restart') as string,
        });
    }
  });

  it('are told of an interruption: at a stop of the server at once, after kill -9 at the next connection', async () => {
    const served = await start();
    const { stdout } = await cli(['token', 'create', '--user', 'ana'], { LLAMACTOR_URL: served.url });
    const auth = { token: stdout.trim() };
    const ana = await connectClient(served.url, { auth });
    const execute = async (socket: typeof ana): Promise<string> => {
      const prompt = steps(['out', 'so far'], ['hold', file('never')]);
      const reply = (await socket.ack('claude:execute', { prompt })) as { processId?: string };
      await socket.waitFor(
        'claude:progress',
        ({ processId, data }) => processId === reply.processId && data === 'so far',
      );
      return reply.processId ?? '';
    };
    const first = await execute(ana);
    served.child.kill('SIGTERM');
    expect(await ana.waitFor('claude:error', ({ processId }) => processId === first)).toMatchObject({
      code: 'EXECUTION_ERROR',
      message: expect.stringContaining('interrupted by a restart') as string,
    });
    expect(await served.exited).toMatchObject({ code: 0 });
    ana.close();

    const second = await start();
    const again = await connectClient(second.url, { auth });
    const interrupted = await execute(again);
    second.child.kill('SIGKILL');
    await second.exited;
    again.close();

    const third = await start();
    const stranger = await connectClient(third.url);
    const last = await connectClient(third.url, { auth });
    expect(await last.waitFor('claude:error')).toMatchObject({ processId: interrupted, code: 'EXECUTION_ERROR' });
    expect(await last.ack('claude:status', interrupted)).toMatchObject({ success: true, status: 'failed' });
    const { data } = await last.request('runs:output', { id: interrupted });
    expect((data?.['pieces'] as { text: string }[]).map(({ text }) => text).join('')).toBe('so far');
    expect(last.of('claude:error').filter(({ processId }) => processId === first)).toEqual([]);
    expect(stranger.of('claude:error')).toEqual([]);
    last.close();
    stranger.close();
  });
});

describe('one that', () => {
  it('prints 200 MB is cut at its cap, and takes no memory for the rest', async () => {
    const served = await start();
    const client = await clientOf(served);
    const most = async (): Promise<number> => {
      const status = await readFile(`/proc/${served.pid}/status`, 'utf8');
      return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
    };
    const run = await startRun(client, steps(['bytes', 200 * 1024 * 1024], ['err', 'the end']));
    const before = await most();
    const pieces: string[] = [];
    client.followRun(run.id, 0, ({ text }) => pieces.push(text));
    const end = await ended(client, run.id, 60_000);
    expect(end).toMatchObject({ state: 'completed', exitCode: 0, truncated: true, outputBytes: 10 * 1024 * 1024 });
    const text = pieces.join('');
    expect(text).toMatch(/\n\[output cut: more than 10 MB were written\]\n$/);
    expect(text.length).toBeLessThan(10 * 1024 * 1024 + 100);
    expect((await most()) - before).toBeLessThan(150);
    expect((await readFile(join(file('data'), 'runs', `${run.id}.jsonl`))).length).toBeLessThan(12 * 1024 * 1024);
  });

  it('ignores SIGTERM dies at its deadline, and one that forks leaves nothing, not even in a session of its own', async () => {
    const served = await start();
    const client = await clientOf(served);
    const stubborn = await startRun(
      client,
      steps(['ignore'], ['fork', file('a')], ['out', 'up'], ['hold', file('never')]),
    );
    const forker = await startRun(client, steps(['fork', file('b')], ['out', 'bye']));
    const pids = [...(await pidsIn('a')), ...(await pidsIn('b'))];
    expect(await ended(client, forker.id)).toMatchObject({ state: 'completed' });
    await Promise.all((await pidsIn('b')).map((pid) => gone(pid)));
    const { run } = await client.call('runs:get', { id: stubborn.id });
    expect(run.pid).not.toBeNull();
    // It is told at once that it is being cancelled, and has to be killed.
    await client.call('runs:cancel', { id: stubborn.id });
    expect(await ended(client, stubborn.id)).toMatchObject({ state: 'cancelled', signal: 'SIGKILL' });
    await Promise.all([...pids, run.pid ?? 0].map((pid) => gone(pid)));
    expect(isRunning(served.pid)).toBe(true);
  });
});
