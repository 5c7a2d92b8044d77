/**
 * What a model will take in memory, from its header and its parameters, by device. Pure.
 *
 * Weights of a mapped file count in full although the page cache holds them and the kernel could drop them: a model whose weights
 * are dropped is read from the disk again for every token, which nobody wants of a model that is called loaded.
 */
import type { MeasuredMemory, MemoryParts } from '../../../machines/process.ts';
import type { GgufFacts } from './gguf-facts.ts';

/** What llama-server fits a context down to when memory is short and nothing was asked for (`--fit-ctx`). */
export const FITTED_CONTEXT = 4096;
const MIB = 1024 * 1024;
/** The process itself: program, threads, vocabulary (measured: 26 MiB resident without a model's weights). */
export const PROCESS_BYTES = 32 * MIB;

export interface DeviceParts extends MemoryParts {
  /** The process, the projector, the cache of prompts. */
  other: number;
  /** The engine said so at an earlier load. */
  measured: boolean;
}

export interface MemoryEstimate {
  /** Main memory first, then the GPUs; with the least context it can run with, and with the one it would take. */
  least: DeviceParts[];
  most: DeviceParts[];
  contextTokens: { least: number; most: number };
  /** Bytes of weights in main memory that are pages of the mapped file, which the system counts as available. */
  mapped: number;
}

export interface EstimateInput {
  facts: GgufFacts | null;
  /** All shards. */
  fileBytes: number;
  mmprojBytes: number;
  /** By their long names. */
  parameters: Readonly<Record<string, string | number | boolean>>;
  /** Total bytes of each GPU; weights that go to several are split by these. */
  gpus: readonly number[];
  /** What an earlier load of this file with these parameters really took. */
  measured: MeasuredMemory | null;
}

/** Bytes per element of a cache type: block sizes of ggml's `ggml-common.h`. */
const CACHE_TYPES: Readonly<Record<string, number>> = {
  f32: 4,
  f16: 2,
  bf16: 2,
  q8_0: 34 / 32,
  q5_1: 24 / 32,
  q5_0: 22 / 32,
  q4_1: 20 / 32,
  q4_0: 18 / 32,
  iq4_nl: 18 / 32,
};

export const estimateMemory = (input: EstimateInput): MemoryEstimate => {
  const { facts, measured, parameters } = input;
  const tokens = contextOf(facts, parameters);
  const spread = spreadOf(input);
  const at = (context: number): DeviceParts[] =>
    spread.map((share, device) => {
      const real = measured === null ? undefined : device === 0 ? measured.ram : measured.gpus[device - 1];
      const given = measured?.contextTokens ?? null;
      const other = otherBytes(input, device, spread.length);
      if (measured !== null && (real !== undefined || device > 0)) {
        const { model, context: held, compute } = real ?? { model: 0, context: 0, compute: 0 };
        const scaled = given === null || given === 0 ? held : (held * context) / given;
        return { model, context: Math.ceil(scaled), compute, other, measured: true };
      }
      const cache = Math.ceil(share.layers * cacheBytes(facts, parameters, context));
      return {
        model: share.weights,
        context: cache,
        compute: computeBytes(facts, parameters, share, context),
        other,
        measured: false,
      };
    });
  const most = at(tokens.most);
  const isMapped = !/^(none|mlock|dio)$/.test(String(parameters['load-mode'] ?? '')) && parameters['mmap'] !== false;
  const unmapped = ['no-mmap', 'mlock'].some((name) => isOn(parameters[name]));
  return {
    least: at(tokens.least),
    most,
    contextTokens: tokens,
    mapped: isMapped && !unmapped ? (most[0]?.model ?? 0) : 0,
  };
};

export const bytesOfParts = ({ model, context, compute, other }: DeviceParts): number =>
  model + context + compute + other;

const isOn = (value: string | number | boolean | undefined): boolean =>
  value === true || ['true', '1', 'on', 'yes'].includes(String(value ?? '').toLowerCase());

const positive = (value: string | number | boolean | undefined, otherwise: number): number => {
  const number = Number(value ?? Number.NaN);
  return Number.isFinite(number) && number > 0 ? number : otherwise;
};

/** Tokens of all slots together. What was asked for is given; else the model's own, fitted down to 4 096 where memory is short. */
const contextOf = (
  facts: GgufFacts | null,
  parameters: EstimateInput['parameters'],
): { least: number; most: number } => {
  const asked = positive(parameters['ctx-size'], 0);
  if (asked > 0) return { least: asked, most: asked };
  const own = facts?.contextLength ?? FITTED_CONTEXT;
  if (String(parameters['fit'] ?? 'on') === 'off') return { least: own, most: own };
  return { least: Math.min(own, positive(parameters['fit-ctx'], FITTED_CONTEXT)), most: own };
};

/** Cache of all layers: heads × (key length × bytes of its type + value length × bytes of its type), for each token a layer remembers. */
const cacheBytes = (facts: GgufFacts | null, parameters: EstimateInput['parameters'], context: number): number => {
  if (facts === null) return 0;
  const layers = facts.layers ?? 0;
  const size = (name: string): number => CACHE_TYPES[String(parameters[name] ?? 'f16').toLowerCase()] ?? 2;
  const [key, value] = [size('cache-type-k'), size('cache-type-v')];
  if (facts.latentLength !== null) return layers * context * (facts.latentLength + (facts.ropeDimensions ?? 0)) * key;
  const heads = facts.kvHeads ?? facts.heads ?? [];
  const batch = positive(parameters['ubatch-size'], 512);
  // A windowed layer remembers its window for each slot, and one batch on top. Where the header does not say which layers are
  // windowed none counts as such: a high estimate is corrected by the first load, a low one drives the machine into swapping.
  const slots = positive(parameters['parallel'], 4);
  const window = isOn(parameters['swa-full']) ? null : facts.slidingWindow;
  const windowed = window === null ? context : Math.min(context, window * slots + batch);
  let total = 0;
  for (let layer = 0; layer < layers; layer += 1) {
    const perToken =
      (heads[layer] ?? heads[0] ?? 0) * ((facts.keyLength ?? 0) * key + (facts.valueLength ?? 0) * value);
    total += perToken * (facts.windowedLayers?.[layer] === true ? windowed : context);
  }
  const state = facts.recurrent;
  const perSlot = state === null ? 0 : layers * 4 * state.inner * (state.state + Math.max(0, state.convolution - 1));
  return total + perSlot * slots;
};

/** The logits of a batch where the output matrix lies, and for each layer's work a few batches of its widest rows, f32. */
const computeBytes = (
  facts: GgufFacts | null,
  parameters: EstimateInput['parameters'],
  share: Share,
  context: number,
): number => {
  if (facts === null || (share.layers === 0 && !share.output)) return 0;
  const batch = Math.min(context, positive(parameters['ubatch-size'], 512));
  const widest = Math.max(facts.embeddingLength ?? 0, ...(facts.feedForwardLength ?? []));
  const logits = share.output ? (facts.vocabularySize ?? 0) : 0;
  return Math.ceil(batch * 4 * (logits + 3 * widest + 4 * (facts.embeddingLength ?? 0)));
};

interface Share {
  weights: number;
  /** Share of the layers, and with them of the cache, 0 to 1. */
  layers: number;
  /** It computes the output. */
  output: boolean;
}

/** Which weights and layers go where: input on the host, the last layers and the output on the GPUs, split by their size or as asked. */
const spreadOf = ({ facts, fileBytes, parameters, gpus }: EstimateInput): Share[] => {
  const weights = facts === null || facts.tensorBytes === 0 ? fileBytes : facts.tensorBytes;
  const host: Share = { weights, layers: 1, output: true };
  if (gpus.length === 0) return [host];
  const total = Math.max(1, facts?.layers ?? facts?.layerBytes.length ?? 1);
  const asked = parameters['gpu-layers'] ?? 'auto';
  const offDevice = String(parameters['device'] ?? '') === 'none';
  const room = gpus.reduce((sum, bytes) => sum + bytes, 0);
  // "auto" fills the GPUs as far as they go; the output counts as one layer more.
  const fitting = weights <= room ? total + 1 : Math.floor(((total + 1) * room) / weights);
  const wanted = asked === 'auto' || asked === '' ? fitting : asked === 'all' ? total + 1 : Number(asked);
  const offloaded = offDevice || !Number.isFinite(wanted) ? 0 : Math.min(total + 1, wanted < 0 ? total + 1 : wanted);
  if (offloaded === 0) return [host, ...gpus.map((): Share => ({ weights: 0, layers: 0, output: false }))];
  const layersThere = Math.min(total, offloaded);
  const withOutput = offloaded > total;
  const layerBytes =
    facts?.layerBytes.slice(-layersThere).reduce((sum, bytes) => sum + bytes, 0) ?? (weights * layersThere) / total;
  const experts = expertsOnHost(facts, parameters, layersThere);
  const there = Math.max(0, layerBytes - experts + (withOutput ? (facts?.outputBytes ?? 0) : 0));
  const onHost = isOn(parameters['no-kv-offload']) || parameters['kv-offload'] === false;
  const split = fractions(parameters, gpus);
  return [
    { weights: weights - there, layers: onHost ? 1 : 1 - layersThere / total, output: !withOutput },
    ...split.map((share): Share => ({
      weights: Math.round(there * share),
      layers: onHost ? 0 : (layersThere / total) * share,
      output: withOutput && share > 0,
    })),
  ];
};

/** Experts that stay in main memory although their layer is on a GPU. */
const expertsOnHost = (
  facts: GgufFacts | null,
  parameters: EstimateInput['parameters'],
  layersThere: number,
): number => {
  if (facts === null || facts.expertBytes === 0) return 0;
  const layers = Math.max(1, facts.layers ?? 1);
  const kept = isOn(parameters['cpu-moe']) ? layers : positive(parameters['n-cpu-moe'], 0);
  // The first layers' experts are kept; those of layers that are not offloaded are on the host anyway.
  return (facts.expertBytes * Math.max(0, Math.min(layers, kept) - (layers - layersThere))) / layers;
};

const fractions = (parameters: EstimateInput['parameters'], gpus: readonly number[]): number[] => {
  const only = Number(parameters['main-gpu'] ?? 0);
  if (parameters['split-mode'] === 'none') return gpus.map((_, device) => (device === only ? 1 : 0));
  const asked = String(parameters['tensor-split'] ?? '')
    .split(/[,/]/)
    .map(Number);
  const usable = asked.some((part) => part > 0) && asked.every((part) => part >= 0);
  const parts = gpus.map((bytes, device) => (usable ? (asked[device] ?? 0) : bytes));
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => (sum > 0 ? part / sum : 1 / gpus.length));
};

/** The process and, where it was asked for, the cache of prompts in main memory; the projector on the first GPU, else there too. */
const otherBytes = ({ mmprojBytes, parameters }: EstimateInput, device: number, devices: number): number => {
  const offloads = devices > 1 && !isOn(parameters['no-mmproj-offload']) && parameters['mmproj-offload'] !== false;
  const projector = mmprojBytes > 0 && device === (offloads ? 1 : 0) ? mmprojBytes : 0;
  if (device > 0) return projector;
  // Unless it is set, the cache of prompts (8 GiB at most) grows only where there is room, so it is no need.
  const prompts = positive(parameters['cache-ram'], 0) * MIB;
  return PROCESS_BYTES + projector + prompts;
};
