/** Every model there is: files found by the scan joined with people's records, found by any of their names. */
import type { ModelRecord } from '../contracts/config.ts';
import { nearestNames } from '../contracts/nearest.ts';
import type { ModelFile } from '../io/models/model-file.ts';
import type { SeenFile } from './model-store.ts';
import { modelName } from '../projections/model-view.ts';
import { namesOf } from './route-table.ts';

export interface Known {
  id: string;
  file: ModelFile | null;
  record: ModelRecord | null;
  /** Epoch seconds. */
  seenAt: number;
}

export interface Catalog {
  all(): Known[];
  get(id: string): Known | undefined;
  find(ref: string): Known | undefined;
  nearest(ref: string): string[];
}

/**
 * Joins files and records. A record claims the file at its `model_path`, else the one with its id; hidden records hide the
 * file they claim. What nobody claims stands for itself.
 */
export const buildCatalog = (
  files: readonly ModelFile[],
  records: readonly ModelRecord[],
  seen: readonly SeenFile[],
): Catalog => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const byId = new Map(files.map((file) => [file.id, file]));
  const seenAt = new Map(seen.map((entry) => [entry.id, entry.seenAt]));
  const claimed = new Set<ModelFile>();
  const known = new Map<string, Known>();

  for (const record of records) {
    const file =
      (record.model_path === null ? undefined : byPath.get(record.model_path)) ?? byId.get(record.id) ?? null;
    if (file !== null) claimed.add(file);
    if (!record.hidden) known.set(record.id, { id: record.id, file, record, seenAt: record.created_at });
  }
  for (const file of files) {
    if (claimed.has(file) || known.has(file.id)) continue;
    known.set(file.id, {
      id: file.id,
      file,
      record: null,
      seenAt: seenAt.get(file.id) ?? Math.floor(file.mtimeMs / 1000),
    });
  }

  const names = new Map<string, Known>();
  const folded = new Map<string, Known>();
  for (const entry of known.values()) {
    for (const name of namesOf(nameFacts(entry))) {
      // An id is never shadowed by another model's alias.
      if (!names.has(name) || name === entry.id) names.set(name, entry);
      if (!folded.has(name.toLowerCase())) folded.set(name.toLowerCase(), entry);
    }
  }
  return {
    all: () => [...known.values()],
    get: (id) => known.get(id),
    find: (ref) => names.get(ref) ?? folded.get(ref.toLowerCase()),
    nearest: (ref) =>
      nearestNames(
        ref,
        [...known.values()].map((entry) => nameFacts(entry).name),
      ),
  };
};

const nameFacts = (known: Known): { id: string; name: string; aliases: string[] } => ({
  id: known.id,
  name: modelName(known),
  aliases: known.record === null ? [] : [...known.record.aliases, known.record.name],
});
