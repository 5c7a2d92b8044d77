/** Remembers what engines said, so that a start does not run each of them again. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { readJson, writeJsonAtomically } from './atomic-json.ts';

const Entry = z.object({
  size: z.number(),
  mtimeMs: z.number(),
  version: z.string().nullable(),
  build: z.number().nullable(),
  flags: z.array(z.string()),
});
type Entry = z.infer<typeof Entry>;
const Cache = z.object({ schema: z.literal(1), entries: z.record(z.string(), Entry) });

/** Somebody who tries many builds should not grow the file for ever. */
const MOST_ENTRIES = 32;

export type ProbeFacts = Pick<Entry, 'version' | 'build' | 'flags'>;

/** Identifies one state of one executable: a replaced or rebuilt file has another size or time. */
export interface ProbeKey {
  key: string;
  size: number;
  mtimeMs: number;
}

/** Rejects with the file system's error when the file cannot be examined. */
export const probeKey = async (path: string, command: string, prefixArgs: readonly string[]): Promise<ProbeKey> => {
  const { size, mtimeMs } = await stat(path);
  return { key: JSON.stringify([path, command, ...prefixArgs]), size, mtimeMs };
};

const readCache = async (file: string): Promise<Record<string, Entry>> => {
  // A damaged or unreadable cache is only a slower start; it is written anew with the next entry.
  const parsed = Cache.safeParse(await readJson(file).catch(() => undefined));
  return parsed.success ? parsed.data.entries : {};
};

export const cachedProbe = async (file: string, { key, size, mtimeMs }: ProbeKey): Promise<ProbeFacts | null> => {
  const entry = (await readCache(file))[key];
  return entry && entry.size === size && entry.mtimeMs === mtimeMs ? entry : null;
};

/** Puts the newest entry last and drops the oldest. */
export const rememberProbe = async (
  file: string,
  { key, size, mtimeMs }: ProbeKey,
  facts: ProbeFacts,
): Promise<void> => {
  const others = Object.entries(await readCache(file)).filter(([other]) => other !== key);
  const entries = Object.fromEntries([...others.slice(1 - MOST_ENTRIES), [key, { size, mtimeMs, ...facts }]]);
  await mkdir(dirname(file), { recursive: true });
  await writeJsonAtomically(file, { schema: 1, entries });
};
