import fs from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, afterEach, describe, expect, it } from 'vitest';
import { CodedError } from '../../src/contracts/errors.ts';
import { probeEngine } from '../../src/io/engine/index.ts';
import { temporaryFolder } from '../data/children.ts';
import { engineScript, NEW_VERSION, OLD_VERSION, writeScript } from './fake-engine.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder('probe');
});
afterEach(() => fs.rm(folder, { recursive: true, force: true }));

const script = (text: string, mode?: number) => writeScript(path.join(folder, 'llama-server'), text, mode);

/** The refusal a probe ends with; fails when it succeeds or fails in another way. */
const refusal = async (probe: Promise<unknown>): Promise<CodedError> => {
  const error = await probe.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof CodedError)) throw error;
  expect(error.code).toBe('ENGINE_MISSING');
  return error;
};

describe('an engine that runs', () => {
  it.each([
    [NEW_VERSION, '0.7.0', 11669, true],
    [OLD_VERSION, 'b6469', 6469, false],
    ['something else', null, null, false],
  ])('that says %j', async (says, version, build, childProtocol) => {
    const file = await script(engineScript(says));
    expect(await probeEngine(file)).toEqual({
      path: file,
      command: file,
      prefixArgs: [],
      source: 'configured',
      version,
      build,
      flags: new Set(['-m', '--model']),
      childProtocol,
    });
  });

  it('is started with its prefix arguments', async () => {
    const file = await script(engineScript());
    const engine = await probeEngine('/bin/sh', [file], { path: file, source: 'installed' });
    expect(engine).toMatchObject({
      path: file,
      command: '/bin/sh',
      prefixArgs: [file],
      source: 'installed',
      build: 11669,
    });
  });

  it('never sees LLAMA_ARG_ variables or the server’s secrets, but sees what drivers need', async () => {
    const file = await script(`#!/bin/sh\nenv > '${folder}/env'$1\n`);
    const env = {
      PATH: process.env['PATH'],
      LLAMA_ARG_PORT: '1',
      LLAMA_API_KEY: 'k',
      JWT_SECRET: 's',
      CUDA_VISIBLE_DEVICES: '0',
    };
    await probeEngine(file, [], { env });
    const seen = await fs.readFile(`${folder}/env--version`, 'utf8');
    expect(seen).toContain('CUDA_VISIBLE_DEVICES=0');
    expect(seen).not.toMatch(/LLAMA|JWT_SECRET/);
  });

  it('is accepted when only --help works, and when it keeps running instead of answering', async () => {
    const helpOnly = await script('#!/bin/sh\n[ "$1" = --help ] && echo "--model FNAME  model"\n');
    expect(await probeEngine(helpOnly)).toMatchObject({ version: null, flags: new Set(['--model']) });
    const cacheFile = path.join(folder, 'cache.json');
    const serves = await script('#!/bin/sh\nexec sleep 60\n');
    const engine = await probeEngine(serves, [], { deadlineMs: 300, cacheFile });
    expect(engine).toMatchObject({ version: null, build: null, childProtocol: false });
    await expect(fs.access(cacheFile)).rejects.toThrow('ENOENT');
  });
});

describe('an engine that does not run', () => {
  it('because it is missing, a folder, or not executable', async () => {
    expect((await refusal(probeEngine(path.join(folder, 'none')))).message).toContain(
      `${folder}/none does not run: there is no such file`,
    );
    expect((await refusal(probeEngine(folder))).message).toContain('it is a folder');
    const file = await script(engineScript(), 0o644);
    expect((await refusal(probeEngine(file))).message).toMatch(/not executable.*chmod/);
  });

  it('because it ends with an exit code', async () => {
    const file = await script('#!/bin/sh\necho first >&2\necho "cannot find the GPU." >&2\nexit 3\n');
    const error = await refusal(probeEngine(file));
    expect(error.message).toContain(`${file} does not run: it ended with exit code 3 and said "cannot find the GPU".`);
    expect(error.details).toMatchObject({ exitCode: 3, stderr: ['first', 'cannot find the GPU.'] });
  });

  it.each([
    [
      'error while loading shared libraries: libfoo.so.1: cannot open shared object file',
      'the shared library libfoo.so.1 is missing',
    ],
    [
      "/lib/libc.so.6: version `GLIBC_2.99' not found (required by x)",
      'it needs GLIBC_2.99, which this system is too old for',
    ],
    ['dyld: Library not loaded: @rpath/libggml.dylib', 'the shared library @rpath/libggml.dylib is missing'],
  ])('because the loader says %j', async (says, why) => {
    await fs.writeFile(path.join(folder, 'says'), says);
    const file = await script(`#!/bin/sh\ncat '${folder}/says' >&2\nexit 127\n`);
    expect((await refusal(probeEngine(file))).message).toContain(why);
  });

  it('because the processor lacks its instructions', async () => {
    const file = await script('#!/bin/sh\nkill -ILL $$\n');
    expect((await refusal(probeEngine(file))).message).toContain('instructions that this processor does not have');
  });

  it('because it was built for another processor', async () => {
    const head = Buffer.alloc(64);
    head.writeUInt32BE(0x7f454c46, 0);
    head[4] = 2;
    head[5] = 1;
    const [machine, name] = process.arch === 'arm64' ? [62, 'x64'] : [183, 'arm64'];
    head.writeUInt16LE(machine, 18);
    const file = path.join(folder, 'llama-server');
    await fs.writeFile(file, head, { mode: 0o755 });
    const { message } = await refusal(probeEngine(file));
    expect(message).toContain(
      process.platform === 'linux'
        ? `it was built for ${name} processors, and this machine is ${process.arch}`
        : 'it was built for Linux',
    );
  });

  it('because its interpreter is missing', async () => {
    const file = await script('#!/nowhere/python\n');
    expect((await refusal(probeEngine(file))).message).toContain('its interpreter /nowhere/python cannot be started');
  });

  it('and a cancelled question is no verdict', async () => {
    const file = await script('#!/bin/sh\nexec sleep 60\n');
    const reason = new Error('stopped by the test');
    const controller = new AbortController();
    const probe = probeEngine(file, [], { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 50);
    await expect(probe).rejects.toBe(reason);
  });
});

describe('the cache', () => {
  /** Counts how often the engine is asked. */
  const counting = (version: string) =>
    `#!/bin/sh\necho "$1" >> '${folder}/asked'\n${engineScript(version).replace('#!/bin/sh\n', '')}`;
  const timesAsked = async () =>
    (await fs.readFile(`${folder}/asked`, 'utf8')).split('\n').filter((line) => line === '--version').length;

  it('answers until the file changes, by time as well as by size', async () => {
    const cacheFile = path.join(folder, 'deep', 'cache.json');
    const file = await script(counting(NEW_VERSION));
    const first = await probeEngine(file, [], { cacheFile });
    expect(await probeEngine(file, [], { cacheFile })).toEqual(first);
    expect(await timesAsked()).toBe(1);

    await fs.utimes(file, new Date(), new Date(Date.now() + 60_000));
    expect(await probeEngine(file, [], { cacheFile })).toEqual(first);
    expect(await timesAsked()).toBe(2);

    await script(`${counting(OLD_VERSION)}\n`);
    expect(await probeEngine(file, [], { cacheFile })).toMatchObject({ version: 'b6469' });
    expect(await timesAsked()).toBe(3);
  });

  it('keeps several engines apart and survives being damaged', async () => {
    const cacheFile = path.join(folder, 'cache.json');
    const one = await writeScript(path.join(folder, 'one'), engineScript(NEW_VERSION));
    const two = await writeScript(path.join(folder, 'two'), engineScript(OLD_VERSION));
    for (let round = 0; round < 2; round += 1) {
      expect(await probeEngine(one, [], { cacheFile })).toMatchObject({ version: '0.7.0' });
      expect(await probeEngine(two, [], { cacheFile })).toMatchObject({ version: 'b6469' });
    }
    await fs.writeFile(cacheFile, '{"schema":1,"entries":{');
    expect(await probeEngine(one, [], { cacheFile })).toMatchObject({ version: '0.7.0' });
    expect(JSON.parse(await fs.readFile(cacheFile, 'utf8'))).toMatchObject({ schema: 1 });
    expect((await fs.readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('may be impossible to write', async () => {
    const file = await script(engineScript());
    expect(await probeEngine(file, [], { cacheFile: path.join(file, 'below-a-file', 'cache.json') })).toMatchObject({
      build: 11669,
    });
  });

  it('does not remember a failure', async () => {
    const cacheFile = path.join(folder, 'cache.json');
    const file = await script('#!/bin/sh\nexit 1\n');
    await refusal(probeEngine(file, [], { cacheFile }));
    await expect(fs.access(cacheFile)).rejects.toThrow('ENOENT');
  });
});
