import { GGUF_QUANT_RE_GLOBAL, parseGGUFQuantLabel } from '@huggingface/gguf';

export interface PairableModel {
  path: string;
  name: string;
  embeddingLength: number | null;
}

export interface PairableProjector {
  path: string;
  name: string;
  /** Width it delivers; null when its header does not say. */
  projectionLength: number | null;
}

/** Words of file names that say what kind of file it is, not which model. */
const FILLER = new Set(['mmproj', 'model', 'ggml', 'gguf', 'clip', 'vision', 'projector', 'proj', 'encoder', 'ud']);
/** Where several projectors fit: F16 is what llama.cpp's converter and documentation use. */
const PREFERRED = ['F16', 'BF16', 'F32', 'Q8_0'];

/** The words that name a model: "gemma-3-4b-it-Q4_K_M.gguf" gives gemma, 3, 4b, it. */
export const nameWords = (name: string): Set<string> => {
  const bare = name.replace(/\.gguf$/i, '').replace(/-\d{5}-of-\d{5}$/, '');
  const words = bare
    .toUpperCase()
    .replaceAll(GGUF_QUANT_RE_GLOBAL, ' ')
    .toLowerCase()
    .split(/[^\p{L}\p{N}.]+|(?<!\p{N})\.|\.(?!\p{N})/u);
  return new Set(words.filter((word) => word !== '' && !FILLER.has(word)));
};

/**
 * How well a projector's name fits a model's, 0 to 1. A word with a digit that the model lacks (a size, a version) rules it
 * out: "mmproj-gemma-3-4b" is not for gemma-3-12b however much else agrees.
 */
const similarity = (projector: ReadonlySet<string>, model: ReadonlySet<string>): number => {
  const lacking = [...projector].filter((word) => !model.has(word));
  if (lacking.some((word) => /\p{N}/u.test(word))) return 0;
  return (projector.size - lacking.length) / projector.size;
};

const sameFamily = (models: readonly PairableModel[]): boolean =>
  new Set(models.map(({ name }) => [...nameWords(name)].join(' '))).size <= 1;

const preference = (name: string): number => {
  const label = parseGGUFQuantLabel(name.toUpperCase());
  const index = PREFERRED.indexOf(label ?? '');
  return index === -1 ? PREFERRED.length : index;
};

/**
 * Which projector of a directory goes with which of its models: model path to projector path.
 *
 * A stated width that differs from the model's rules a pair out, since the engine would refuse it. Otherwise the only model
 * (or several quantizations of one) takes what is there; several models take a projector by name, and one without a name of
 * its own ("mmproj-F16.gguf") only by a width that agrees.
 */
export const pairProjectors = (
  models: readonly PairableModel[],
  projectors: readonly PairableProjector[],
): Map<string, string> => {
  const pairs = new Map<string, string>();
  const family = sameFamily(models);
  for (const model of models) {
    const words = nameWords(model.name);
    const fitting = projectors.flatMap((projector) => {
      const known = projector.projectionLength !== null && model.embeddingLength !== null;
      const agrees = known && projector.projectionLength === model.embeddingLength;
      if (known && !agrees) return [];
      const own = nameWords(projector.name);
      const score = own.size === 0 ? (agrees ? 0.5 : 0) : similarity(own, words);
      return score >= 0.5 || family ? [{ path: projector.path, score, order: preference(projector.name) }] : [];
    });
    const [best] = fitting.toSorted((a, b) => b.score - a.score || a.order - b.order || (a.path < b.path ? -1 : 1));
    if (best !== undefined) pairs.set(model.path, best.path);
  }
  return pairs;
};
