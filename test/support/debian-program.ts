/** Real programs for tests, from Debian's packages, unpacked without root and kept between runs. */
import { access, constants, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareApt } from '../../src/io/engine/debian-apt.ts';
import { downloadPackages, resolvePackages } from '../../src/io/engine/debian-packages.ts';
import { runProgram } from '../../src/io/engine/run-program.ts';

/** Below node_modules, so that it survives a clean checkout. */
const CACHE = resolve(fileURLToPath(new URL('../../', import.meta.url)), 'node_modules/.cache/llamactor/debian');
const SUITE = 'forky';
const MACHINES: Partial<Record<NodeJS.Architecture, { debian: string; triplet: string; loader: string }>> = {
  x64: { debian: 'amd64', triplet: 'x86_64-linux-gnu', loader: 'ld-linux-x86-64.so.2' },
  arm64: { debian: 'arm64', triplet: 'aarch64-linux-gnu', loader: 'ld-linux-aarch64.so.1' },
};

/** How to start a program: `spawn(command, [...prefixArgs, ...yours])`. */
export interface DebianProgram {
  command: string;
  prefixArgs: string[];
  /** The package's unpacked tree, for its data files; null for a program of this machine. */
  tree: string | null;
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

const onPath = async (name: string): Promise<string | null> => {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'])
    if (folder !== '' && (await isExecutable(join(folder, name)))) return join(folder, name);
  return null;
};

/** The folders of a tree that hold libraries. */
const libraryFolders = async (tree: string, triplet: string): Promise<string[]> => {
  const roots = [join(tree, 'usr/lib', triplet), join(tree, 'lib', triplet)];
  const inner = await Promise.all(
    roots.map(async (root) =>
      (await readdir(root, { withFileTypes: true }).catch(() => []))
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(root, entry.name)),
    ),
  );
  return [...roots, ...inner.flat()];
};

const install = async (name: string, packages: readonly string[], program: string, home: string): Promise<void> => {
  const machine = process.platform === 'linux' ? MACHINES[process.arch] : undefined;
  if (machine === undefined) throw new Error(`${name} is not installed, and there is no package for this machine.`);
  await mkdir(CACHE, { recursive: true });
  const scratch = await mkdtemp(join(CACHE, `${name}-new-`));
  try {
    const [root, debs, tree] = [join(scratch, 'apt'), join(scratch, 'debs'), join(scratch, 'tree')];
    for (const folder of [root, debs, tree]) await mkdir(folder);
    const signal = AbortSignal.timeout(10 * 60_000);
    const apt = await prepareApt({ root, suite: SUITE, architecture: machine.debian, env: process.env, signal });
    await apt.run('apt-get', ['update']);
    const report = (): void => undefined;
    const names = [...new Set((await Promise.all(packages.map((each) => resolvePackages(apt, each)))).flat())];
    for (const archive of await downloadPackages(apt, names, debs, `downloading ${name}`, report)) {
      const done = await runProgram('dpkg', ['-x', archive, tree], { env: process.env, deadlineMs: 120_000, signal });
      if (done.code !== 0) throw new Error(`dpkg could not unpack ${archive}: ${done.stderr}`);
    }
    if (!(await isExecutable(join(tree, program)))) throw new Error(`${packages.join(', ')} hold no ${program}.`);
    await rename(tree, home).catch(async (error: unknown) => {
      // Another worker was faster; what it made is the same.
      if (!(await isExecutable(join(home, program)))) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

/**
 * The program on PATH, else the one of Debian's package, which the first caller unpacks. It runs on the C library that came with
 * it, so that an older system does not matter.
 *
 * @param name        as on PATH, e.g. "nginx"
 * @param packageName Debian's name of the package that holds it
 * @param program     its path inside the package, e.g. "usr/sbin/nginx"
 * @param more        packages with libraries it needs that are not called like libraries
 */
export const debianProgram = async (
  name: string,
  packageName: string,
  program: string,
  more: readonly string[] = [],
): Promise<DebianProgram> => {
  const installed = await onPath(name);
  if (installed !== null) return { command: installed, prefixArgs: [], tree: null };
  const home = join(CACHE, name);
  if (!(await isExecutable(join(home, program)))) await install(name, [packageName, ...more], program, home);
  const { triplet = '', loader = '' } = MACHINES[process.arch] ?? {};
  const folders = await libraryFolders(home, triplet);
  const command = (
    await Promise.all(folders.map(async (folder) => [folder, await isExecutable(join(folder, loader))] as const))
  ).find(([, found]) => found)?.[0];
  if (command === undefined) throw new Error(`The packages of ${name} hold no ${loader}.`);
  return {
    command: join(command, loader),
    prefixArgs: ['--argv0', name, '--library-path', folders.join(':'), join(home, program)],
    tree: home,
  };
};
