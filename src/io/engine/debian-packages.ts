/** Finds out which Debian packages a program needs, and downloads them. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Apt } from './debian-apt.ts';
import { bytesProgress } from './progress.ts';
import type { EngineProgress } from './types.ts';

/**
 * Dependencies that hold no library a program links to: configuration helpers, downloaders, character-set modules. Only names
 * of library packages are followed; whether enough was taken is shown by running the result.
 */
const isLibrary = (name: string): boolean =>
  /^(lib|zlib)/.test(name) && !/-(extra|data|common|doc|dev|bin)$/.test(name);

/** A dependency chain is a handful of packages long; more rounds than this would be a loop in our reading. */
const MOST_ROUNDS = 12;
const POLL_MS = 200;

export interface DebianPackage {
  name: string;
  bytes: number;
}

/** Names of the package and of the libraries it needs, by the index that apt has just verified. */
export const resolvePackages = async (apt: Apt, root: string): Promise<string[]> => {
  const known = new Set([root]);
  let fresh = [root];
  for (let round = 0; fresh.length > 0; round += 1) {
    if (round === MOST_ROUNDS) throw new Error(`the dependencies of ${root} could not be resolved`);
    const names = parseDepends(await apt.run('apt-cache', ['depends', '-i', ...fresh])).filter(
      (name) => isLibrary(name) && !known.has(name),
    );
    fresh = [...new Set(names)];
    for (const name of fresh) known.add(name);
  }
  return [...known];
};

/**
 * Reads `apt-cache depends`. Of alternatives (every one but the last is marked `|`) the first counts that is a package and not
 * just a name others provide, which is how apt itself prefers them.
 */
export const parseDepends = (text: string): string[] => {
  const names: string[] = [];
  let chosen = false;
  for (const line of text.split('\n')) {
    const [, mark, name] = /^\s([ |])(?:Pre)?Depends: (\S+)/.exec(line) ?? [];
    if (name === undefined) continue;
    if (!chosen && !name.startsWith('<')) {
      names.push(name.replace(/:.*$/, ''));
      chosen = true;
    }
    if (mark !== '|') chosen = false;
  }
  return names;
};

/** Sizes of the archives, from `apt-get --print-uris download`: `'URI' file size hash` per line. */
export const parseUris = (text: string): DebianPackage[] =>
  [...text.matchAll(/^'[^']+' (\S+) (\d+)\b/gm)].map((line) => ({
    name: (line[1] ?? '').split('_')[0] ?? '',
    bytes: Number(line[2]),
  }));

/** Downloads into `folder` and reports it as `stage`; apt checks every archive against the signed index. Returns the archives' paths. */
export const downloadPackages = async (
  apt: Apt,
  names: string[],
  folder: string,
  stage: string,
  report: (progress: EngineProgress) => void,
): Promise<string[]> => {
  const total = parseUris(await apt.run('apt-get', ['--print-uris', 'download', ...names], folder)).reduce(
    (sum, each) => sum + each.bytes,
    0,
  );
  await watchFolders([folder, join(apt.root, 'cache/archives/partial')], stage, total, report, () =>
    apt.run('apt-get', ['download', ...names], folder),
  );
  const archives = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
  if (archives.length < names.length) throw new Error(`apt downloaded ${archives.length} of ${names.length} packages`);
  return archives.map((name) => join(folder, name));
};

/** Reports how many bytes lie in `folders` while `work` runs: apt has no count of bytes that a program could follow. */
export const watchFolders = async <T>(
  folders: readonly string[],
  stage: string,
  totalBytes: number | null,
  report: (progress: EngineProgress) => void,
  work: () => Promise<T>,
): Promise<T> => {
  let busy = false;
  const look = async () => {
    if (busy) return;
    busy = true;
    const sizes = await Promise.all(folders.map(bytesIn));
    report(
      bytesProgress(
        stage,
        sizes.reduce((sum, size) => sum + size, 0),
        totalBytes,
      ),
    );
    busy = false;
  };
  report(bytesProgress(stage, 0, totalBytes));
  const timer = setInterval(() => void look(), POLL_MS);
  try {
    const result = await work();
    clearInterval(timer);
    await look();
    return result;
  } finally {
    clearInterval(timer);
  }
};

const bytesIn = async (folder: string): Promise<number> => {
  const names = await readdir(folder).catch(() => [] as string[]);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (each) => (each.isFile() ? each.size : 0),
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
};
