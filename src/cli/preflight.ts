import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { CONFIG_KEYS } from '../contracts/config.ts';
import type { Config, ConfigKey } from '../contracts/config.ts';
import { isLoopback } from '../contracts/origins.ts';
import { countKeys } from '../io/keys/key-store.ts';
import { UsageError } from './exit.ts';
import type { ServeOptions } from './serve-options.ts';

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error
    ? String(error.code)
    : error instanceof Error
      ? error.message
      : String(error);

const A_FILE = 'a file has that name';
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: A_FILE,
  ENOENT: 'it does not exist',
};
const reasonOf = (error: unknown): string => REASONS[codeOf(error)] ?? codeOf(error);

/**
 * The stored configuration as far as it is readable and valid. A damaged file is no reason to stop here: the server sets it aside
 * and says so when it opens its documents.
 */
export const readStoredConfig = async (dataDir: string): Promise<Partial<Config>> => {
  let stored: unknown;
  try {
    stored = JSON.parse(await readFile(path.join(dataDir, 'config.json'), 'utf8'));
  } catch {
    return {};
  }
  const data: unknown = typeof stored === 'object' && stored !== null && 'data' in stored ? stored.data : null;
  if (typeof data !== 'object' || data === null) return {};
  const known = Object.entries(data).flatMap(([key, value]) => {
    if (!Object.hasOwn(CONFIG_KEYS, key)) return [];
    const parsed = CONFIG_KEYS[key as ConfigKey].schema.safeParse(value);
    return parsed.success ? [[key, parsed.data] as const] : [];
  });
  return Object.fromEntries(known);
};

/** Writes and removes a file in an existing folder; resolves with why that fails, or null. */
const writeProblem = async (folder: string): Promise<string | null> => {
  const probe = path.join(folder, `.write-test-${randomUUID()}`);
  try {
    await writeFile(probe, '');
    return null;
  } catch (error) {
    return reasonOf(error);
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
};

/** Creates the folder if need be and tries to write in it; resolves with why that fails, or null. */
export const folderProblem = async (folder: string): Promise<string | null> => {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    return reasonOf(error);
  }
  return writeProblem(folder);
};

/** The same for a folder that shall not be created now: a missing one is judged by the folder it would be created in. */
export const futureFolderProblem = async (folder: string): Promise<string | null> => {
  try {
    if (!(await stat(folder)).isDirectory()) return A_FILE;
    return await writeProblem(folder);
  } catch (error) {
    const parent = path.dirname(folder);
    return codeOf(error) === 'ENOENT' && parent !== folder ? futureFolderProblem(parent) : reasonOf(error);
  }
};

/** Binds the port for a moment; resolves with why that fails, or null. */
export const portProblem = (host: string, port: number): Promise<string | null> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => {
      const code = codeOf(error);
      if (code === 'EADDRINUSE') resolve(`port ${port} on ${host} is in use`);
      else if (code === 'EACCES') resolve(`port ${port} may not be used by this user`);
      else if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') resolve(`${host} is no address of this machine`);
      else resolve(`port ${port} on ${host} cannot be used (${code})`);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });

export const isFolder = async (folder: string): Promise<boolean> => {
  try {
    return (await stat(folder)).isDirectory();
  } catch {
    return false;
  }
};

/** Why a server that needs keys does not start without one, and how to make one. */
const noKeys = ({ host, dataDir }: ServeOptions): string => {
  const why = isLoopback(host)
    ? 'The configuration asks for keys (requireKeys)'
    : `Listening on ${host} lets other machines in, which needs a key`;
  const folder = /^[\w./:\\-]+$/.test(dataDir) ? dataDir : `'${dataDir}'`;
  return `${why}, and there is none yet: make one with \`llamactor key create --name me --scope admin --data-dir ${folder}\`, or say --no-auth if you trust everyone who reaches this server.`;
};

/** Everything that would make the start fail and that can be known before anything is started. Throws a UsageError. */
export const preflight = async (options: ServeOptions): Promise<void> => {
  for (const folder of options.modelsDirs ?? []) {
    if (!(await isFolder(folder)))
      throw new UsageError(`There is no models folder ${folder}; create it, or name another with --models-dir.`);
  }
  const problem = await folderProblem(options.dataDir);
  if (problem !== null) {
    throw new UsageError(
      `The data folder ${options.dataDir} cannot be written (${problem}); name another with --data-dir.`,
    );
  }
  if (options.keysNeeded && (await countKeys(options.dataDir, Date.now())) === 0) throw new UsageError(noKeys(options));
  const dashboard = await portProblem(options.host, options.port);
  if (dashboard !== null)
    throw new UsageError(`Cannot listen: ${dashboard}; free it, or choose another with --port or --host.`);
  const router = await portProblem(options.host, options.routerPort);
  if (router !== null)
    throw new UsageError(`Cannot listen: ${router}; free it, or choose another with --router-port or --host.`);
};
