/** Real processes: what a run's command does, and what becomes of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createActor } from 'xstate';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runMachine } from '../../machines/run.machine.ts';
import type { RunResult } from '../../machines/run.machine.ts';
import { startGuardian } from '../../src/io/guardian.ts';
import type { Guardian } from '../../src/io/guardian.ts';
import { isGroupAlive } from '../../src/io/processes/process-group.ts';
import { pidRecords } from '../../src/io/processes/pid-records.ts';
import { runProcess } from '../../src/io/runs/run-process.ts';
import type { RunSpec, RunStream } from '../../src/io/runs/run-process.ts';

let folder: string;
let guardian: Guardian;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-run-'));
  guardian = startGuardian();
});
afterEach(async () => {
  guardian.close();
  await rm(folder, { recursive: true, force: true });
});

const run = (spec: Partial<RunSpec>, limits = { timeoutMs: 30_000, stopMs: 300, killMs: 5000 }) => {
  const pieces: { stream: RunStream; text: string }[] = [];
  const actor = createActor(
    runMachine.provide({
      actors: {
        runProcess: runProcess({
          spec: () =>
            Promise.resolve({
              command: process.execPath,
              args: [],
              cwd: folder,
              env: { PATH: process.env['PATH'] },
              input: '',
              ...spec,
            }),
          output: (_, stream, text) => pieces.push({ stream, text }),
          pids: pidRecords(folder),
          guardian,
          now: Date.now,
        }),
      },
    }),
    { input: { id: 'r', limits } },
  );
  const ended = new Promise<RunResult>((resolve) => {
    actor.subscribe({ complete: () => resolve(actor.getSnapshot().output as RunResult) });
  });
  actor.start();
  return {
    actor,
    ended,
    text: (stream?: RunStream): string =>
      pieces
        .filter((piece) => stream === undefined || piece.stream === stream)
        .map(({ text }) => text)
        .join(''),
    /** The process group, once it is there. */
    group: async (): Promise<number> => {
      await vi.waitFor(() => expect(actor.getSnapshot().context.pid).not.toBeNull());
      return actor.getSnapshot().context.pid as number;
    },
  };
};
const node = (script: string): Partial<RunSpec> => ({ args: ['-e', script] });

describe('a run’s process', () => {
  it('gets the prompt on stdin and streams both outputs', async () => {
    const { ended, text } = run({
      ...node(`process.stdin.on('data', (d) => { process.stdout.write('got ' + d); process.stderr.write('note'); })`),
      input: 'the prompt',
    });
    expect(await ended).toMatchObject({ outcome: 'completed', exitCode: 0 });
    expect(text('stdout')).toBe('got the prompt');
    expect(text('stderr')).toBe('note');
  });

  it('never has a character cut in two, however the bytes come', async () => {
    const { ended, text } = run(
      node(`const bytes = Buffer.from('ä€😀'.repeat(50));
        let at = 0;
        const next = () => { if (at < bytes.length) process.stdout.write(bytes.subarray(at, ++at), () => setImmediate(next)); };
        next();`),
    );
    await ended;
    expect(text()).toBe('ä€😀'.repeat(50));
  });

  it('that ignores SIGTERM and has a child leaves nothing behind at its deadline', async () => {
    const { actor, ended, group, text } = run(
      node(`process.on('SIGTERM', () => console.log('no'));
        require('child_process').spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => 0); setInterval(() => 0, 1000)'], { stdio: 'inherit' });
        setInterval(() => 0, 1000); console.log('up');`),
    );
    const pgid = await group();
    await vi.waitFor(() => expect(text()).toContain('up'), { timeout: 20_000 });
    actor.send({ type: 'run.cancel', by: 'user' });
    expect(await ended).toMatchObject({ outcome: 'cancelled', signal: 'SIGKILL' });
    await vi.waitFor(async () => expect(await isGroupAlive(pgid)).toBe(false));
  });

  it('that forks and ends takes its children with it', async () => {
    const { ended, group } = run(
      node(`require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'ignore' }).unref();
        setTimeout(() => process.exit(0), 200);`),
    );
    const pgid = await group();
    expect(await ended).toMatchObject({ outcome: 'completed' });
    await vi.waitFor(async () => expect(await isGroupAlive(pgid)).toBe(false));
  });

  it.each([
    [{ command: 'no-such-command-here' }, /There is no command "no-such-command-here"/],
    [{ cwd: '/no/such/folder' }, /no folder \/no\/such\/folder/],
  ])('that cannot be started says why: %j', async (spec, reason) => {
    const { ended } = run(spec);
    expect(await ended).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(reason) as string });
  });

  it('that does not read a long prompt is not hurt by it', async () => {
    const { ended } = run({ ...node('process.exit(0)'), input: 'x'.repeat(5_000_000) });
    expect(await ended).toMatchObject({ outcome: 'completed' });
  });

  it('that is cancelled before it has started never starts', async () => {
    const { actor, ended } = run({});
    actor.send({ type: 'run.cancel', by: 'user' });
    expect(await ended).toMatchObject({ outcome: 'cancelled' });
    expect(actor.getSnapshot().context.pid).toBeNull();
  });
});
