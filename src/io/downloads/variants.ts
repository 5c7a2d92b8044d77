/** Sorts a repository's files into what a person chooses between: one quantisation with its shards and its projector. */
import path from 'node:path';
import { parseGGUFQuantLabel, parseGgufShardFilename } from '@huggingface/gguf';
import type { DownloadFit, DownloadVariantView } from '../../contracts/downloads.ts';
import { bytes } from './bytes.ts';
import type { HubFile } from './hub.ts';
import { pairProjectors } from '../models/pair-projectors.ts';
import { DownloadProblem } from './problem.ts';

export interface Variant {
  quant: string | null;
  /** All shards in order; the first is the one that is loaded. */
  files: HubFile[];
  mmproj: HubFile | null;
}

/** What most people take for most models, in the order of preference. */
const USUAL = [
  'Q4_K_M',
  'UD-Q4_K_XL',
  'Q4_K_XL',
  'Q4_K_L',
  'Q4_K_S',
  'IQ4_XS',
  'IQ4_NL',
  'Q4_0',
  'Q4_1',
  'MXFP4',
  'MXFP4_MOE',
];

export const sizeOf = (files: readonly HubFile[]): number => files.reduce((sum, { size }) => sum + size, 0);

const isProjector = (file: string): boolean =>
  /(^|[-_.])mmproj([-_.]|$)/i.test(path.posix.basename(file).replace(/\.gguf$/i, ''));
/** Data for quantising, not a model, though it may have the same ending. */
const isOther = (file: string): boolean => /imatrix/i.test(path.posix.basename(file));
/** A folder per quantisation counts where the file's own name says nothing. */
const quantOf = (file: string): string | null =>
  parseGGUFQuantLabel(path.posix.basename(file).toUpperCase()) ?? parseGGUFQuantLabel(file.toUpperCase()) ?? null;

const shardOf = (file: string): { set: string; number: number; total: number } | null => {
  const shard = parseGgufShardFilename(file.replace(/\.gguf$/i, '.gguf'));
  return shard === null
    ? null
    : { set: `${shard.prefix}-of-${shard.total}`, number: Number(shard.shard), total: Number(shard.total) };
};

/** Variants by size. A set that lacks shards is left out: it could not be loaded. */
export const variantsOf = (files: readonly HubFile[]): Variant[] => {
  const ggufs = files.filter(({ path: file }) => /\.gguf$/i.test(file) && !isOther(file));
  const sets = new Map<string, { files: HubFile[]; total: number }>();
  for (const file of ggufs.filter(({ path: name }) => !isProjector(name))) {
    const shard = shardOf(file.path);
    const key = shard?.set ?? file.path;
    const set = sets.get(key) ?? { files: [], total: shard?.total ?? 1 };
    set.files.push(file);
    sets.set(key, set);
  }
  const projectors = ggufs.filter(({ path: file }) => isProjector(file));
  const whole = [...sets.values()].filter((set) => set.files.length === set.total);
  const firsts = whole.map((set) => {
    const sorted = set.files.toSorted((a, b) => (shardOf(a.path)?.number ?? 0) - (shardOf(b.path)?.number ?? 0));
    return { quant: quantOf(sorted[0]?.path ?? ''), files: sorted };
  });
  const named = (file: string) => ({ path: file, name: path.posix.basename(file) });
  const pairs = pairProjectors(
    firsts.map(({ files: [first] }) => ({ ...named(first?.path ?? ''), embeddingLength: null })),
    projectors.map((file) => ({ ...named(file.path), projectionLength: null })),
  );
  return firsts
    .map((variant) => {
      const projector = pairs.get(variant.files[0]?.path ?? '');
      return { ...variant, mmproj: projectors.find(({ path: file }) => file === projector) ?? null };
    })
    .toSorted((a, b) => sizeOf(a.files) - sizeOf(b.files));
};

export type FitOf = (bytes: number) => DownloadFit;
const wholeSize = (variant: Variant): number =>
  sizeOf([...variant.files, ...(variant.mmproj === null ? [] : [variant.mmproj])]);

/**
 * What is taken when nobody says which: a usual four-bit one unless this machine cannot hold it, else the smallest that
 * fits, else the smallest. `note` says so; null when there was only one to take.
 */
export const recommend = (
  variants: readonly Variant[],
  fitOf: FitOf,
): { variant: Variant; note: string | null } | null => {
  const [smallest] = variants;
  if (smallest === undefined) return null;
  const fit = (variant: Variant): DownloadFit => fitOf(wholeSize(variant));
  const says = (variant: Variant, why: string) => ({
    variant,
    note: `${nameOf(variant)} (${bytes(wholeSize(variant))}) was chosen of ${variants.length} variants: ${why}.`,
  });
  if (variants.length === 1) return { variant: smallest, note: null };
  for (const quant of USUAL) {
    const usual = variants.find((variant) => variant.quant === quant && fit(variant) !== 'no');
    if (usual !== undefined) return says(usual, 'it is the usual balance of quality and size');
  }
  const fitting =
    variants.find((variant) => fit(variant) === 'fits') ?? variants.find((variant) => fit(variant) === 'partly');
  return fitting === undefined
    ? says(smallest, 'it is the smallest, though even this one does not fit into the memory of this machine')
    : says(fitting, 'it is the smallest that fits this machine');
};

const nameOf = (variant: Variant): string => variant.quant ?? path.posix.basename(variant.files[0]?.path ?? '');

const listed = (variants: readonly Variant[]): string => [...new Set(variants.map(nameOf))].slice(0, 12).join(', ');

/** The one that is meant. Throws NOT_FOUND, with what there is, or BAD_SOURCE when several are meant. */
export const chooseVariant = (
  repo: string,
  variants: readonly Variant[],
  wish: { quant: string | null; file: string | null },
  fitOf: FitOf,
): { variant: Variant; note: string | null } => {
  const best = recommend(variants, fitOf);
  if (best === null)
    throw new DownloadProblem(
      'NOT_FOUND',
      `${repo} holds no whole GGUF model; look for a repository with GGUF in its name.`,
    );
  const { quant, file } = wish;
  const found =
    file !== null
      ? variants.filter(({ files }) => files.some(({ path: own }) => own === file || path.posix.basename(own) === file))
      : quant !== null
        ? variants.filter((variant) => variant.quant?.toLowerCase() === quant.toLowerCase())
        : null;
  if (found === null) return best;
  const [variant, other] = found;
  if (variant === undefined)
    throw new DownloadProblem('NOT_FOUND', `${repo} has no ${file ?? quant ?? ''}; there are ${listed(variants)}.`);
  if (other !== undefined)
    throw new DownloadProblem(
      'BAD_SOURCE',
      `${repo} has several files that match ${file ?? quant ?? ''}; name one of them: ${found
        .slice(0, 8)
        .map(({ files }) => files[0]?.path ?? '')
        .join(', ')}.`,
    );
  return { variant, note: null };
};

export const variantViews = (variants: readonly Variant[], fitOf: FitOf): DownloadVariantView[] => {
  const recommended = recommend(variants, fitOf)?.variant;
  return variants.map((variant) => ({
    quant: variant.quant,
    file: variant.files[0]?.path ?? '',
    shards: variant.files.length,
    size: sizeOf(variant.files),
    mmproj: variant.mmproj?.path ?? null,
    mmprojSize: variant.mmproj?.size ?? 0,
    fit: fitOf(wholeSize(variant)),
    recommended: variant === recommended,
  }));
};
