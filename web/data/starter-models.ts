/**
 * Good small models to begin with. One place: replace this list when better ones appear, and its date with it. Nothing here is
 * taken on trust: before one is offered, the server asks the hub whether its repository has that quantisation, and how large it is.
 */
export const STARTER_MODELS_DATE = 'November 2025';

export interface StarterModel {
  name: string;
  /** `owner/repo` on the hub. */
  repo: string;
  quant: string;
  /** What it is good for, in one line. */
  goodFor: string;
}

export const STARTER_MODELS: readonly StarterModel[] = [
  {
    name: 'Gemma 3 1B',
    repo: 'ggml-org/gemma-3-1b-it-GGUF',
    quant: 'Q4_K_M',
    goodFor: 'Quick answers on any machine, also an old laptop.',
  },
  {
    name: 'Qwen3 4B',
    repo: 'ggml-org/Qwen3-4B-GGUF',
    quant: 'Q4_K_M',
    goodFor: 'Thinking, code and tool calls on a laptop with 8 GB.',
  },
  {
    name: 'Gemma 3 4B',
    repo: 'ggml-org/gemma-3-4b-it-GGUF',
    quant: 'Q4_K_M',
    goodFor: 'Reads images and writes well in many languages.',
  },
  {
    name: 'gpt-oss 20B',
    repo: 'ggml-org/gpt-oss-20b-GGUF',
    quant: 'MXFP4',
    goodFor: 'Strong reasoning for machines with 16 GB or more.',
  },
];
