/** Unpacks an archive into a folder and makes sure that nothing of it lies or points outside. */
import { readdir, readlink, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { childEnvironment } from './child-environment.ts';
import { lastLines, runProgram } from './run-program.ts';

export type ArchiveKind = 'tar.gz' | 'zip';

const UNPACK_MS = 5 * 60_000;

/**
 * Archive kinds this system unpacks, best first: macOS and Windows ship bsdtar as `tar`, which also reads zip; elsewhere zip needs
 * `unzip`.
 */
export const archiveKinds = async (platform: NodeJS.Platform, env: NodeJS.ProcessEnv): Promise<ArchiveKind[]> => {
  if (platform === 'win32') return ['zip', 'tar.gz'];
  if (platform === 'darwin') return ['tar.gz', 'zip'];
  const hasUnzip = await runProgram('unzip', ['-v'], { env: childEnvironment(env), deadlineMs: 10_000 }).then(
    (result) => result.code === 0,
    () => false,
  );
  return hasUnzip ? ['tar.gz', 'zip'] : ['tar.gz'];
};

export interface UnpackRequest {
  archive: string;
  kind: ArchiveKind;
  /** Empty folder. */
  folder: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** Rejects, before anything is written, when an entry's name leaves the folder, and afterwards when a link does. */
export const unpackArchive = async ({ archive, kind, folder, env, signal }: UnpackRequest): Promise<void> => {
  const run = async (program: string, args: string[]): Promise<string> => {
    let result;
    try {
      result = await runProgram(program, args, { env: childEnvironment(env), deadlineMs: UNPACK_MS, signal });
    } catch (error) {
      signal.throwIfAborted();
      throw new Error(`this system has no ${program} to unpack it (${String(error)})`, { cause: error });
    }
    if (result.timedOut) throw new Error(`${program} was not done within ${UNPACK_MS / 1000} seconds`);
    if (result.code === 0) return result.stdout;
    throw new Error(`${program} could not unpack the archive: ${lastLines(result.stderr, 1)[0] ?? 'no reason given'}`);
  };
  const unzip = kind === 'zip' && process.platform !== 'win32' && process.platform !== 'darwin';
  // Without `--force-local` GNU tar takes a colon in the name for another host's.
  const local = process.platform === 'linux' ? ['--force-local'] : [];

  const names = unzip ? await run('unzip', ['-Z1', archive]) : await run('tar', [...local, '-tf', archive]);
  const escaping = names.split(/\r?\n/).find(leaves);
  if (escaping !== undefined)
    throw new Error(
      `the archive holds the entry "${escaping.slice(0, 200)}", which would lie outside its folder, so it was not unpacked`,
    );

  if (unzip) await run('unzip', ['-q', '-o', archive, '-d', folder]);
  else await run('tar', [...local, '-xf', archive, '-C', folder, '--no-same-owner']);
  await refuseEscapingLinks(folder);
};

/** Checked for both kinds of separators on every platform: no archive of ours has a reason for either. */
const leaves = (name: string): boolean =>
  isAbsolute(name) || /^([A-Za-z]:|[\\/])/.test(name) || name.split(/[\\/]/).includes('..');

const refuseEscapingLinks = async (folder: string): Promise<void> => {
  const root = await realpath(folder);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const link = join(entry.parentPath, entry.name);
    const inside = relative(root, resolve(dirname(link), await readlink(link)));
    if (inside.startsWith('..') || isAbsolute(inside)) {
      throw new Error(
        `the archive holds the link "${relative(root, link)}", which points outside its folder, so it is not used`,
      );
    }
  }
};
