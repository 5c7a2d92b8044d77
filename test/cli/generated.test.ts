import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completionTree, flatten } from '../../src/cli/completions/tree.ts';
import { idleHost } from '../../src/cli/host.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { cliReference } from '../../src/cli/reference.ts';
import { run } from './harness.ts';

const execute = promisify(execFile);
const tree = completionTree(buildProgram(idleHost, { out: () => undefined, columns: 80, colours: false }));
const paths = flatten(tree).map((node) => node.path.join(' '));

describe('the reference', () => {
  it('is the same text every time and has a section for every command', () => {
    const text = cliReference();
    expect(cliReference()).toBe(text);
    for (const command of paths.filter((each) => each !== '')) expect(text).toContain(` llamactor ${command}\n`);
    for (const flag of ['--data-dir <folder>', '--follow', '--timeout <time>', '--max-tokens <count>'])
      expect(text).toContain(flag);
    expect(text).not.toMatch(/undefined|\[object/);
  });

  it('every command and option explains itself', () => {
    for (const node of flatten(tree)) {
      expect(node.description, node.path.join(' ')).not.toBe('');
      for (const option of node.options)
        expect(option.description, `${node.path.join(' ')} ${option.names.join()}`).not.toBe('');
    }
  });
});

describe('the tree', () => {
  it('knows commands, inherited options and what words stand for', () => {
    expect(paths).toEqual(expect.arrayContaining(['', 'load', 'preset use', 'engine install', 'config set']));
    const logs = flatten(tree).find((node) => node.path.join(' ') === 'logs');
    expect(logs?.options.find((option) => option.names.includes('--level'))).toMatchObject({
      takesValue: true,
      value: { choices: ['debug', 'info', 'warn', 'error'] },
    });
    expect(logs?.options.flatMap((option) => option.names)).toEqual(
      expect.arrayContaining(['--json', '--follow', '-h']),
    );
    expect(flatten(tree).find((node) => node.path[0] === 'load')?.words).toEqual(['model']);
  });
});

describe('completion in bash', () => {
  let folder: string;
  let script: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'llamactor-bash-'));
    script = path.join(folder, 'completion.bash');
    await writeFile(script, (await run(['completions', 'bash'])).out);
    // Stands for the program when the script asks it for names.
    await writeFile(
      path.join(folder, 'llamactor'),
      '#!/bin/sh\ncase "$*" in "models --quiet") printf "alpha\\nbeta\\n";; "preset list --quiet") echo fast;; esac\n',
      { mode: 0o755 },
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const complete = async (...words: string[]): Promise<string[]> => {
    const quoted = ['llamactor', ...words].map((word) => `'${word}'`).join(' ');
    const { stdout } = await execute(
      'bash',
      [
        '-c',
        `source "$0"; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _llamactor; printf '%s\\n' "\${COMPREPLY[@]}"`,
        script,
      ],
      { env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` }, cwd: folder },
    );
    return stdout.split('\n').filter((line) => line !== '');
  };

  it.each([
    [['lo'], ['logs', 'load']],
    [
      ['preset', ''],
      ['list', 'show', 'save', 'delete', 'use'],
    ],
    [['preset', 'us'], ['use']],
    [['preset', 'use', ''], ['fast']],
    [['load', 'al'], ['alpha']],
    [
      ['--url', 'http://x', 'load', ''],
      ['alpha', 'beta'],
    ],
    [['load', 'alpha', ''], []],
    [['logs', '--level', 'w'], ['warn']],
    [['logs', '--f'], ['--follow']],
    [
      ['completions', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['engine', 'use', 'compl'], ['completion.bash']],
    [['chat', 'b'], ['beta']],
    [['nonsense', ''], []],
  ])('%j → %j', async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });
});

describe('completion in zsh and fish', () => {
  it('mentions every command and every option, and quotes are balanced', async () => {
    const zsh = (await run(['completions', 'zsh'])).out;
    const fish = (await run(['completions', 'fish'])).out;
    for (const node of flatten(tree)) {
      const name = node.path.at(-1);
      if (name !== undefined) {
        expect(zsh).toContain(`'${name}:`);
        expect(fish).toContain(`-a ${name} -d`);
      }
      for (const long of node.options.flatMap((option) => option.names).filter((each) => each.startsWith('--'))) {
        expect(zsh).toContain(`${long}[`);
        expect(fish).toContain(`-l ${long.slice(2)}`);
      }
    }
    for (const line of fish.split('\n').filter((each) => each.startsWith('complete'))) {
      expect(line.replaceAll(/\\./g, '').split("'").length % 2, line).toBe(1);
    }
  });
});
