import fs from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CodedError } from '../../src/contracts/errors.ts';
import { findEngine } from '../../src/io/engine/index.ts';
import { temporaryFolder } from '../data/children.ts';
import { engineScript, writeScript } from './fake-engine.ts';

let folder: string;
let dataDir: string;
let skipped: CodedError[];
beforeEach(async () => {
  folder = await temporaryFolder('find');
  dataDir = path.join(folder, 'data');
  skipped = [];
});
afterEach(() => fs.rm(folder, { recursive: true, force: true }));

const find = (configuredPath: string | null = null, extraPath: string[] = []) =>
  findEngine({
    configuredPath,
    dataDir,
    env: { PATH: [...extraPath, '/usr/bin', '/bin'].join(path.delimiter), HOME: folder },
    onSkipped: (problem) => skipped.push(problem),
  });
const bin = (name: string) => path.join(folder, name);
const put = (file: string, build: number) =>
  writeScript(path.join(folder, file), engineScript(`version: ${build} (abc)`));
const install = async (build: number, record: object = {}) => {
  await put('data/engines/github-b1-00000000/bin/llama-server', build);
  const current = {
    schema: 1,
    folder: 'github-b1-00000000',
    server: 'bin/llama-server',
    loader: null,
    installedAt: 1,
    ...record,
  };
  await fs.writeFile(path.join(dataDir, 'engines/current.json'), JSON.stringify(current));
};

it('finds nothing where there is nothing', async () => {
  expect(await find()).toBeNull();
  expect(skipped).toEqual([]);
});

it('prefers the configured one, then PATH, then the installed one', async () => {
  await install(3);
  expect(await find()).toMatchObject({
    build: 3,
    source: 'installed',
    path: path.join(dataDir, 'engines/github-b1-00000000/bin/llama-server'),
  });
  const onPath = await put('bin/llama-server', 2);
  expect(await find(null, [bin('bin')])).toMatchObject({ build: 2, source: 'path', path: onPath });
  const configured = await put('my engines/server.sh', 1);
  expect(await find(configured, [bin('bin')])).toMatchObject({ build: 1, source: 'configured', path: configured });
  expect(await find('  ', [bin('bin')])).toMatchObject({ build: 2 });
});

it('refuses a configured path that does not work, although others would', async () => {
  await install(3);
  await expect(find(bin('none'), [])).rejects.toMatchObject({
    code: 'ENGINE_MISSING',
    message: expect.stringContaining(bin('none')) as string,
  });
  const broken = await writeScript(bin('broken'), '#!/bin/sh\necho no >&2\nexit 1\n');
  await expect(find(broken)).rejects.toMatchObject({
    code: 'ENGINE_MISSING',
    message: expect.stringContaining('exit code 1') as string,
  });
  await fs.chmod(broken, 0o600);
  await expect(find(broken)).rejects.toMatchObject({
    code: 'ENGINE_MISSING',
    message: expect.stringContaining('not executable') as string,
  });
  expect(skipped).toEqual([]);
});

it('understands ~ and bare names in the configuration', async () => {
  await put('tools/my-server', 7);
  expect(await find('~/tools/my-server')).toMatchObject({ build: 7, source: 'configured' });
  expect(await find('my-server', [bin('tools')])).toMatchObject({ build: 7, path: bin('tools/my-server') });
});

it('passes over broken ones on PATH and says so', async () => {
  await writeScript(bin('a/llama-server'), '#!/bin/sh\nexit 9\n');
  await fs.mkdir(bin('b/llama-server'), { recursive: true });
  await writeScript(bin('c/llama-server'), engineScript(), 0o644);
  await put('d/llama-server', 5);
  expect(await find(null, ['', 'd', ...['a', 'b', 'c', 'd'].map(bin)])).toMatchObject({
    build: 5,
    path: bin('d/llama-server'),
  });
  expect(skipped.map((problem) => problem.message)).toEqual([expect.stringContaining('exit code 9')]);
});

it('reports an install whose files are gone, and finds none', async () => {
  await install(3);
  await fs.rm(path.join(dataDir, 'engines/github-b1-00000000'), { recursive: true });
  expect(await find()).toBeNull();
  expect(skipped).toHaveLength(1);
});

it.each([
  { folder: '../elsewhere' },
  { folder: '/bin' },
  { server: '../../../bin/sh' },
  { server: 'C:\\x' },
  { schema: 2 },
])('does not follow a record that says %j', async (record) => {
  await install(3, record);
  expect(await find()).toBeNull();
});
