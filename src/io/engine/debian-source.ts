/** Gets llama-server from Debian's own packages, without root and on an older release. */
import { copyFile, lstat, mkdir, readdir, readlink, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { childEnvironment } from './child-environment.ts';
import { prepareApt } from './debian-apt.ts';
import { downloadPackages, resolvePackages, watchFolders } from './debian-packages.ts';
import { bytesProgress } from './progress.ts';
import { lastLines, runProgram } from './run-program.ts';
import type { EngineLayout, EngineSource } from './types.ts';

/** Names from Debian's multiarch tuples and the ABI documents of glibc's ports. */
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, { debian: string; triplet: string; loader: string }>> = {
  x64: { debian: 'amd64', triplet: 'x86_64-linux-gnu', loader: 'ld-linux-x86-64.so.2' },
  arm64: { debian: 'arm64', triplet: 'aarch64-linux-gnu', loader: 'ld-linux-aarch64.so.1' },
};

/** The first suite that has llama.cpp; see https://packages.debian.org/llama.cpp-tools. */
const SUITE = 'forky';
const ROOT_PACKAGE = 'llama.cpp-tools';
const UNPACK_MS = 120_000;

export interface DebianOptions {
  suite?: string;
  /** Overrides the keyring that must have signed the archive. */
  keyring?: string;
  env?: NodeJS.ProcessEnv;
}

/**
 * The packages' programs need a newer C library than the machine may have, so that library and its loader come along, and
 * the loader starts llama-server. ggml looks for its CPU backends beside the running executable, which then is the loader: so
 * everything lies in one flat folder.
 */
export const debianSource = (options: DebianOptions = {}): EngineSource => ({
  name: 'Debian’s packages',
  fetch: async (context) => {
    const env = options.env ?? process.env;
    const machine = process.platform === 'linux' ? ARCHITECTURES[process.arch] : undefined;
    if (!machine) throw new Error(`there is none for ${process.platform} on ${process.arch}`);
    // ld.so separates the folders of --library-path with either.
    if (/[:;]/.test(context.folder))
      throw new Error(`the data folder’s path must hold neither ":" nor ";" (${context.folder})`);
    await requireTools(env, context.signal);

    const root = join(context.scratch, 'apt');
    const debs = join(context.scratch, 'debs');
    const tree = join(context.scratch, 'tree');
    for (const folder of [root, debs, tree]) await mkdir(folder);

    const apt = await prepareApt({
      root,
      suite: options.suite ?? SUITE,
      architecture: machine.debian,
      env,
      signal: context.signal,
      ...(options.keyring === undefined ? {} : { keyring: options.keyring }),
    });
    await watchFolders(
      [join(root, 'state/lists'), join(root, 'state/lists/partial')],
      'reading Debian’s package index',
      null,
      context.report,
      () => apt.run('apt-get', ['update']),
    );
    const archives = await downloadPackages(
      apt,
      await resolvePackages(apt, ROOT_PACKAGE),
      debs,
      'downloading llama-server from Debian',
      context.report,
    );

    context.report(bytesProgress('unpacking llama-server', 0, null));
    for (const archive of archives) await unpack(archive, tree, env, context.signal);
    await flatten(tree, machine.triplet, context.folder);
    const layout: EngineLayout = { server: 'llama-server', loader: machine.loader };
    return { layout, label: `debian-${versionOf(archives)}` };
  },
});

const requireTools = async (env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> => {
  for (const tool of ['apt-get', 'apt-cache', 'dpkg']) {
    try {
      await runProgram(tool, ['--version'], { env: childEnvironment(env), deadlineMs: 20_000, signal });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Error(`this system has no ${tool}`, { cause: error });
    }
  }
};

const unpack = async (archive: string, tree: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> => {
  const result = await runProgram('dpkg', ['-x', archive, tree], {
    env: childEnvironment(env),
    deadlineMs: UNPACK_MS,
    signal,
  });
  if (result.code !== 0)
    throw new Error(
      `dpkg could not unpack ${basename(archive)}: ${lastLines(result.stderr, 1)[0] ?? 'no reason given'}`,
    );
};

/** Moves the program, its loader, libraries and backends side by side. */
const flatten = async (tree: string, triplet: string, folder: string): Promise<void> => {
  // Since the merge of / and /usr everything is below usr; both are read, because an archive may predate its package's move.
  const libraries = [join(tree, 'usr/lib', triplet), join(tree, 'lib', triplet)];
  for (const library of libraries) {
    await moveLibraries(library, folder);
    await moveLibraries(join(library, 'llama'), folder);
    const ggml = join(library, 'ggml');
    for (const name of await entries(ggml))
      if (name.startsWith('backends')) await moveLibraries(join(ggml, name), folder);
  }
  // Without one the engine starts, answers --version, and then cannot load any model.
  if (!(await entries(folder)).some((name) => name.startsWith('libggml-cpu'))) {
    throw new Error('the packages hold no CPU backend, so the engine could load no model');
  }
  await copyFile(join(tree, 'usr/bin/llama-server'), join(folder, 'llama-server'));
};

const moveLibraries = async (from: string, to: string): Promise<void> => {
  for (const name of await entries(from)) {
    if (!/\.so(\.|$)/.test(name)) continue;
    const file = join(from, name);
    const stats = await lstat(file);
    const isPlain = stats.isFile() || (stats.isSymbolicLink() && !(await readlink(file)).includes('/'));
    if (isPlain) await rename(file, join(to, name));
  }
};

const entries = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

/** Of `llama.cpp-tools_1%3a0.7.0+dfsg-2_amd64.deb`, "0.7.0": without epoch, repacking mark and revision. */
const versionOf = (archives: readonly string[]): string => {
  const name = archives.map((each) => basename(each)).find((each) => each.startsWith('llama.cpp-tools_')) ?? '';
  return /^[^_]*_(?:\d+%3a)?([0-9.]+)/i.exec(name)?.[1]?.replace(/\.$/, '') ?? 'unknown';
};
