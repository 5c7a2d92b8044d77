export { parametersToArgs } from './parameters-to-args.ts';
export { formatPreset, parsePreset, sectionParameters } from './parse-preset.ts';
export type { Preset, SetAside } from './parse-preset.ts';
export { presetStore } from './preset-store.ts';
export type { PresetStore } from './preset-store.ts';
