import { createHash } from 'node:crypto';
import { basename, dirname, sep } from 'node:path';

/** What a caller remembers of a model it has seen. */
export interface KnownModel {
  id: string;
  path: string | null;
  fingerprint: string | null;
}

/** What an id is made of. */
export interface Identifiable {
  id: string;
  name: string;
  path: string;
  folder: string;
  relativePath: string;
  fingerprint: string | null;
}

/** Long names are cut so that an id with its additions stays below the 256 characters of a record's id. */
const cut = (text: string, length: number): string => Array.from(text).slice(0, length).join('');

/**
 * The id a file asks for: its name without ending and shard number, as llama.cpp's router does. An unfinished download keeps
 * its whole name, so the finished file can have the plain one. Commas and control characters would break `--alias`.
 */
export const naturalId = (name: string): string => {
  const plain = name.replace(/\.gguf$/i, '').replace(/-\d{5}-of-\d{5}$/, '');
  return cut(plain.replaceAll(/[\p{Cc},]/gu, '_'), 160).trim() || 'model';
};

const parentName = ({ relativePath, folder }: Identifiable): string => {
  const parent = dirname(relativePath);
  return naturalId(basename(parent === '.' ? folder : parent));
};

const freeId = (model: Identifiable, taken: ReadonlySet<string>): string => {
  const plain = naturalId(model.name);
  if (!taken.has(plain)) return plain;
  const withFolder = `${plain}-${cut(parentName(model), 60)}`;
  if (!taken.has(withFolder)) return withFolder;
  const hash = createHash('sha256').update(model.path).digest('hex');
  for (let length = 6; ; length += 1) {
    const id = `${plain}-${hash.slice(0, length)}`;
    // At the full length another path cannot have the same hash; only an id chosen by a person could stand in the way.
    if (!taken.has(id)) return id;
    if (length > hash.length) return freeId({ ...model, path: `${model.path}#` }, taken);
  }
};

const depth = ({ relativePath }: Identifiable): number => relativePath.split(sep).length;
const order = (a: Identifiable, b: Identifiable): number =>
  depth(a) - depth(b) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

/**
 * Gives every found model an id; pure, and the order of the lists does not matter.
 *
 * A model that was known keeps its id: by its path first, then by its fingerprint where the known path is gone (a folder was
 * renamed or a file moved), files of the same name before others. The rest get their natural id, or with the folder's name,
 * or with a hash of the path, whichever is free; the less deep path chooses first. Ids of known models that were not found
 * stay reserved, so that a model on a disk that is away does not lose its record to a newcomer: leave those out of
 * `known` to free them.
 */
export const assignIds = <T extends Identifiable>(found: readonly T[], known: readonly KnownModel[] = []): T[] => {
  const ids = new Map<T, string>();
  const here = new Set(found.map(({ path }) => path));
  const byPath = new Map(known.flatMap((model) => (model.path === null ? [] : [[model.path, model] as const])));
  const away = new Set(known.filter((model) => model.path === null || !here.has(model.path)));
  const used = new Set<string>();

  const give = (model: T, id: string): void => {
    ids.set(model, id);
    used.add(id);
  };
  const sorted = found.toSorted(order);
  for (const model of sorted) {
    const same = byPath.get(model.path);
    if (same !== undefined && !used.has(same.id)) give(model, same.id);
  }
  const claimByContent = (matches: (model: T, candidate: KnownModel) => boolean): void => {
    for (const model of sorted) {
      if (ids.has(model) || model.fingerprint === null) continue;
      const match = [...away].find(
        (candidate) =>
          candidate.fingerprint === model.fingerprint && !used.has(candidate.id) && matches(model, candidate),
      );
      if (match === undefined) continue;
      away.delete(match);
      give(model, match.id);
    }
  };
  claimByContent((model, candidate) => candidate.path !== null && basename(candidate.path) === model.name);
  claimByContent(() => true);

  const taken = new Set([...used, ...known.map(({ id }) => id)]);
  for (const model of sorted) {
    if (ids.has(model)) continue;
    const id = freeId(model, taken);
    taken.add(id);
    ids.set(model, id);
  }
  return found.map((model) => ({ ...model, id: ids.get(model) ?? model.id }));
};

/** `assignIds` in the order in which a caller has its arguments: what it knew, then what a scan found. */
export const reconcileIds = <T extends Identifiable>(previous: readonly KnownModel[], found: readonly T[]): T[] =>
  assignIds(found, previous);
