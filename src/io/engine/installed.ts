/** The engine folder inside the data folder, and which install in it is the current one. */
import { join, sep } from 'node:path';
import { z } from 'zod';
import { readJson, writeJsonAtomically } from './atomic-json.ts';
import { probeEngine } from './probe.ts';
import type { EngineInfo, EngineLayout } from './types.ts';

export const enginesFolder = (dataDir: string): string => join(dataDir, 'engines');
export const probeCacheFile = (dataDir: string): string => join(enginesFolder(dataDir), 'probe-cache.json');
const currentFile = (dataDir: string): string => join(enginesFolder(dataDir), 'current.json');

/** A path that stays below its folder, whoever edited the file. */
const Inside = z
  .string()
  .min(1)
  .refine((path) =>
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\:]/.test(part)),
  );

const Current = z.object({
  schema: z.literal(1),
  /** Name of the install's folder, a sibling of this file. */
  folder: Inside.refine((name) => !name.includes('/')),
  server: Inside,
  loader: Inside.nullable(),
  installedAt: z.number(),
});
export type CurrentInstall = z.infer<typeof Current>;

/** The install in use; null when there is none or its record is unreadable. */
export const readCurrent = async (dataDir: string): Promise<CurrentInstall | null> => {
  const parsed = Current.safeParse(await readJson(currentFile(dataDir)));
  return parsed.success ? parsed.data : null;
};

export const writeCurrent = (dataDir: string, folder: string, layout: EngineLayout): Promise<void> =>
  writeJsonAtomically(currentFile(dataDir), {
    schema: 1,
    folder,
    ...layout,
    installedAt: Date.now(),
  } satisfies CurrentInstall);

/**
 * How an engine in `folder` is started. With a loader of its own the engine runs on that loader's C library, so the search path
 * for libraries is the folder alone; see https://man7.org/linux/man-pages/man8/ld.so.8.html.
 */
export const startOf = (
  folder: string,
  layout: EngineLayout,
): { path: string; command: string; prefixArgs: string[] } => {
  const inside = (path: string) => join(folder, path.split('/').join(sep));
  const path = inside(layout.server);
  if (layout.loader === null) return { path, command: path, prefixArgs: [] };
  return {
    path,
    command: inside(layout.loader),
    prefixArgs: ['--argv0', 'llama-server', '--library-path', folder, path],
  };
};

/** The installed engine, probed; null when none is installed. Rejects like {@link probeEngine} when it does not run. */
export const installedEngine = async (
  dataDir: string,
  options: { env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
): Promise<EngineInfo | null> => {
  const current = await readCurrent(dataDir);
  if (!current) return null;
  const start = startOf(join(enginesFolder(dataDir), current.folder), current);
  return probeEngine(start.command, start.prefixArgs, {
    ...options,
    path: start.path,
    source: 'installed',
    cacheFile: probeCacheFile(dataDir),
  });
};
