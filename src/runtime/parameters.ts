/** Which parameters a model starts with: configuration, then preset, then the model's own record; the later one wins. */
import type { Config, ModelRecord } from '../contracts/config.ts';
import type { ParameterValue } from '../contracts/views.ts';
import { PRESET_ONLY, canonicalName } from '../io/presets/parameter-names.ts';

export const effectiveParameters = (sources: {
  config: Config;
  presetGlobal: Readonly<Record<string, ParameterValue>>;
  presetModel: Readonly<Record<string, ParameterValue>>;
  record: ModelRecord | null;
}): Record<string, ParameterValue> => {
  const { config, record } = sources;
  const merged = new Map<string, ParameterValue>();
  const add = (parameters: Readonly<Record<string, ParameterValue>>): void => {
    for (const [key, value] of Object.entries(parameters)) {
      const name = canonicalName(key);
      if (!PRESET_ONLY.has(name)) merged.set(name, value);
    }
  };
  // Only what differs from the engine's own choice is passed on, so that its memory fitting stays free to choose.
  if (config.contextSize > 0) merged.set('ctx-size', config.contextSize);
  if (config.batch_size !== 512) merged.set('batch-size', config.batch_size);
  if (config.gpuLayers !== 'auto') merged.set('gpu-layers', config.gpuLayers);
  if (config.threads !== 'auto') merged.set('threads', config.threads);
  add(sources.presetGlobal);
  add(sources.presetModel);
  if (record !== null) {
    if (record.ctx_size > 0) merged.set('ctx-size', record.ctx_size);
    if (record.batch_size !== 512) merged.set('batch-size', record.batch_size);
    if (record.threads > 0) merged.set('threads', record.threads);
    add(record.parameters);
  }
  return Object.fromEntries(merged);
};
