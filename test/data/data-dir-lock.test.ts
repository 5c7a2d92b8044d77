import fs from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodedError } from '../../src/contracts/errors.ts';
import { processStartTime } from '../../src/io/processes/process-identity.ts';
import { lockDataDir } from '../../src/io/store/data-dir-lock.ts';
import { compileProgram, nextLine, startProgram, temporaryFolder, type Program } from './children.ts';

let built: string;
let program: string;
let dir: string;

beforeAll(async () => {
  built = await temporaryFolder('lock');
  program = await compileProgram('locker', built);
});
afterAll(() => fs.rm(built, { recursive: true, force: true }));
beforeEach(async () => {
  dir = await fs.mkdtemp(path.join(built, 'data-'));
});

const refusal = async (promise: Promise<unknown>): Promise<CodedError> => {
  const error: unknown = await promise.then(
    () => new Error('the lock was given'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CodedError);
  return error as CodedError;
};

const kill = async (one: Program): Promise<void> => {
  one.child.kill('SIGKILL');
  await one.ended;
};

const lockFile = async (pid: number, startTime: string | null, name = '1'): Promise<void> => {
  await fs.mkdir(path.join(dir, 'lock'), { recursive: true });
  await fs.writeFile(path.join(dir, 'lock', name), JSON.stringify({ pid, startTime, released: false }));
};

describe('the lock of a data folder', () => {
  it('refuses a second server naming process and folder, and is free again after release', async () => {
    const first = await lockDataDir(dir);
    const error = await refusal(lockDataDir(dir));
    expect(error).toMatchObject({ code: 'INVALID_STATE', details: { pid: process.pid, dir } });
    expect(error.message).toContain(String(process.pid));
    expect(error.message).toContain(dir);
    await first.release();
    await first.release();
    const second = await lockDataDir(dir);
    await refusal(lockDataDir(dir));
    await second.release();
  });

  it('does not let a late release of an earlier holder free the lock of the present one', async () => {
    const first = await lockDataDir(dir);
    await first.release();
    const second = await lockDataDir(dir);
    await first.release();
    expect((await refusal(lockDataDir(dir))).code).toBe('INVALID_STATE');
    await second.release();
  });

  it('is taken over at once from a holder that was killed, even before its parent collected it', async () => {
    const holder = startProgram(program, [dir]);
    expect(await nextLine(holder)).toBe('held');
    expect((await refusal(lockDataDir(dir))).details).toMatchObject({ pid: holder.child.pid });
    await kill(holder);
    const lock = await lockDataDir(dir);
    await lock.release();
  });

  it('does not take a process that got the old pid for the holder', async () => {
    await lockFile(process.pid, 'another start time');
    const lock = await lockDataDir(dir);
    await lock.release();
  });

  it('takes over a lock file that is empty or garbage once it is old enough', async () => {
    await lockFile(1, 'x');
    for (const content of ['', 'garbage']) {
      const file = path.join(dir, 'lock', '5');
      await fs.writeFile(file, content);
      await fs.utimes(file, new Date(0), new Date(0));
      const lock = await lockDataDir(dir);
      await lock.release();
      await fs.rm(path.join(dir, 'lock'), { recursive: true });
      await fs.mkdir(path.join(dir, 'lock'));
    }
  });

  it('believes the highest number only', async () => {
    await lockFile(process.pid, await processStartTime(process.pid), '7');
    await lockFile(999_999_999, 'gone', '10');
    const lock = await lockDataDir(dir);
    expect((await fs.readdir(path.join(dir, 'lock'))).sort()).toEqual(['10', '11']);
    await lock.release();
  });

  it('is not given to a slow starter that made a number others have long outdone', async () => {
    await lockFile(999_999_999, 'gone', '5');
    const startTime = await processStartTime(process.pid);
    const link = fs.link.bind(fs);
    vi.spyOn(fs, 'link').mockImplementationOnce(async (from, to) => {
      // Between its look and its step others came, and the number it is about to make was tidied away again.
      await lockFile(process.pid, startTime, '8');
      await fs.rm(path.join(dir, 'lock', '5'));
      await link(from, to);
    });
    expect((await refusal(lockDataDir(dir))).code).toBe('INVALID_STATE');
    expect(await fs.readdir(path.join(dir, 'lock'))).toEqual(['8']);
  });

  it('works where hard links do not exist, and waits while another starter is still writing', async () => {
    vi.spyOn(fs, 'link').mockImplementation(() => Promise.reject(Object.assign(new Error('no'), { code: 'EPERM' })));
    const lock = await lockDataDir(dir);
    expect((await refusal(lockDataDir(dir))).code).toBe('INVALID_STATE');
    await lock.release();
    const half = path.join(dir, 'lock', '2');
    await fs.writeFile(half, '');
    const late = refusal(lockDataDir(dir));
    const startTime = await processStartTime(process.pid);
    await fs.writeFile(half, JSON.stringify({ pid: process.pid, startTime, released: false }));
    expect((await late).code).toBe('INVALID_STATE');
  });

  it(
    'gives exactly one of six starters the lock, with a stale lock lying there, ten times',
    { timeout: 120_000 },
    async () => {
      for (let round = 0; round < 10; round += 1) {
        const moment = String(Date.now() + 700);
        const starters = Array.from({ length: 6 }, () => startProgram(program, [dir, moment]));
        const answers = await Promise.all(starters.map(nextLine));
        const winners = starters.filter((_, index) => answers[index] === 'held');
        expect(winners).toHaveLength(1);
        const winner = winners[0]?.child.pid;
        for (const answer of answers.filter((one) => one !== 'held')) {
          expect(answer).toContain('INVALID_STATE');
          expect(answer).toContain(`(process ${winner})`);
        }
        // Killed, so that the next round begins with a stale lock.
        await Promise.all(starters.map(kill));
      }
    },
  );

  it('says in one sentence that the folder cannot be written', async () => {
    const plain = path.join(dir, 'plain');
    await fs.writeFile(plain, '');
    const error = await refusal(lockDataDir(plain));
    expect(error.code).toBe('INTERNAL');
    expect(error.message).toMatch(/^The data folder .*plain cannot be written: .*\.$/);
  });
});
