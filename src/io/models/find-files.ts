import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
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

  const visit = async (directory: string, folder: string): Promise<string[]> => {
    let entries: Dirent[];
    try {
      const real = await realpath(directory);
      if (visited.has(real)) return [];
      visited.add(real);
      entries = (await readdir(directory, { withFileTypes: true })).toSorted(byName);
    } catch (error) {
      onWarning?.(
        `The folder ${directory} was left out of the search (${(error as NodeJS.ErrnoException).code ?? 'unreadable'}).`,
      );
      return [];
    }
    const names = new Set(entries.map(({ name }) => name));
    const looked = await mapLimit(
      entries.filter(
        (entry) =>
          !entry.name.startsWith('.') && (entry.isDirectory() || entry.isSymbolicLink() || isModelName(entry.name)),
      ),
      CONCURRENCY,
      async (entry) => {
        const path = join(directory, entry.name);
        if (entry.isDirectory()) return { directory: path };
        try {
          const info = await stat(path);
          if (info.isDirectory()) return { directory: path };
          return isModelName(entry.name) ? { file: fileOf(directory, folder, entry.name, info, null, names) } : {};
        } catch (error) {
          if (!isModelName(entry.name)) return {};
          return { file: fileOf(directory, folder, entry.name, null, accessProblem(error), names) };
        }
      },
      signal,
    );
    for (const { file } of looked) if (file !== undefined) found.push(file);
    return looked.flatMap(({ directory: inner }) => (inner === undefined ? [] : [inner]));
  };

  for (const folder of folders) {
    let level = [folder];
    for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth += 1) {
      const next = await mapLimit(level, CONCURRENCY, (directory) => visit(directory, folder), signal);
      level = next.flat();
    }
    if (level.length > 0) onWarning?.(`Folders more than ${MAX_DEPTH} levels below ${folder} were not searched.`);
  }
  return found;
};
