import { CodedError } from '../../contracts/errors.ts';
import { canonicalName, ownedBecause } from './parameter-names.ts';

/** The section whose parameters count for every model. */
export const GLOBAL_SECTION = '*';
/** Where llama.cpp puts what stands before the first section. */
const UNNAMED_SECTION = 'default';
const LARGEST = 1024 * 1024;

export interface SetAside {
  section: string;
  key: string;
  /** From 1. */
  line: number;
}

export interface Preset {
  version: 1;
  /** Parameters of `[*]`, as they are written. */
  global: Record<string, string>;
  /** Parameters of each model's section, without the global ones. Has no prototype, so any name is safe to look up. */
  models: Record<string, Record<string, string>>;
  /** Names of the models' sections as they stand in the file. */
  order: string[];
  /**
   * Keys that Llamactor sets itself (host, port, alias, model, …). llama.cpp's router replaces most of them too, so a file
   * that has them is valid; they are kept out of `global` and `models`.
   */
  setAside: SetAside[];
  /** Every parameter that counts, with its place, in the order of the file. */
  entries: { section: string; key: string; value: string; line: number }[];
}

const record = <T>(): Record<string, T> => Object.create(null) as Record<string, T>;

const refuse = (line: number, reason: string): CodedError =>
  new CodedError('INVALID_PAYLOAD', `Line ${line} of the preset: ${reason}`, { details: { line, reason } });

const headerOf = (text: string, line: number): string => {
  const match = /^\[([^\]]*)\]\s*(?:[;#].*)?$/.exec(text);
  if (match === null) throw refuse(line, 'a section is written as [name], and nothing but a comment may follow it.');
  const name = (match[1] ?? '').trim();
  if (name === '') throw refuse(line, 'the section has no name; write [*] for all models or [name] for one.');
  return name;
};

const pairOf = (text: string, line: number): { key: string; value: string } => {
  const equals = text.indexOf('=');
  if (equals === -1) throw refuse(line, 'expected a [section], "key = value" or a comment.');
  const key = text.slice(0, equals).trim();
  if (key.startsWith('-')) throw refuse(line, `write "${key.replace(/^-+/, '')}" without dashes.`);
  if (!/^[a-z_][\w.-]*$/i.test(key))
    throw refuse(line, `"${key}" is no key; use a long flag of llama-server without its dashes.`);
  // As in llama.cpp there are no quotes: the first ; or # ends the value wherever it stands.
  const value = text
    .slice(equals + 1)
    .replace(/[;#].*$/, '')
    .trim();
  return { key, value };
};

/**
 * Reads a preset in the INI format of llama.cpp's router mode (`common/preset.cpp`): `[*]` for all models, `[name]` for one,
 * `key = value`, comments with `;` or `#`. A section that is repeated replaces the earlier one, and what stands before the
 * first section belongs to a model named "default", both as llama.cpp does it. More lenient only about indentation.
 * Whether an engine knows the keys is asked when a model starts, since engines differ.
 *
 * A model's section wins over `[*]`; see `sectionParameters`.
 *
 * @throws CodedError INVALID_PAYLOAD with `details: {line, reason}`, lines counted from 1
 */
export const parsePreset = (text: string): Preset => {
  if (text.length > LARGEST) throw refuse(1, 'the text is larger than 1 MiB.');
  const sections = new Map<string, Record<string, string>>();
  const setAside: SetAside[] = [];
  let entries: Preset['entries'] = [];
  let section: string | null = null;
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  lines.forEach((raw, index) => {
    const line = index + 1;
    const content = raw.trim();
    if (content === '' || content.startsWith(';') || content.startsWith('#')) return;
    if (content.includes('\0')) throw refuse(line, 'it holds a zero byte; this is no text file.');
    if (content.startsWith('[')) {
      section = headerOf(content, line);
      sections.set(section, record());
      const opened = section;
      entries = entries.filter((entry) => entry.section !== opened);
      return;
    }
    const { key, value } = pairOf(content, line);
    if (key === 'version') {
      if (value !== '1') throw refuse(line, `version "${value}" is not known; this reads version 1.`);
      return;
    }
    const name = section ?? UNNAMED_SECTION;
    if (ownedBecause(canonicalName(key)) !== null) {
      setAside.push({ section: name, key, line });
      return;
    }
    let target = sections.get(name);
    if (target === undefined) {
      target = record();
      sections.set(name, target);
    }
    target[key] = value;
    entries.push({ section: name, key, value, line });
  });
  const order = [...sections.keys()].filter((name) => name !== GLOBAL_SECTION);
  const models = record<Record<string, string>>();
  for (const name of order) models[name] = sections.get(name) ?? record();
  return { version: 1, global: sections.get(GLOBAL_SECTION) ?? record(), models, order, setAside, entries };
};

/**
 * What a preset says for one model: the global parameters, overridden by the section of the first of `names` that has one.
 * Keys come out under one name each, so that a section's `c` overrides a global `ctx-size`, and its `no-jinja` a global `jinja`.
 * Records of people have the last word over both; merging those is the caller's part.
 */
export const sectionParameters = (
  preset: Pick<Preset, 'global' | 'models'>,
  names: readonly string[],
): Record<string, string> => {
  const own = names.find((name) => Object.hasOwn(preset.models, name));
  const merged = new Map<string, [key: string, value: string]>();
  for (const source of [preset.global, own === undefined ? {} : (preset.models[own] ?? {})]) {
    for (const [key, value] of Object.entries(source)) {
      const name = canonicalName(key);
      merged.set(name.replace(/^no-/, ''), [name, value]);
    }
  }
  return Object.fromEntries(merged.values());
};

const checkWritable = (section: string, key: string, value: string): void => {
  if (!/^[a-z_][\w.-]*$/i.test(key) || /[;#\r\n\0]/.test(value) || value.trim() !== value) {
    throw new CodedError(
      'INVALID_PAYLOAD',
      `"${key}" of [${section}] cannot be written into a preset: its format has no way to say ; # or a line break.`,
    );
  }
};

/** The text of a preset, which `parsePreset` reads back as it was. Throws INVALID_PAYLOAD for what the format cannot say. */
export const formatPreset = (preset: Pick<Preset, 'global' | 'models'>): string => {
  const sections = [[GLOBAL_SECTION, preset.global] as const, ...Object.entries(preset.models)];
  const texts = sections.map(([name, parameters]) => {
    if (name.trim() !== name || name === '' || /[\]\r\n\0]/.test(name)) {
      throw new CodedError('INVALID_PAYLOAD', `"${name}" cannot be the name of a preset's section.`);
    }
    const lines = Object.entries(parameters).map(([key, value]) => {
      checkWritable(name, key, value);
      return `${key} = ${value}`.trimEnd();
    });
    return [`[${name}]`, ...lines].join('\n');
  });
  return `version = 1\n\n${texts.join('\n\n')}\n`;
};
