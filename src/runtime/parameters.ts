/** Which parameters a model starts with: configuration, then preset, then the model's own record; the later one wins. */
import type { Config, ModelRecord } from '../contracts/config.ts';
import type { ParameterSource } from '../contracts/changes.ts';
import type { ParameterValue } from '../contracts/views.ts';
import { PRESET_ONLY, canonicalName } from '../io/presets/parameter-names.ts';
import type { PlainParameters } from '../projections/change-plan.ts';

type Parameters = Readonly<Record<string, ParameterValue>>;

export interface ParameterSources {
  config: Config;
  presetGlobal: Parameters;
  presetModel: Parameters;
  record: ModelRecord | null;
}

export interface SourcedParameter {
  /** One name for all spellings; a negative keeps its `no-`. */
  key: string;
  value: ParameterValue;
  source: ParameterSource;
}

const plainKey = (key: string): string => key.replace(/^no-(?!host$)/, '');

/** Every parameter with where its value comes from, by plain name. A later `no-jinja` replaces an earlier `jinja`. */
export const sourcedParameters = (sources: ParameterSources): Map<string, SourcedParameter> => {
  const { config, record } = sources;
  const merged = new Map<string, SourcedParameter>();
  const set = (key: string, value: ParameterValue, source: ParameterSource): void => {
    const plain = plainKey(key);
    // Deleting first moves it behind what was said before it.
    merged.delete(plain);
    merged.set(plain, { key, value, source });
  };
  const add = (parameters: Parameters, source: ParameterSource): void => {
    for (const [key, value] of Object.entries(parameters)) {
      const name = canonicalName(key);
      if (!PRESET_ONLY.has(name)) set(name, value, source);
    }
  };
  // Only what differs from the engine's own choice is passed on, so that its memory fitting stays free to choose.
  if (config.contextSize > 0) set('ctx-size', config.contextSize, 'config');
  if (config.batch_size !== 512) set('batch-size', config.batch_size, 'config');
  if (config.gpuLayers !== 'auto') set('gpu-layers', config.gpuLayers, 'config');
  if (config.threads !== 'auto') set('threads', config.threads, 'config');
  add(sources.presetGlobal, 'preset [*]');
  add(sources.presetModel, 'preset section');
  if (record !== null) {
    if (record.ctx_size > 0) set('ctx-size', record.ctx_size, 'record');
    if (record.batch_size !== 512) set('batch-size', record.batch_size, 'record');
    if (record.threads > 0) set('threads', record.threads, 'record');
    add(record.parameters, 'record');
  }
  return merged;
};

export const effectiveParameters = (sources: ParameterSources): Record<string, ParameterValue> =>
  Object.fromEntries([...sourcedParameters(sources).values()].map(({ key, value }) => [key, value]));

const NEGATED: Readonly<Record<string, boolean>> = { true: false, on: false, yes: false, '1': false, enabled: false };

/** The same parameters without negative names, for comparing: `no-jinja = true` is `jinja = false`. */
export const plainParameters = (parameters: Parameters): PlainParameters =>
  Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => {
      const plain = plainKey(key);
      return plain === key ? [key, value] : [plain, NEGATED[String(value).toLowerCase()] ?? true];
    }),
  );
