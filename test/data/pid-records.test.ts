import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { isSameCommand } from '../../src/io/processes/command-line.ts';
import { pidRecords } from '../../src/io/processes/pid-records.ts';
import { isGroupAlive, killGroup } from '../../src/io/processes/process-group.ts';
import { isAlive, pidExists, processStartTime } from '../../src/io/processes/process-identity.ts';
import { compileProgram, nextLine, startProgram, temporaryFolder } from './children.ts';

let built: string;
let program: string;
let runDir: string;
const started: number[] = [];

beforeAll(async () => {
  built = await temporaryFolder('pids');
  program = await compileProgram('family', built);
});
afterAll(() => fs.rm(built, { recursive: true, force: true }));
beforeEach(async () => {
  runDir = await fs.mkdtemp(path.join(built, 'run-'));
});
afterEach(() => {
  for (const pid of started.splice(0)) killGroup(pid, 'SIGKILL');
});

/** A group whose starter was killed, as a model's is when the server gets kill -9. */
const orphanedFamily = async (kind: string): Promise<{ leader: number; grandchild: number }> => {
  const parent = startProgram(program, [kind]);
  const [leader = 0, grandchild = 0] = (await nextLine(parent)).split(' ').map(Number);
  started.push(leader);
  parent.child.kill('SIGKILL');
  return { leader, grandchild };
};

const startSleep = async (detached = true): Promise<{ child: ChildProcess; pid: number }> => {
  const child = spawn('sleep', ['300'], { detached, stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  if (detached) started.push(pid);
  return { child, pid };
};

const isRunning = async (pid: number): Promise<boolean> => (await processStartTime(pid)) !== null;
const recordFile = (pid: number): string => path.join(runDir, 'pids', `${pid}.json`);

describe('the identity of a process', () => {
  it('stays the same while it runs and is none afterwards', async () => {
    const { child, pid } = await startSleep();
    const startTime = await processStartTime(pid);
    expect(startTime).toBe(await processStartTime(pid));
    expect(startTime).not.toBe(await processStartTime(process.pid));
    expect(await isAlive(pid, startTime ?? '')).toBe(true);
    expect(await isAlive(pid, 'another')).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await isAlive(pid, startTime ?? '')).toBe(false);
  });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 40])('knows no process %d', async (pid) => {
    expect(await processStartTime(pid)).toBeNull();
    expect(pidExists(pid)).toBe(false);
  });

  it('does not count a zombie as alive', async () => {
    // The shell replaces itself by a program that never collects the child it inherited.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 300'], { detached: true });
    started.push(parent.pid ?? 0);
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = Number(chunk.toString());
    await vi.waitFor(async () => {
      expect(await fs.readFile(`/proc/${zombie}/stat`, 'utf8')).toContain(') Z ');
    });
    expect(await isRunning(zombie)).toBe(false);
    expect(pidExists(zombie)).toBe(true);
  });
});

describe('killGroup', () => {
  it('reaches grandchildren', async () => {
    const { leader, grandchild } = await orphanedFamily('plain');
    expect(killGroup(leader, 'SIGKILL')).toBe(true);
    await vi.waitFor(async () => {
      expect(await isRunning(leader)).toBe(false);
      expect(await isRunning(grandchild)).toBe(false);
    });
    expect(await isGroupAlive(leader)).toBe(false);
  });

  it('takes a group that has gone for an answer', async () => {
    const { child, pid } = await startSleep();
    const exit = once(child, 'exit');
    expect(killGroup(pid, 'SIGKILL')).toBe(true);
    await exit;
    expect(killGroup(pid, 'SIGKILL')).toBe(false);
  });

  it.each([0, 1, -1, -5, 2.5, Number.NaN, process.pid])('refuses %d, which would reach others', (pid) => {
    const kill = vi.spyOn(process, 'kill');
    expect(killGroup(pid, 'SIGTERM')).toBe(false);
    expect(kill).not.toHaveBeenCalled();
  });
});

describe('records of children', () => {
  it('are kept across instances, in files for the owner only, until removed', async () => {
    const { pid } = await startSleep();
    const record = await pidRecords(runDir).add({ pid, command: ['sleep', '300'], owner: 'alpha' });
    expect(record).toMatchObject({ pid, pgid: pid, owner: 'alpha' });
    expect(await pidRecords(runDir).list()).toEqual([record]);
    expect((await fs.stat(recordFile(pid))).mode & 0o777).toBe(0o600);
    await pidRecords(runDir).remove(pid);
    await pidRecords(runDir).remove(pid);
    expect(await pidRecords(runDir).list()).toEqual([]);
  });

  it('are not made for a child that has ended already', async () => {
    const { child, pid } = await startSleep();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await pidRecords(runDir).add({ pid, command: ['sleep', '300'], owner: 'alpha' })).toBeNull();
    expect(await pidRecords(runDir).list()).toEqual([]);
  });

  it('are none before the first, and ending leftovers is then nothing', async () => {
    expect(await pidRecords(path.join(runDir, 'never')).list()).toEqual([]);
    expect(await pidRecords(runDir).endLeftovers({ deadlineMs: 100 })).toEqual({
      ended: [],
      killed: [],
      stuck: [],
      gone: [],
    });
  });
});

describe('leftovers of an earlier run', () => {
  it('end with their grandchildren at SIGTERM', async () => {
    const { leader, grandchild } = await orphanedFamily('plain');
    await pidRecords(runDir).add({ pid: leader, command: ['sh', '-c', 'whatever'], owner: 'alpha' });
    const result = await pidRecords(runDir).endLeftovers({ deadlineMs: 5_000 });
    expect(result.ended.map((one) => one.pid)).toEqual([leader]);
    expect(await isRunning(leader)).toBe(false);
    expect(await isRunning(grandchild)).toBe(false);
    expect(await fs.readdir(path.join(runDir, 'pids'))).toEqual([]);
  });

  it.each(['stubborn', 'leader-only'])(
    'are killed at the deadline with all that is in their group (%s)',
    async (kind) => {
      const { leader, grandchild } = await orphanedFamily(kind);
      await pidRecords(runDir).add({ pid: leader, command: ['sh'], owner: 'router' });
      const result = await pidRecords(runDir).endLeftovers({ deadlineMs: 300 });
      expect(result.killed.map((one) => one.pid)).toEqual([leader]);
      expect(await isRunning(leader)).toBe(false);
      expect(await isRunning(grandchild)).toBe(false);
    },
  );

  it('end even when they do not lead a group, without touching the group they are in', async () => {
    const { child, pid } = await startSleep(false);
    const record = await pidRecords(runDir).add({ pid, command: ['sleep', '300'], owner: 'alpha' });
    expect(record?.pgid).not.toBe(pid);
    const exit = once(child, 'exit');
    const result = await pidRecords(runDir).endLeftovers({ deadlineMs: 5_000 });
    expect(result.ended.map((one) => one.pid)).toEqual([pid]);
    expect(await exit).toEqual([null, 'SIGTERM']);
  });

  it.each<[string, Record<string, unknown>]>([
    ['started at another time', { startTime: 'another' }],
    ['runs another program', { command: ['llama-server', '--model', 'alpha.gguf'] }],
  ])('leave a process alone that has the pid but %s', async (_, difference) => {
    const { pid } = await startSleep();
    const record = await pidRecords(runDir).add({ pid, command: ['sleep', '300'], owner: 'alpha' });
    await fs.writeFile(recordFile(pid), JSON.stringify({ ...record, ...difference }));
    const result = await pidRecords(runDir).endLeftovers({ deadlineMs: 100 });
    expect(result.gone.map((one) => one.pid)).toEqual([pid]);
    expect(await isRunning(pid)).toBe(true);
    expect(await fs.readdir(path.join(runDir, 'pids'))).toEqual([]);
  });

  it('never include this process, and damaged records are cleared away', async () => {
    const records = pidRecords(runDir);
    await records.add({ pid: process.pid, command: [process.execPath], owner: 'alpha' });
    await fs.writeFile(recordFile(4_000_000), '{"pid":');
    await fs.writeFile(
      recordFile(1),
      JSON.stringify({ pid: 1, startTime: 'x', pgid: -1, command: ['init'], owner: '' }),
    );
    const result = await records.endLeftovers({ deadlineMs: 100 });
    expect(result.gone.map((one) => one.pid)).toEqual([process.pid]);
    expect(await fs.readdir(path.join(runDir, 'pids'))).toEqual([]);
  });
});

describe('comparing commands', () => {
  it.each<[string, string[], string[], boolean]>([
    ['the same', ['/opt/llama-server', '-m', 'a.gguf'], ['/opt/llama-server', '-m', 'a.gguf'], true],
    ['a script and its interpreter', ['/opt/fake.mjs', 'x'], ['node', '/opt/fake.mjs', 'x'], true],
    ['a wrapper that became the program', ['/opt/wrapper', '-m', 'a.gguf'], ['ld.so', 'srv', '-m', 'a.gguf'], true],
    ['another program', ['/opt/llama-server', '-m', 'a.gguf'], ['vim', 'a.gguf'], false],
    ['no arguments and another program', ['/opt/llama-server'], ['vim'], false],
    ['nothing', [], ['vim'], false],
  ])('%s', (_, before, now, same) => {
    expect(isSameCommand(before, now)).toBe(same);
  });
});
