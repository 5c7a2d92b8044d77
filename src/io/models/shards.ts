import { join } from 'node:path';
import { parseGgufShardFilename } from '@huggingface/gguf';
import type { FoundFile } from './find-files.ts';

/** The files of one model. An unsharded model is a set of one. */
export interface ShardSet {
  /** File name and path of the first shard, whether it exists or not. */
  name: string;
  path: string;
  /** Files that are there, in order of their numbers. */
  files: FoundFile[];
  total: number;
  /** Names of shards that are not there, or only as an unfinished download. */
  missing: string[];
  unfinished: boolean;
}

const shardName = (prefix: string, number: number, total: string): string =>
  `${prefix}-${String(number).padStart(5, '0')}-of-${total}.gguf`;

const parse = (name: string): { prefix: string; number: number; total: string } | null => {
  // The library knows the lower-case ending only, and no endings of downloads.
  const parsed = parseGgufShardFilename(name.replace(/\.gguf(\.[a-z]+)?$/i, '.gguf'));
  if (parsed === null) return null;
  const number = Number(parsed.shard);
  const total = Number(parsed.total);
  return number >= 1 && number <= total ? { prefix: parsed.prefix, number, total: parsed.total } : null;
};

const single = (file: FoundFile): ShardSet => ({
  name: file.name,
  path: file.path,
  files: [file],
  total: 1,
  missing: [],
  unfinished: file.unfinished,
});

const joined = (prefix: string, total: string, members: ReadonlyMap<number, FoundFile>, first: FoundFile): ShardSet => {
  const count = Number(total);
  const numbers = Array.from({ length: count }, (_, i) => i + 1);
  const name = shardName(prefix, 1, total);
  const files = numbers.flatMap((number) => members.get(number) ?? []);
  return {
    name: members.get(1)?.name ?? name,
    path: members.get(1)?.path ?? join(first.directory, name),
    files,
    total: count,
    missing: numbers
      .filter((number) => members.get(number)?.unfinished !== false)
      .map((number) => shardName(prefix, number, total)),
    unfinished: files.every((file) => file.unfinished),
  };
};

/**
 * Joins `<name>-00001-of-00003.gguf` and its like, per directory (llama.cpp's `gguf-split` names), and leaves the rest alone.
 * Where a finished shard and a download of it lie side by side, the finished one counts.
 */
export const joinShards = (files: readonly FoundFile[]): ShardSet[] => {
  const sets: (ShardSet | (() => ShardSet))[] = [];
  const groups = new Map<string, Map<number, FoundFile>>();
  for (const file of files) {
    const shard = parse(file.name);
    if (shard === null) {
      sets.push(single(file));
      continue;
    }
    const key = JSON.stringify([file.directory, shard.prefix, shard.total]);
    let members = groups.get(key);
    if (members === undefined) {
      const own = new Map<number, FoundFile>();
      members = own;
      groups.set(key, own);
      sets.push(() => joined(shard.prefix, shard.total, own, file));
    }
    if (members.get(shard.number)?.unfinished !== false) members.set(shard.number, file);
  }
  return sets.map((set) => (typeof set === 'function' ? set() : set));
};

/** "Shard 2 of 3 is missing (…)"; names at most five, so that a lone shard of a thousand stays readable. */
export const missingProblem = ({ missing, total }: Pick<ShardSet, 'missing' | 'total'>): string | null => {
  const [first] = missing;
  if (first === undefined) return null;
  const shown = missing.slice(0, 5).join(', ') + (missing.length > 5 ? ', …' : '');
  return missing.length === 1
    ? `One of ${total} shards is missing: ${shown}. Put it beside the others.`
    : `${missing.length} of ${total} shards are missing: ${shown}. Put them beside the others.`;
};
