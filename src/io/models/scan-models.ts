import type { GgufFacts } from './gguf-facts.ts';
import { joinFacts } from './gguf-facts.ts';
import { findFiles } from './find-files.ts';
import type { FoundFile } from './find-files.ts';
import { sizeLabelOf } from './gguf-view.ts';
import { inspectFile } from './inspect-file.ts';
import type { Inspection } from './inspect-file.ts';
import { mapLimit } from './map-limit.ts';
import type { ModelFile } from './model-file.ts';
import { assignIds } from './model-ids.ts';
import { pairProjectors } from './pair-projectors.ts';
import { ScanCache } from './scan-cache.ts';
import { joinShards, missingProblem } from './shards.ts';
import type { ShardSet } from './shards.ts';

export interface ScanOptions {
  /** Folders to search; relative ones count from the working directory. */
  folders: readonly string[];
  /** JSON file that remembers headers between scans; it is made when missing and rebuilt when damaged. */
  cachePath: string;
  signal?: AbortSignal;
  /** Told about what the list of models cannot show: unreadable folders, broken projectors, a cache that cannot be written. */
  onWarning?: (message: string) => void;
}

/** Reading is bound by the four threads of libuv's pool; a few more in the queue keep them busy. */
const CONCURRENCY = 8;
const UNFINISHED = 'The download of this file is not finished. Resume it, or remove the file.';

interface Looked {
  set: ShardSet;
  inspections: Inspection[];
}

const inspect = async (file: FoundFile, cache: ScanCache): Promise<Inspection> => {
  const known = cache.get(file);
  if (known !== null) return known;
  if (file.problem !== null)
    return { metadata: null, facts: null, projector: null, problem: file.problem, fingerprint: null };
  const inspection = await inspectFile(file.path);
  cache.set(file, inspection);
  return inspection;
};

const problemOf = ({ set, inspections }: Looked): string | null => {
  if (set.unfinished) return UNFINISHED;
  const missing = missingProblem(set);
  if (missing !== null) return missing;
  const index = inspections.findIndex(({ problem }) => problem !== null);
  const problem = inspections[index]?.problem ?? null;
  return problem === null || set.total === 1 ? problem : `Shard ${index + 1} of ${set.total}: ${problem}`;
};

/** The fingerprint of shards: the first one's, with the size of all, so that sets which share a first shard differ. */
const fingerprintOf = ({ inspections }: Looked, size: number): string | null => {
  const first = inspections[0]?.fingerprint ?? null;
  return first === null || inspections.length === 1 ? first : `${size}+${first}`;
};

const modelOf = (looked: Looked): ModelFile | null => {
  const { set, inspections } = looked;
  const [first] = set.files;
  if (first === undefined) return null;
  const facts = joinFacts(inspections.flatMap(({ facts: own }): GgufFacts[] => (own === null ? [] : [own])));
  const size = set.files.reduce((sum, file) => sum + file.size, 0);
  const metadata = inspections[0]?.metadata ?? null;
  return {
    id: '',
    name: set.name,
    path: set.path,
    folder: first.folder,
    relativePath: first.relativePath.slice(0, first.relativePath.length - first.name.length) + set.name,
    size,
    mtimeMs: Math.max(...set.files.map(({ mtimeMs }) => mtimeMs)),
    shards: set.files.map(({ path }) => path),
    mmproj: null,
    metadata: metadata === null || facts === null || set.total === 1 ? metadata : withParameters(metadata, facts),
    facts,
    problem: problemOf(looked),
    fingerprint: fingerprintOf(looked, size),
  };
};

const withParameters = (
  metadata: NonNullable<ModelFile['metadata']>,
  facts: GgufFacts,
): NonNullable<ModelFile['metadata']> => ({
  ...metadata,
  parameters: facts.parameters,
  sizeLabel: sizeLabelOf(facts.parameters),
});

const directoryOf = ({ set }: Looked): string => set.files[0]?.directory ?? '';

/** Hands the projectors of each directory to its models and their inputs to the models' views. */
const withProjectors = (
  models: readonly { looked: Looked; model: ModelFile }[],
  projectors: readonly Looked[],
): ModelFile[] => {
  const inputs = new Map(projectors.map(({ set, inspections }) => [set.path, inspections[0]?.projector?.inputs ?? []]));
  const pairs = new Map<string, string>();
  for (const directory of new Set(projectors.map(directoryOf))) {
    const near = models.filter(
      ({ looked }) => directoryOf(looked) === directory && (looked.inspections[0]?.facts ?? null) !== null,
    );
    const some = projectors.filter((looked) => directoryOf(looked) === directory);
    const found = pairProjectors(
      near.map(({ model }) => ({
        path: model.path,
        name: model.name,
        embeddingLength: model.facts?.embeddingLength ?? null,
      })),
      some.map(({ set, inspections }) => ({
        path: set.path,
        name: set.name,
        projectionLength: inspections[0]?.projector?.projectionLength ?? null,
      })),
    );
    for (const [model, projector] of found) pairs.set(model, projector);
  }
  return models.map(({ model }) => {
    const mmproj = pairs.get(model.path) ?? null;
    if (mmproj === null || model.metadata === null) return model;
    return {
      ...model,
      mmproj,
      metadata: { ...model.metadata, inputModalities: ['text', ...(inputs.get(mmproj) ?? [])] },
    };
  });
};

const isProjector = ({ inspections, set }: Looked): boolean =>
  (inspections[0]?.projector ?? null) !== null ||
  ((inspections[0]?.problem ?? null) !== null && /^mmproj|[-_.]mmproj[-_.]/i.test(set.name));

/**
 * Lists the models below some folders: shards joined, projectors paired and not listed themselves, broken and unfinished files
 * with their problem, each with an id that is unique in this list (see `reconcileIds` for ids that last).
 * Throws NOT_FOUND or INVALID_PAYLOAD naming a folder that is missing or none, and the reason of `signal` when it aborts.
 */
export const scanModels = async ({ folders, cachePath, signal, onWarning }: ScanOptions): Promise<ModelFile[]> => {
  const [files, cache] = await Promise.all([findFiles({ folders, signal, onWarning }), ScanCache.open(cachePath)]);
  const inspections = new Map<FoundFile, Inspection>();
  await mapLimit(files, CONCURRENCY, async (file) => inspections.set(file, await inspect(file, cache)), signal);
  const looked = joinShards(files).map((set): Looked => ({
    set,
    inspections: set.files.flatMap((file) => inspections.get(file) ?? []),
  }));

  const projectors = looked.filter(isProjector);
  for (const {
    set,
    inspections: [header],
  } of projectors) {
    const problem = header?.problem ?? null;
    if (problem !== null) onWarning?.(`The projector ${set.path} cannot be used. ${problem}`);
  }
  const usable = projectors.filter(
    ({ set, inspections: [header] }) => (header?.problem ?? null) === null && !set.unfinished,
  );
  const models = looked
    .filter((one) => !isProjector(one))
    .flatMap((one) => {
      const model = modelOf(one);
      return model === null ? [] : [{ looked: one, model }];
    });
  try {
    await cache.save();
  } catch (error) {
    // The list is right without it; only the next scan is slower.
    onWarning?.(
      `What the scan learnt could not be kept in ${cachePath} (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}).`,
    );
  }
  return assignIds(withProjectors(models, usable));
};
