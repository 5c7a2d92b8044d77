import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runVitest } from '../../scripts/lib/run-vitest.mjs';
import type { Verdict } from '../../scripts/lib/run-vitest.mjs';

/** Inside the repository, so that the tests written there find vitest. */
const cache = fileURLToPath(new URL('../../.cache/', import.meta.url));
const head = "import { beforeAll, expect, it } from 'vitest';\n";
const passing = `${head}it('adds', () => expect(1 + 1).toBe(2));\n`;

describe('the judgement of a test run', () => {
  let folder: string;

  beforeEach(async () => {
    await mkdir(cache, { recursive: true });
    folder = await mkdtemp(join(cache, 'runner-'));
    await writeFile(join(folder, 'vitest.config.mjs'), 'export default {};\n');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const judge = async (files: Record<string, string>, args: string[] = []): Promise<Verdict> => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return runVitest({ cwd: folder, args, stdio: 'ignore' });
  };

  it('counts what passed', async () => {
    expect(await judge({ 'a.test.js': passing, 'b.test.js': passing })).toEqual({ passed: 2, failed: 0, problems: [] });
  });

  it('counts what failed', async () => {
    const failing = `${passing}it('is wrong', () => expect(1).toBe(2));\n`;
    expect(await judge({ 'a.test.js': failing })).toEqual({ passed: 1, failed: 1, problems: [] });
  });

  it.each([
    ['a skipped test', `${passing}it.skip('later', () => undefined);\n`, 'skipped: a.test.js: later'],
    ['a test that is still to be written', `${passing}it.todo('soon');\n`, 'skipped: a.test.js: soon'],
    ['a hook that fails', `${passing}beforeAll(() => { throw new Error('no ground') });\n`, 'no ground'],
    ['a file that cannot be imported', "import './nowhere.js';\n", 'nowhere.js'],
    [
      'an error outside of any test',
      `${passing}void Promise.reject(new Error('adrift'));\n`,
      'outside of any test: Error: adrift',
    ],
    [
      'a test that passes at the second try',
      `${head}let tries = 0;\nit('wavers', { retry: 1 }, () => expect(++tries).toBe(2));\n`,
      'wavers passed only when tried again',
    ],
  ])('does not accept %s', async (_what, text, problem) => {
    const { problems } = await judge({ 'a.test.js': text });
    expect(problems.join('\n')).toContain(problem);
  });

  it('does not accept a run without tests', async () => {
    const { passed, failed, problems } = await judge({});
    expect({ passed, failed }).toEqual({ passed: 0, failed: 0 });
    expect(problems).toHaveLength(1);
  });

  it('does not accept a runner that dies', async () => {
    await writeFile(join(folder, 'vitest.config.mjs'), "process.kill(process.pid, 'SIGKILL');\n");
    expect((await judge({ 'a.test.js': passing })).problems).toEqual([
      'the runner ended with SIGKILL before it had finished',
    ]);
  });

  it('accepts that tests are left out by name', async () => {
    const two = `${passing}it('subtracts', () => expect(2 - 1).toBe(1));\n`;
    expect(await judge({ 'a.test.js': two }, ['-t', 'subtracts'])).toEqual({ passed: 1, failed: 0, problems: [] });
  });
});
