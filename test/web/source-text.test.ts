/** What people paste to name a model on the network. */
import { describe, expect, it } from 'vitest';
import { sourceOf, wishFor } from '../../web/pages/models/add/source-text.ts';

describe('what is pasted', () => {
  it.each([
    ['ggml-org/Qwen3-4B-GGUF', 'hf:ggml-org/Qwen3-4B-GGUF'],
    [' ggml-org/Qwen3-4B-GGUF:Q8_0 ', 'hf:ggml-org/Qwen3-4B-GGUF:Q8_0'],
    ['https://huggingface.co/ggml-org/Qwen3-4B-GGUF/', 'hf:ggml-org/Qwen3-4B-GGUF'],
    ['hf.co/ggml-org/Qwen3-4B-GGUF', 'hf:ggml-org/Qwen3-4B-GGUF'],
    ['ollama run hf.co/ggml-org/Qwen3-4B-GGUF:Q4_K_M', 'hf:ggml-org/Qwen3-4B-GGUF:Q4_K_M'],
    ['llama-server -hf ggml-org/Qwen3-4B-GGUF', 'hf:ggml-org/Qwen3-4B-GGUF'],
    ['hf:ggml-org/Qwen3-4B-GGUF', 'hf:ggml-org/Qwen3-4B-GGUF'],
    [
      'huggingface.co/ggml-org/Qwen3-4B-GGUF/blob/main/Qwen3-4B-Q4_K_M.gguf',
      'https://huggingface.co/ggml-org/Qwen3-4B-GGUF/blob/main/Qwen3-4B-Q4_K_M.gguf',
    ],
    ['https://example.org/a/b.gguf', 'https://example.org/a/b.gguf'],
    ['qwen', 'qwen'],
  ])('%s is %s', (typed, source) => {
    expect(sourceOf(typed)).toBe(source);
  });
});

describe('a variant', () => {
  const [q4, q8, otherQ8] = [
    { quant: 'Q4_K_M', file: 'a-Q4_K_M.gguf' },
    { quant: 'Q8_0', file: 'a-Q8_0.gguf' },
    { quant: 'Q8_0', file: 'b-Q8_0.gguf' },
  ];
  it('is named by its quantisation, or by its file where that says too little', () => {
    expect(wishFor(q4, [q4, q8, otherQ8], 'owner/repo')).toEqual({ quant: 'Q4_K_M' });
    expect(wishFor(q8, [q4, q8, otherQ8], 'owner/repo')).toEqual({ file: 'a-Q8_0.gguf' });
    expect(wishFor({ quant: null, file: 'model.gguf' }, [], 'owner/repo')).toEqual({ file: 'model.gguf' });
    expect(wishFor(q4, [q4], null)).toEqual({});
  });
});
