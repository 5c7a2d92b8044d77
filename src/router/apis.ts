import { anthropicApi } from './anthropic/api.ts';
import type { ApiDeps } from './api-deps.ts';
import type { Api } from './endpoints.ts';
import { llamaSwapApi } from './llama-swap/api.ts';
import { llamacppApi } from './llamacpp/api.ts';
import { ollamaApi } from './ollama/api.ts';
import { openaiApi } from './openai.ts';

/** Everything the inference port answers; a path that belongs to nobody is answered like the first. */
export const apis = (deps: ApiDeps): Api[] => [
  openaiApi(deps.proxy),
  anthropicApi(deps.proxy),
  ollamaApi(deps),
  llamacppApi(deps),
  llamaSwapApi(deps),
];
