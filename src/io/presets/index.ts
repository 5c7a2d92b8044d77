export { canonicalName } from './parameter-names.ts';
export { parametersToArgs } from './parameters-to-args.ts';
export { formatPreset, parsePreset, sectionParameters } from './parse-preset.ts';
export type { Preset, SetAside } from './parse-preset.ts';
export { DEFAULT_PRESET, presetStore } from './preset-store.ts';
export type { PresetStore } from './preset-store.ts';
