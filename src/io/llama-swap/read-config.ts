/** A llama-swap configuration as what it means here: models, settings, and a note for everything that means something else. */
import { LineCounter, parseDocument } from 'yaml';
import type { ImportNote } from '../../contracts/commands/import.ts';
import type { Config } from '../../contracts/config.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { ParameterValue } from '../../contracts/views.ts';
import { placesIn } from '../store/json-place.ts';
import { notAnEngine, readCommand } from './command.ts';
import { CONFIG_RULES, MODEL_REASONS, RECORD_RULES, TOP_LEVEL_REASONS, configHas, recordHas } from './fields.ts';
import { expandMacros } from './macros.ts';
import type { Macros } from './macros.ts';
import { shellWords } from './shell-words.ts';

export interface SwapModel {
  name: string;
  line: number | null;
  /** As written. */
  modelPath: string;
  aliases: string[];
  parameters: Record<string, ParameterValue>;
  /** Further fields of its record. */
  fields: Record<string, unknown>;
}

export interface SwapConfig {
  models: SwapModel[];
  /** Models that cannot be taken over; the notes say why. */
  leftOut: string[];
  settings: Partial<Config>;
  notes: ImportNote[];
}

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/**
 * Reads the YAML of llama-swap's `config.yaml` (the format of its `config.example.yaml`).
 *
 * @param env values for `${env.NAME}`
 * @param knownFlags flags of the engine in use; empty while none is known
 * @throws CodedError INVALID_PAYLOAD, with `details: {line}` where there is one, for what is no such file
 */
export const readSwapConfig = (
  yaml: string,
  options: { env: Readonly<Record<string, string>>; knownFlags: ReadonlySet<string> },
): SwapConfig => {
  const root = parse(yaml);
  const lineOf = placesIn(yaml);
  const lines = yaml.split('\n');
  const result: SwapConfig = { models: [], leftOut: [], settings: {}, notes: [] };
  const note = (path: readonly string[], outcome: ImportNote['outcome'], reason: string, word?: string): void => {
    const start = lineOf(path);
    const within =
      word === undefined || start === null ? -1 : lines.slice(start - 1).findIndex((line) => line.includes(word));
    const line = within === -1 || start === null ? start : start + within;
    result.notes.push({ line, item: [...path, ...(word === undefined ? [] : [word])].join('.'), outcome, reason });
  };

  const globals: Macros = {
    ...Object.fromEntries(Object.entries(options.env).map(([name, value]) => [`env.${name}`, value])),
    ...macrosOf(root['macros']),
  };
  for (const [key, value] of Object.entries(root)) {
    if (['macros', 'models', 'groups', 'hooks'].includes(key)) continue;
    const rule = CONFIG_RULES[key];
    const meant = rule?.value(value) ?? null;
    if (rule !== undefined && meant !== null && configHas(rule.to))
      Object.assign(result.settings, { [rule.to]: meant });
    else if (rule === undefined) note([key], 'left out', TOP_LEVEL_REASONS[key] ?? 'Llamactor does not know this key');
    else if (meant !== null) note([key], 'left out', `this version has no setting for ${rule.what}`);
  }

  const models = isFields(root['models']) ? root['models'] : {};
  for (const [name, entry] of Object.entries(models)) {
    const at = ['models', name];
    const model = isFields(entry) ? readModel(name, entry, at) : null;
    if (model !== null) result.models.push(model);
    else result.leftOut.push(name);
  }
  readGroups();
  readHooks();
  return result;

  function readModel(name: string, entry: Fields, at: string[]): SwapModel | null {
    const macros = { ...globals, ...macrosOf(entry['macros']), MODEL_ID: name, PORT: '0' };
    const { text, unknown } = expandMacros(typeof entry['cmd'] === 'string' ? entry['cmd'] : '', macros);
    const cmd = [...at, 'cmd'];
    if (unknown.length > 0) {
      const variables = unknown.every((each) => each.startsWith('env.'));
      note(
        cmd,
        'left out',
        `${unknown.map((each) => `\${${each}}`).join(', ')} ${variables ? 'is not set here' : 'is not defined'}`,
      );
      return null;
    }
    let words: string[];
    try {
      words = shellWords(text);
    } catch (error) {
      note(cmd, 'left out', error instanceof Error ? error.message : String(error));
      return null;
    }
    const foreign = notAnEngine(words);
    if (foreign !== null) {
      note(cmd, 'left out', foreign);
      return null;
    }
    const read = readCommand(words, options.knownFlags);
    for (const { word, reason } of read.leftOut) note(cmd, 'left out', reason, word);
    for (const variable of read.environment)
      note(
        cmd,
        'left out',
        'models run in an environment of their own; choose devices with `device` instead',
        variable,
      );
    if (read.modelPath === null) {
      const reason =
        read.repository === null
          ? 'the command names no model file'
          : `download ${read.repository} first, then import again with -m and its file`;
      note(cmd, 'left out', reason);
      return null;
    }
    if (read.engine !== 'llama-server')
      note(cmd, 'adapted', 'models run with the engine that Llamactor uses; see `llamactor engine`', read.engine);
    const fields: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(entry)) {
      if (['cmd', 'macros', 'aliases'].includes(key)) continue;
      const path = [...at, key];
      const rule = RECORD_RULES[key];
      const meant = rule?.value(value) ?? null;
      if (key === 'env')
        note(path, 'left out', 'models run in an environment of their own; choose devices with `device` instead');
      else if (rule === undefined) note(path, 'left out', MODEL_REASONS[key] ?? 'Llamactor does not know this key');
      else if (meant !== null && recordHas(rule.to)) fields[rule.to] = meant;
      else if (meant !== null) note(path, 'left out', `this version has no setting for ${rule.what}`);
    }
    return {
      name,
      line: lineOf(at),
      modelPath: read.modelPath,
      aliases: aliasesOf(entry['aliases'], macros),
      parameters: read.parameters,
      fields,
    };
  }

  function readGroups(): void {
    if (!isFields(root['groups'])) {
      if (root['matrix'] === undefined && Object.keys(models).length > 1)
        result.notes.push({
          line: lineOf(['models']),
          item: 'models',
          outcome: 'adapted',
          reason: 'llama-swap ran one of them at a time; here as many run as modelsMax and memory allow',
        });
      return;
    }
    for (const [name, group] of Object.entries(root['groups'])) {
      if (!isFields(group)) continue;
      const at = ['groups', name];
      const members = result.models.filter((model) => texts(group['members']).includes(model.name));
      if (group['persistent'] === true) for (const { fields } of members) fields['pinned'] = true;
      if (group['swap'] !== false && members.length > 1) {
        if (recordHas('group')) for (const { fields } of members) fields['group'] = name;
        else note(at, 'left out', `this version has no setting for ${RECORD_RULES['group']?.what ?? 'groups'}`);
      }
      if (group['exclusive'] !== false)
        note(
          at,
          'adapted',
          'other models leave only when memory or modelsMax asks for it, not because this group runs',
        );
    }
  }

  function readHooks(): void {
    const hooks = isFields(root['hooks']) ? root['hooks'] : {};
    const startup = isFields(hooks['on_startup']) ? hooks['on_startup'] : {};
    for (const name of texts(startup['preload'])) {
      const model = result.models.find((each) => each.name === name || each.aliases.includes(name));
      if (model !== undefined) model.parameters['load-on-startup'] = true;
      else note(['hooks', 'on_startup', 'preload'], 'left out', 'there is no such model in what is taken over', name);
    }
    for (const key of Object.keys(hooks)) {
      if (key !== 'on_startup') note(['hooks', key], 'left out', 'Llamactor does not know this key');
    }
  }
};

const parse = (yaml: string): Fields => {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line } = lines.linePos(error.pos[0]);
    throw new CodedError('INVALID_PAYLOAD', `Line ${line} of the YAML: ${error.message}.`, { details: { line } });
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (cause) {
    throw new CodedError('INVALID_PAYLOAD', `The YAML cannot be read: ${cause instanceof Error ? cause.message : ''}.`);
  }
  if (!isFields(value) || !isFields(value['models']))
    throw new CodedError('INVALID_PAYLOAD', 'This is no configuration of llama-swap: it has no `models`.');
  return value;
};

const macrosOf = (value: unknown): Record<string, string> =>
  isFields(value) ? Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text).trim()])) : {};

/** Plain names, or objects with an id. */
const aliasesOf = (value: unknown, macros: Macros): string[] =>
  (Array.isArray(value) ? value : [])
    .flatMap((alias) => (isFields(alias) ? (typeof alias['id'] === 'string' ? [alias['id']] : []) : [String(alias)]))
    .map((alias) => expandMacros(alias, macros).text)
    .filter((alias) => alias.trim() !== '');
