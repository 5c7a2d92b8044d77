/** What counts where it is not what is stored. Pure. */
import type { ConfigRow, EffectiveRow } from '../../../src/contracts/changes.ts';
import type { ConfigKey } from '../../../src/contracts/config.ts';

const shown = (value: unknown): string =>
  Array.isArray(value)
    ? value.length === 0
      ? 'none'
      : value.map(String).join(', ')
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);

/** What is stored stands back for now, as opposed to an empty value that stands for what was found. */
export const standsBack = (row: ConfigRow): boolean =>
  row.waitsFor !== null || (row.source === 'start' && effectiveWords(row) !== null);

/** One sentence for a row whose stored value is not what counts; null where the two agree. */
export const effectiveWords = (row: ConfigRow): string | null => {
  const { requested, effective, source, waitsFor } = row;
  if (JSON.stringify(requested) === JSON.stringify(effective)) return null;
  const now = `In force: ${shown(effective)}`;
  if (source === 'start')
    return `${now}, given by a flag or variable at the start; what is stored counts when Llamactor starts without it.`;
  if (waitsFor === 'server') return `${now}, until Llamactor is started again.`;
  if (waitsFor === 'router') return `${now}, until the router is restarted.`;
  return `${now}.`;
};

/** The engine's name of what a key of the configuration sets for every model. */
export const PARAMETER_OF: { readonly [K in ConfigKey]?: string } = {
  contextSize: 'ctx-size',
  batch_size: 'batch-size',
  gpuLayers: 'gpu-layers',
  threads: 'threads',
};

const SOURCES: Readonly<Record<EffectiveRow['source'], string>> = {
  config: 'from here',
  'preset [*]': 'from the preset',
  'preset section': 'from its section of the preset',
  record: 'from its own parameters',
  engine: 'chosen by the engine',
  earlier: 'from before the last change',
};

export interface LoadedModel {
  name: string;
  rows: readonly EffectiveRow[];
}

/** What each loaded model really runs with, and why it is that. */
export const loadedWords = (key: ConfigKey, models: readonly LoadedModel[]): string[] =>
  models.flatMap(({ name, rows }) => {
    const row = rows.find((one) => one.key === PARAMETER_OF[key]);
    if (row === undefined || row.effective === null) return [];
    const asked = row.differs && row.requested !== null ? `; ${shown(row.requested)} was asked for` : '';
    return [`${name} runs with ${shown(row.effective)}, ${SOURCES[row.source]}${asked}`];
  });
