import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { CodedError } from '../../contracts/errors.ts';
import { accessProblem } from './inspect-file.ts';
import { mapLimit } from './map-limit.ts';

export interface FoundFile {
  /** File name. */
  name: string;
  path: string;
  /** Directory it lies in. */
  directory: string;
  /** The searched folder. */
  folder: string;
  relativePath: string;
  size: number;
  mtimeMs: number;
  /** A download that was not finished, by its name or by a control file beside it. */
  unfinished: boolean;
  /** Why it cannot even be looked at (a broken link), or null. */
  problem: string | null;
}

/** Deep enough for every layout people use, and an end for a file system that has none. */
export const MAX_DEPTH = 16;
const CONCURRENCY = 16;
const MODEL = /\.gguf$/i;
/** What browsers, LM Studio, huggingface-cli, wget wrappers and this product leave while a download runs. */
const UNFINISHED = /\.gguf\.(part|partial|downloading|download|incomplete|crdownload|opdownload|tmp)$/i;

/** Whether a name can matter to a scan. Hidden names never do: temporary files and macOS' "._" companions. */
export const isModelName = (name: string): boolean =>
  !name.startsWith('.') && (MODEL.test(name) || UNFINISHED.test(name));

interface Directory {
  path: string;
  linked: boolean;
}

export interface FindOptions {
  folders: readonly string[];
  signal?: AbortSignal | undefined;
  /** Told about directories that could not be read; the search goes on without them. */
  onWarning?: ((message: string) => void) | undefined;
}

const checkFolder = async (folder: string): Promise<void> => {
  let info: Stats;
  try {
    info = await stat(folder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new CodedError(
        'NOT_FOUND',
        `The models folder ${folder} does not exist; create it or choose another one.`,
        { details: { folder } },
      );
    }
    throw new CodedError(
      'INVALID_PAYLOAD',
      `The models folder ${folder} cannot be read (${code ?? 'unknown error'}).`,
      { details: { folder } },
    );
  }
  if (!info.isDirectory()) {
    throw new CodedError('INVALID_PAYLOAD', `${folder} is a file; choose the folder that it lies in.`, {
      details: { folder },
    });
  }
};

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/**
 * Finds model files below the folders, breadth first. Links to files and directories are followed; a directory is visited once
 * even when links or overlapping folders lead to it again, which also ends every loop. Hidden entries are passed over.
 * The order is that of the folders, then of depth, then of names.
 * Throws NOT_FOUND or INVALID_PAYLOAD, naming the folder, when one of `folders` is missing or no directory.
 */
export const findFiles = async ({ folders, signal, onWarning }: FindOptions): Promise<FoundFile[]> => {
  for (const folder of folders) await checkFolder(folder);
  const visited = new Set<string>();
  const found: FoundFile[] = [];

  const fileOf = (
    directory: string,
    folder: string,
    name: string,
    info: Stats | null,
    problem: string | null,
    names: Set<string>,
  ): FoundFile => {
    const path = join(directory, name);
    return {
      name,
      path,
      directory,
      folder,
      relativePath: relative(folder, path),
      size: info?.size ?? 0,
      mtimeMs: info?.mtimeMs ?? 0,
      // aria2 reserves the whole file under its final name; only its control file tells that it is not done.
      unfinished: UNFINISHED.test(name) || names.has(`${name}.aria2`),
      problem,
    };
  };

  const unreadable = (directory: string, error: unknown): void =>
    onWarning?.(
      `The folder ${directory} was left out of the search (${(error as NodeJS.ErrnoException).code ?? 'unreadable'}).`,
    );

  /**
   * Those of a level's directories that no path has led to yet. Decided one after the other, real ones before links, so that
   * a directory with two paths has the same one in every scan.
   */
  const claim = async (level: readonly Directory[]): Promise<string[]> => {
    const ordered = level.toSorted((a, b) => Number(a.linked) - Number(b.linked));
    const reals = await mapLimit(
      ordered,
      CONCURRENCY,
      ({ path }) =>
        realpath(path).catch((error: unknown) => {
          unreadable(path, error);
          return null;
        }),
      signal,
    );
    return ordered.flatMap(({ path }, i) => {
      const real = reals[i] ?? null;
      if (real === null || visited.has(real)) return [];
      visited.add(real);
      return [path];
    });
  };

  const look = async (directory: string, folder: string): Promise<{ files: FoundFile[]; directories: Directory[] }> => {
    let entries: Dirent[];
    try {
      entries = (await readdir(directory, { withFileTypes: true })).toSorted(byName);
    } catch (error) {
      unreadable(directory, error);
      return { files: [], directories: [] };
    }
    const names = new Set(entries.map(({ name }) => name));
    const files: FoundFile[] = [];
    const directories: Directory[] = entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => ({ path: join(directory, name), linked: false }));
    const others = entries.filter(
      (entry) =>
        !entry.isDirectory() && !entry.name.startsWith('.') && (entry.isSymbolicLink() || isModelName(entry.name)),
    );
    const infos = await mapLimit(
      others,
      CONCURRENCY,
      ({ name }) => stat(join(directory, name)).catch((error: unknown) => accessProblem(error)),
      signal,
    );
    others.forEach(({ name }, i) => {
      const info = infos[i];
      if (typeof info === 'object' && info.isDirectory())
        directories.push({ path: join(directory, name), linked: true });
      else if (isModelName(name)) {
        const problem = typeof info === 'string' ? info : null;
        files.push(fileOf(directory, folder, name, typeof info === 'object' ? info : null, problem, names));
      }
    });
    return { files, directories };
  };

  for (const folder of folders) {
    let level: Directory[] = [{ path: resolve(folder), linked: false }];
    for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth += 1) {
      const claimed = await claim(level);
      const looked = await mapLimit(claimed, CONCURRENCY, (directory) => look(directory, folder), signal);
      for (const { files } of looked) for (const file of files) found.push(file);
      level = looked.flatMap(({ directories }) => directories);
    }
    if (level.length > 0) onWarning?.(`Folders more than ${MAX_DEPTH} levels below ${folder} were not searched.`);
  }
  return found;
};
