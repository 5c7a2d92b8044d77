import { spawnSync } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { chooseMirror } from '../../src/io/engine/debian-apt.ts';
import { parseDepends, parseUris } from '../../src/io/engine/debian-packages.ts';
import { debianSource, findEngine, installEngine } from '../../src/io/engine/index.ts';
import type { EngineProgress } from '../../src/io/engine/index.ts';
import { temporaryFolder } from '../data/children.ts';

const hasApt = spawnSync('apt-get', ['--version']).status === 0;

describe('what apt says', () => {
  it('about dependencies: the first real alternative of each', () => {
    const text = [
      'llama.cpp-tools',
      '  Depends: libllama0',
      ' |Depends: wget',
      '  Depends: curl',
      ' |Depends: <debconf-2.0>',
      '  Depends: cdebconf',
      '    debconf',
      '  PreDepends: libc6:any',
      '  Recommends: ca-certificates',
      '  Depends: <virtual>',
    ].join('\n');
    expect(parseDepends(text)).toEqual(['libllama0', 'wget', 'cdebconf', 'libc6']);
  });

  it('about sizes', () => {
    const text = `'http://h/debian/pool/libs%2b%2b6_1_amd64.deb' libstdc++6_1%3a2-3_amd64.deb 823236 SHA256:ab\nReading\n'http://h/b.deb' b_1_all.deb 5 \n`;
    expect(parseUris(text)).toEqual([
      { name: 'libstdc++6', bytes: 823236 },
      { name: 'b', bytes: 5 },
    ]);
  });

  it('about mirrors: Debian’s main archive, with its keyring when apt tells it', () => {
    const stanza = (site: string, origin: string | null, more = '') =>
      `MetaKey: main/binary-amd64/Packages\n${origin === null ? '' : `Origin: ${origin}\n`}Site: ${site}\n${more}`;
    expect(
      chooseMirror(
        [
          stanza('https://example.org/debian', 'Somebody'),
          stanza('http://mirror/debian-security', 'Debian'),
          stanza('http://mirror/debian', 'Debian', 'Signed-By: /usr/share/keyrings/x.gpg\n'),
        ].join('\n\n'),
      ),
    ).toEqual({ site: 'http://mirror/debian', signedBy: '/usr/share/keyrings/x.gpg' });
    expect(chooseMirror(stanza('http://mirror/debian/', null, 'Signed-By: \n -----BEGIN\n'))).toEqual({
      site: 'http://mirror/debian/',
      signedBy: null,
    });
    expect(() => chooseMirror('')).toThrow(/not set up with an archive of Debian/);
    expect(() => chooseMirror(stanza('http://mirror/ubuntu', 'Ubuntu'))).toThrow(/add one to its sources/);
  });
});

describe.runIf(hasApt)('an install from Debian', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await temporaryFolder('debian engine');
  });
  afterEach(() => fs.rm(dataDir, { recursive: true, force: true }));

  const install = (
    keyring?: string,
    extra: { signal?: AbortSignal; onProgress?: (progress: EngineProgress) => void } = {},
  ) => installEngine({ dataDir, sources: [debianSource(keyring === undefined ? {} : { keyring })], ...extra });
  const engines = () => fs.readdir(path.join(dataDir, 'engines'));

  it('gives a llama-server that runs with a C library of its own, and touches nothing outside the data folder', async () => {
    const before = await fs.readFile('/var/lib/dpkg/status').catch(() => null);
    const progress: EngineProgress[] = [];
    const engine = await install(undefined, { onProgress: (each) => progress.push(each) });
    const folder = path.dirname(engine.path);
    expect(engine).toMatchObject({
      source: 'installed',
      prefixArgs: ['--argv0', 'llama-server', '--library-path', folder, engine.path],
      childProtocol: true,
    });
    expect(path.dirname(engine.command)).toBe(folder);
    expect(path.basename(engine.command)).toMatch(/^ld-linux-/);
    expect(engine.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(engine.build).toBeGreaterThan(11_000);
    for (const flag of ['-m', '--model', '--host', '--port', '--threads-http', '--log-jsonl'])
      expect(engine.flags).toContain(flag);
    expect((await fs.readdir(folder)).filter((name) => name.startsWith('libggml-cpu')).length).toBeGreaterThan(0);
    expect(await findEngine({ dataDir, env: { PATH: '/nowhere' } })).toEqual(engine);

    expect(await engines()).toEqual(expect.not.arrayContaining([expect.stringMatching(/^\.tmp-|lock/)]));
    expect(await fs.readFile('/var/lib/dpkg/status').catch(() => null)).toEqual(before);
    const counted = progress.filter((each) => each.totalBytes !== null);
    expect(counted.at(-1)).toMatchObject({ stage: 'downloading llama-server from Debian' });
    expect(counted.at(-1)?.totalBytes).toBeGreaterThan(8_000_000);
  }, 300_000);

  it('refuses an archive that the keyring does not vouch for', async () => {
    // In a deb822 source a space in the path would begin another keyring.
    const folder = await temporaryFolder('keyring');
    const keyring = path.join(folder, 'empty.gpg');
    await fs.writeFile(keyring, '');
    await expect(install(keyring)).rejects.toMatchObject({
      code: 'ENGINE_MISSING',
      message: expect.stringMatching(/not signed|verif|NO_PUBKEY/) as string,
    });
    expect(await engines()).toEqual(['downloads']);
    await fs.rm(folder, { recursive: true });
  }, 120_000);

  it('ends apt and its helpers when it is cancelled', async () => {
    const controller = new AbortController();
    const running = install(undefined, {
      signal: controller.signal,
      onProgress: ({ stage }) => {
        if (stage.startsWith('reading')) setTimeout(() => controller.abort(), 100);
      },
    });
    await expect(running).rejects.toThrow('aborted');
    expect(await engines()).toEqual(['downloads']);
    await vi.waitFor(async () => expect(await processesNaming(dataDir)).toEqual([]), { timeout: 20_000 });
  }, 120_000);

  it('says which path it cannot work with', async () => {
    await fs.rm(dataDir, { recursive: true });
    dataDir = await temporaryFolder('a:b');
    await expect(install()).rejects.toThrow('must hold neither ":" nor ";"');
  });
});

/** Command lines of living processes that mention `text` (Linux only). */
const processesNaming = async (text: string): Promise<string[]> => {
  const pids = (await fs.readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const lines = await Promise.all(pids.map((pid) => fs.readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(text));
};
