import { describe, expect, it } from 'vitest';
import type { EngineGiven } from '../../src/contracts/changes.ts';
import { defaultConfig, ModelRecord } from '../../src/contracts/config.ts';
import { readGiven } from '../../src/io/llama/engine-given.ts';
import { effectiveRows } from '../../src/projections/effective-rows.ts';
import { effectiveParameters, plainParameters, sourcedParameters } from '../../src/runtime/parameters.ts';

const given = (...lines: string[]): EngineGiven => {
  const read: EngineGiven = {};
  for (const line of lines) readGiven(read, line);
  return read;
};

describe('what an engine says it gives', () => {
  it('is read from the log of 0.7.0', () => {
    expect(
      given(
        'cmn          init: llama threadpool init, n_threads = 2',
        "srv    load_model: initializing, n_slots = 4, n_ctx_slot = 512, kv_unified = 'true'",
      ),
    ).toEqual({ threads: 2, unifiedCache: true });
  });

  it('is read from the longer log of other versions', () => {
    expect(
      given(
        'load_tensors: offloaded 12/33 layers to GPU',
        'llama_context: n_ctx         = 4096',
        'llama_context: n_ctx_per_seq = 1024',
        'llama_context: n_batch       = 2048',
        'llama_context: n_ubatch      = 512',
        'llama_context: flash_attn    = auto',
        'llama_kv_cache: size =  128.00 MiB (4096 cells, 32 layers, 1/1 seqs), K (f16):   64.00 MiB, V (q8_0):   64.00 MiB',
        'llama_context: Flash Attention was auto, set to enabled',
      ),
    ).toEqual({
      gpuLayers: 12,
      context: 4096,
      batchSize: 2048,
      microBatchSize: 512,
      flashAttention: true,
      cacheTypeK: 'f16',
      cacheTypeV: 'q8_0',
    });
  });

  it('is nothing for a line about something else', () => {
    expect(given('slot 0 is processing n_ctx_slot = x', '', 'n_threads')).toEqual({});
  });
});

describe('requested against effective', () => {
  const facts = { contextSize: 1024, slots: 4, unifiedCache: false };

  it('shows where each comes from, and marks what the engine did otherwise', () => {
    const rows = effectiveRows(
      [
        { key: 'ctx-size', value: 8192, source: 'config' },
        { key: 'gpu-layers', value: '99', source: 'preset [*]' },
        { key: 'flash-attn', value: 'auto', source: 'record' },
        { key: 'temp', value: 0.7, source: 'record' },
      ],
      { 'ctx-size': 8192, 'gpu-layers': '99', 'flash-attn': 'auto', temp: 0.7 },
      { ...facts, gpuLayers: 33, flashAttention: true },
    );
    expect(rows).toEqual([
      { key: 'ctx-size', requested: 8192, source: 'config', effective: 4096, told: 'engine', differs: true },
      { key: 'gpu-layers', requested: '99', source: 'preset [*]', effective: 33, told: 'engine', differs: true },
      { key: 'flash-attn', requested: 'auto', source: 'record', effective: 'on', told: 'engine', differs: false },
      { key: 'temp', requested: 0.7, source: 'record', effective: 0.7, told: 'command line', differs: false },
      { key: 'parallel', requested: null, source: 'engine', effective: 4, told: 'engine', differs: false },
    ]);
  });

  it('marks what changed since the start, and what was taken back', () => {
    const rows = effectiveRows(
      [{ key: 'threads', value: 4, source: 'record' }],
      { threads: 2, 'top-k': 5 },
      { contextSize: null, slots: null },
    );
    expect(rows).toEqual([
      { key: 'threads', requested: 4, source: 'record', effective: 2, told: 'command line', differs: true },
      { key: 'top-k', requested: null, source: 'earlier', effective: 5, told: 'command line', differs: true },
    ]);
  });

  it('knows only what was asked for while the model does not run', () => {
    expect(effectiveRows([{ key: 'threads', value: 4, source: 'config' }], null, facts)).toEqual([
      { key: 'threads', requested: 4, source: 'config', effective: null, told: null, differs: false },
    ]);
  });
});

describe('where parameters come from', () => {
  const record = ModelRecord.parse({
    id: 'a',
    name: 'a',
    ctx_size: 2048,
    parameters: { LLAMA_ARG_THREADS: 3, 'no-jinja': true },
    created_at: 1,
    updated_at: 1,
  });
  const sources = {
    config: { ...defaultConfig(), contextSize: 512, gpuLayers: 7 },
    presetGlobal: { c: '1024', 'no-jinja': 'true', 'load-on-startup': 'true' },
    presetModel: { jinja: 'true', temp: '0.5' },
    record,
  };

  it('the later one wins, under one name', () => {
    expect([...sourcedParameters(sources).values()]).toEqual([
      { key: 'gpu-layers', value: 7, source: 'config' },
      { key: 'temp', value: '0.5', source: 'preset section' },
      { key: 'ctx-size', value: 2048, source: 'record' },
      { key: 'threads', value: 3, source: 'record' },
      { key: 'no-jinja', value: true, source: 'record' },
    ]);
  });

  it('a negative replaces what it denies, however often the two take turns', () => {
    expect(effectiveParameters(sources)).toMatchObject({ 'no-jinja': true });
    expect(Object.keys(effectiveParameters(sources))).not.toContain('jinja');
    expect(plainParameters({ 'no-jinja': 'on', 'no-mmap': false, 'no-host': true })).toEqual({
      jinja: false,
      mmap: true,
      'no-host': true,
    });
  });
});
