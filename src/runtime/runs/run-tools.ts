/** Which commands runs can use, and which one a run gets. */
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import type { RunToolView } from '../../contracts/runs.ts';
import type { Config } from '../../contracts/config.ts';
import { CodedError } from '../../contracts/errors.ts';
import { shellWords } from '../../io/llama-swap/shell-words.ts';

export interface RunTool {
  name: string;
  kind: RunToolView['kind'];
  /** The program and its arguments; nothing of it passes through a shell. */
  words: string[];
}

export interface RunToolSources {
  config(): Pick<Config, 'runs.command' | 'runs.commands' | 'runs.claude'>;
  /** LLAMACTOR_RUNS_COMMAND wins over `runs.command`. */
  env: NodeJS.ProcessEnv;
  /** The `llamactor` program itself, for the built-in prompt. */
  program: readonly string[];
}

export interface RunTools {
  list(): RunTool[];
  /** By `tool`, by a `model` that is a command's name, or the default. Throws NOT_FOUND or INVALID_STATE. */
  choose(wish: { tool?: string | undefined; model?: string | undefined }): RunTool;
}

/** What `claude` needs to answer once and to tell meanwhile what it does. */
export const CLAUDE_ARGS = ['-p', '--output-format', 'stream-json', '--verbose'];

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
};

/** The file that a command's name stands for, or null. */
export const onPath = (name: string, env: NodeJS.ProcessEnv): string | null => {
  const endings = process.platform === 'win32' ? (env['PATHEXT'] ?? '.EXE;.CMD').split(';') : [''];
  for (const folder of (env['PATH'] ?? '').split(path.delimiter))
    for (const ending of endings)
      if (folder !== '' && isProgram(path.join(folder, name + ending))) return path.join(folder, name + ending);
  return null;
};

/** A command line as words; one that is a program's path as it stands may hold blanks without quotes. */
export const commandWords = (line: string): string[] => (isProgram(line.trim()) ? [line.trim()] : shellWords(line));

const wordsOf = (key: string, line: string): string[] => {
  try {
    const words = commandWords(line);
    if (words.length > 0) return words;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CodedError(
      'INVALID_STATE',
      `The command of ${key} cannot be read: ${reason}. Mend it in the configuration.`,
    );
  }
  throw new CodedError('INVALID_STATE', `The command of ${key} is empty; mend it in the configuration.`);
};

const named = (entry: string): { name: string; line: string } => {
  const at = entry.indexOf('=');
  return { name: entry.slice(0, at).trim(), line: entry.slice(at + 1) };
};

/** The default comes first. */
export const createRunTools = ({ config, env, program }: RunToolSources): RunTools => {
  const builtin: RunTool = { name: 'prompt', kind: 'builtin', words: [...program, 'prompt'] };

  const lines = (): { name: string; kind: RunTool['kind']; key: string; line: string }[] => {
    const stored = config();
    const given = (env['LLAMACTOR_RUNS_COMMAND'] ?? '').trim();
    const [key, line] =
      given === '' ? ['runs.command', stored['runs.command'].trim()] : ['LLAMACTOR_RUNS_COMMAND', given];
    return [
      ...(line === '' ? [] : [{ name: 'command', kind: 'command' as const, key, line }]),
      ...stored['runs.commands'].map((entry) => ({ ...named(entry), kind: 'named' as const, key: 'runs.commands' })),
    ];
  };
  const found = (): RunTool[] => {
    const claude = config()['runs.claude'] ? onPath('claude', env) : null;
    return [
      ...(claude === null ? [] : [{ name: 'claude', kind: 'claude' as const, words: [claude, ...CLAUDE_ARGS] }]),
      builtin,
    ];
  };

  const list = (): RunTool[] => {
    const configured = lines().map(({ name, kind, key, line }) => ({ name, kind, words: wordsOf(key, line) }));
    const main = configured.filter(({ kind }) => kind === 'command');
    const others = configured.filter(({ kind }) => kind === 'named');
    const all = main.length > 0 ? [...main, ...others, ...found()] : [...found(), ...others];
    // A name that is configured stands before one that was found.
    return all.filter(({ name }, index) => all.findIndex((other) => other.name === name) === index);
  };

  return {
    list,
    choose({ tool, model }) {
      const tools = list();
      const wanted = tool ?? tools.find(({ name }) => name === model)?.name;
      if (wanted === undefined) return tools[0] ?? builtin;
      const chosen = tools.find(({ name }) => name === wanted);
      if (chosen !== undefined) return chosen;
      const names = tools.map(({ name }) => name);
      const hint =
        wanted === 'claude'
          ? 'Set runs.claude to true and have `claude` on PATH, or configure it in runs.commands.'
          : `There are ${names.join(', ')}; more are configured in runs.commands.`;
      throw new CodedError('NOT_FOUND', `There is no command "${wanted.slice(0, 64)}" for runs. ${hint}`, {
        details: { tools: names },
      });
    },
  };
};

/** The default is the first of the list. */
export const toolViews = (tools: readonly RunTool[]): RunToolView[] =>
  tools.map(({ name, kind, words }, index) => ({
    name,
    kind,
    isDefault: index === 0,
    command: kind === 'builtin' ? 'llamactor prompt' : words.join(' '),
  }));
