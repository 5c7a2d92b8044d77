import type { Argument, Command, Option } from 'commander';

/** What a word on the command line can be completed to. */
export type WordKind = 'model' | 'preset' | 'file' | 'none' | { choices: readonly string[] };

export interface OptionNode {
  /** "-f", "--follow" */
  names: string[];
  takesValue: boolean;
  value: WordKind;
  description: string;
}

export interface CommandNode {
  /** ["preset", "use"]; empty for the program itself. */
  path: string[];
  description: string;
  commands: CommandNode[];
  options: OptionNode[];
  /** What each position wants; the last one repeats when it is variadic. */
  words: WordKind[];
  variadic: boolean;
}

const FILES = /path|file|folder|dir/i;

const kindOf = (name: string, choices: readonly string[] | undefined): WordKind => {
  if (choices !== undefined) return { choices };
  if (name === 'model' || name === 'preset') return name;
  return FILES.test(name) ? 'file' : 'none';
};

const optionNode = (option: Option): OptionNode => ({
  names: [option.short, option.long].filter((name) => name !== undefined),
  takesValue: option.required || option.optional,
  value: kindOf(/<([^>]+)>/.exec(option.flags)?.[1] ?? '', option.argChoices),
  description: option.description,
});

const HELP: OptionNode = {
  names: ['-h', '--help'],
  takesValue: false,
  value: 'none',
  description: 'display help for command',
};

const nodeOf = (command: Command, path: string[], inherited: OptionNode[]): CommandNode => {
  const own = command.options.map(optionNode);
  const shared = [
    ...inherited,
    ...(path.length === 0 ? own.filter((option) => !option.names.includes('--version')) : []),
  ];
  return {
    path,
    description: command.description(),
    commands: command.commands
      .filter((child) => child.name() !== 'help')
      .map((child) => nodeOf(child, [...path, child.name()], shared)),
    options: [...own, ...(path.length === 0 ? [] : inherited), HELP],
    words: command.registeredArguments.map((argument: Argument) => kindOf(argument.name(), argument.argChoices)),
    variadic: command.registeredArguments.at(-1)?.variadic === true,
  };
};

/** The tree of commands as the completion scripts need it. */
export const completionTree = (program: Command): CommandNode => nodeOf(program, [], []);

export const flatten = (node: CommandNode): CommandNode[] => [node, ...node.commands.flatMap(flatten)];

/** Commands whose output, one id per line, completes a word. Both are quiet when no server runs. */
export const SOURCES = { model: 'models --quiet', preset: 'preset list --quiet' } as const;
