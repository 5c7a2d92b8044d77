/**
 * Good small models to begin with, as of November 2025. One place: replace this list when better ones appear, and its date
 * with it. Sizes are those of the named quantisation, in bytes, as the hub lists them (rounded); the server measures for itself.
 */
export const STARTER_MODELS_DATE = '2025-11';

export interface StarterModel {
  name: string;
  /** What `downloads:start` takes: `hf:owner/repo:quantisation`. */
  source: string;
  /** Bytes, rounded. */
  size: number;
  /** What it is good for, in one line. */
  goodFor: string;
}

export const STARTER_MODELS: readonly StarterModel[] = [
  {
    name: 'Gemma 3 1B',
    source: 'hf:ggml-org/gemma-3-1b-it-GGUF:Q4_K_M',
    size: 806_000_000,
    goodFor: 'Quick answers on any machine, also an old laptop.',
  },
  {
    name: 'Qwen3 4B',
    source: 'hf:ggml-org/Qwen3-4B-GGUF:Q4_K_M',
    size: 2_500_000_000,
    goodFor: 'Thinking, code and tool calls on a laptop with 8 GB.',
  },
  {
    name: 'Gemma 3 4B',
    source: 'hf:ggml-org/gemma-3-4b-it-GGUF:Q4_K_M',
    size: 2_490_000_000,
    goodFor: 'Reads images and writes well in many languages.',
  },
  {
    name: 'gpt-oss 20B',
    source: 'hf:ggml-org/gpt-oss-20b-GGUF:MXFP4',
    size: 12_110_000_000,
    goodFor: 'Strong reasoning for machines with 16 GB or more.',
  },
];
