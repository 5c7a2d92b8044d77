import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../contracts/errors.ts';
import type { PresetView } from '../../contracts/views.ts';
import { replaceFile } from '../gguf/replace-file.ts';
import { parsePreset } from './parse-preset.ts';

export const DEFAULT_PRESET = 'default';
const ENDING = '.ini';
/** What `default` says until someone saves it. */
const DEFAULT_TEXT = `version = 1

; Parameters for all models, for example: ctx-size = 8192
[*]
`;

export interface PresetStore {
  /** `default` first, then by name. A file that cannot be parsed is listed with its text and no models or parameters. */
  list(): Promise<PresetView[]>;
  /** NOT_FOUND for an unknown name, INVALID_PAYLOAD for what cannot be a name. */
  get(name: string): Promise<PresetView>;
  /** Keeps the text exactly as given once it is durable; INVALID_PAYLOAD with line and reason when it is no preset. */
  save(name: string, ini: string): Promise<PresetView>;
  /** NOT_FOUND for an unknown name; INVALID_STATE for `default`, which always exists. */
  delete(name: string): Promise<void>;
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._-]*$/u;
/** Names that Windows keeps for devices, with or without an ending. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** File names on every platform: no separators, no leading dot, no trailing dot or space, within what file systems take. */
const isName = (name: string): boolean =>
  NAME.test(name) &&
  !/[. ]$/.test(name) &&
  !RESERVED.test(name) &&
  name.length <= 128 &&
  Buffer.byteLength(name) <= 240;

const checkName = (name: string): void => {
  if (isName(name)) return;
  throw new CodedError(
    'INVALID_PAYLOAD',
    `"${name.slice(0, 140)}" cannot be a preset's name; use letters, digits, spaces, ".", "_" and "-", at most 128.`,
  );
};

const viewOf = (name: string, path: string, ini: string): PresetView => {
  try {
    const { order, global } = parsePreset(ini);
    return { name, path, models: order, parameters: { ...global }, ini, problem: null };
  } catch (error) {
    // Someone edits the file by hand.
    return { name, path, models: [], parameters: {}, ini, problem: (error as Error).message };
  }
};

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

const failed = (doing: string, name: string, error: unknown): CodedError => {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  return new CodedError(
    'INTERNAL',
    `The preset "${name}" could not be ${doing} (${code}). Check the data folder and its disk.`,
    { details: { code } },
  );
};

/** Presets as `<name>.ini` in a folder, which may be missing until the first save. Files are written only by `save`. */
export const presetStore = (folder: string): PresetStore => {
  const pathOf = (name: string): string => join(folder, name + ENDING);

  const read = async (name: string): Promise<PresetView | null> => {
    try {
      return viewOf(name, pathOf(name), await readFile(pathOf(name), 'utf8'));
    } catch (error) {
      if (!isMissing(error)) throw failed('read', name, error);
      return name === DEFAULT_PRESET ? viewOf(name, pathOf(name), DEFAULT_TEXT) : null;
    }
  };
  const names = async (): Promise<string[]> => {
    try {
      const entries = await readdir(folder, { withFileTypes: true });
      const files = entries.filter((entry) => !entry.isDirectory() && entry.name.endsWith(ENDING));
      return files
        .map((entry) => entry.name.slice(0, -ENDING.length))
        .filter((name) => isName(name) && name !== DEFAULT_PRESET);
    } catch (error) {
      if (isMissing(error)) return [];
      throw failed('listed', folder, error);
    }
  };
  const missing = async (name: string): Promise<CodedError> =>
    new CodedError(
      'NOT_FOUND',
      `Preset not found: ${name}. There are: ${[DEFAULT_PRESET, ...(await names()).toSorted()].join(', ')}.`,
    );

  return {
    async list() {
      const all = await Promise.all([DEFAULT_PRESET, ...(await names()).toSorted()].map(read));
      return all.filter((preset) => preset !== null);
    },
    async get(name) {
      checkName(name);
      const preset = await read(name);
      if (preset === null) throw await missing(name);
      return preset;
    },
    async save(name, ini) {
      checkName(name);
      parsePreset(ini);
      try {
        await replaceFile(pathOf(name), (handle) => handle.writeFile(ini), 0o600);
      } catch (error) {
        throw failed('saved', name, error);
      }
      return viewOf(name, pathOf(name), ini);
    },
    async delete(name) {
      checkName(name);
      if (name === DEFAULT_PRESET)
        throw new CodedError('INVALID_STATE', 'The preset "default" always exists; empty it instead.');
      try {
        await rm(pathOf(name));
      } catch (error) {
        throw isMissing(error) ? await missing(name) : failed('deleted', name, error);
      }
    },
  };
};
