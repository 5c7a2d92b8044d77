/** A llama-server command line of llama-swap as a model file and parameters. */
import path from 'node:path';
import { CodedError } from '../../contracts/errors.ts';
import type { ParameterValue } from '../../contracts/views.ts';
import { canonicalName, isSwitch, ownedBecause } from '../presets/parameter-names.ts';
import { parametersToArgs } from '../presets/index.ts';

export interface ReadCommand {
  /** The executable as it was called. */
  engine: string;
  /** As written; null when the command names no file. */
  modelPath: string | null;
  /** A repository to download from, when the command names one instead of a file. */
  repository: string | null;
  parameters: Record<string, ParameterValue>;
  /** Variables set in front of the command. */
  environment: string[];
  /** Words that could not be carried over, with the reason. */
  leftOut: { word: string; reason: string }[];
}

const ENGINE = /^llama-server([.-].*)?$/i;
/** Where a model listens is nobody's concern any more, so it is not worth a word. */
const SILENT = new Set(['host', 'port']);

/** Why words are not the command line of a llama-server; null when they are. */
export const notAnEngine = (words: readonly string[]): string | null => {
  const [program] = withoutEnvironment(words).words;
  if (program === undefined) return 'the command is empty';
  if (ENGINE.test(path.win32.basename(program))) return null;
  return `it runs ${path.win32.basename(program)}, and Llamactor runs llama-server only`;
};

const withoutEnvironment = (words: readonly string[]): { words: readonly string[]; environment: string[] } => {
  const first = words[0] === 'env' ? 1 : 0;
  let at = first;
  while (/^\w+=/.test(words[at] ?? '')) at += 1;
  return at === first && first === 0
    ? { words, environment: [] }
    : { words: words.slice(at), environment: words.slice(first, at) };
};

const isFlag = (word: string | undefined): boolean => word !== undefined && /^--?[a-z]/i.test(word);

const valueOf = (word: string): ParameterValue => (String(Number(word)) === word ? Number(word) : word);

/** Reads words that `notAnEngine` let pass. `knownFlags` are those of the engine in use; empty while none is known. */
export const readCommand = (all: readonly string[], knownFlags: ReadonlySet<string>): ReadCommand => {
  const { words, environment } = withoutEnvironment(all);
  const read: ReadCommand = {
    engine: words[0] ?? '',
    modelPath: null,
    repository: null,
    parameters: {},
    environment,
    leftOut: [],
  };
  const leave = (word: string, reason: string): void => void read.leftOut.push({ word, reason });
  for (let at = 1; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (!isFlag(word)) {
      leave(word, 'it belongs to no flag');
      continue;
    }
    const name = canonicalName(word);
    const next = words[at + 1];
    const value = isSwitch(name, knownFlags) || next === undefined || isFlag(next) ? true : valueOf(next);
    if (value !== true) at += 1;
    if (name === 'model') read.modelPath = String(value);
    else if (name === 'hf-repo') read.repository = String(value);
    else if (SILENT.has(name)) continue;
    else {
      const reason = objectionTo(name, value, knownFlags);
      if (reason !== null) leave(word, reason);
      else if (Object.hasOwn(read.parameters, name) && read.parameters[name] !== value)
        leave(word, `it is given several times and only the last value, ${String(value)}, is kept`);
      if (reason === null) read.parameters[name] = value;
    }
  }
  return read;
};

const objectionTo = (name: string, value: ParameterValue, knownFlags: ReadonlySet<string>): string | null => {
  const owned = ownedBecause(name);
  if (owned !== null) return owned;
  try {
    parametersToArgs({ [name]: value }, knownFlags);
    return null;
  } catch (error) {
    if (error instanceof CodedError) return error.message;
    throw error;
  }
};
