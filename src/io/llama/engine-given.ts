import type { EngineGiven } from '../../contracts/changes.ts';

/**
 * Lines of llama.cpp's `common`, `llama_context`, `llama_kv_cache` and `load_tensors`. Which of them appear depends on version
 * and verbosity, so whatever is missing stays unknown.
 */
const READERS: readonly (readonly [RegExp, (match: RegExpExecArray) => EngineGiven])[] = [
  [/\bn_ctx\s+= (\d+)/, ([, n]) => ({ context: Number(n) })],
  [/\bn_batch\s+= (\d+)/, ([, n]) => ({ batchSize: Number(n) })],
  [/\bn_ubatch\s+= (\d+)/, ([, n]) => ({ microBatchSize: Number(n) })],
  [/\bflash_attn\s+= (enabled|disabled|1|0)\b/, ([, word]) => ({ flashAttention: word === 'enabled' || word === '1' })],
  [/Flash Attention was auto, set to (enabled|disabled)/, ([, word]) => ({ flashAttention: word === 'enabled' })],
  [/offloaded (\d+)\/\d+ layers to GPU/, ([, n]) => ({ gpuLayers: Number(n) })],
  [/threadpool init, n_threads = (\d+)/, ([, n]) => ({ threads: Number(n) })],
  [/kv_unified = '(true|false)'/, ([, word]) => ({ unifiedCache: word === 'true' })],
  [/\bK \((\w+)\):.*\bV \((\w+)\):/, ([, k, v]) => ({ ...(k && { cacheTypeK: k }), ...(v && { cacheTypeV: v }) })],
];

/** Adds what a log line tells, if anything, to `given`. */
export const readGiven = (given: EngineGiven, line: string): void => {
  for (const [pattern, read] of READERS) {
    const match = pattern.exec(line);
    if (match !== null) Object.assign(given, read(match));
  }
};
