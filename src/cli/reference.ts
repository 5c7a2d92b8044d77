import type { Command, Option } from 'commander';
import { idleHost } from './host.ts';
import { buildProgram, EXIT_CODES_HELP } from './program.ts';

/** Text inside a Markdown table's cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');

const optionRow = (option: Option): string => {
  const choices = option.argChoices === undefined ? '' : ` (${option.argChoices.join(', ')})`;
  const hasDefault = typeof option.defaultValue === 'number' || typeof option.defaultValue === 'string';
  const fallback = hasDefault ? `; default ${String(option.defaultValue)}` : '';
  return `| \`${option.flags.replaceAll('|', '\\|')}\` | ${cell(option.description)}${choices}${fallback} |`;
};

const optionTable = (options: readonly Option[]): string[] =>
  options.length === 0 ? [] : ['| Option | Meaning |', '| --- | --- |', ...options.map(optionRow), ''];

const usageOf = (command: Command, path: readonly string[]): string => [...path, command.usage()].join(' ').trim();

const section = (command: Command, path: readonly string[], level: number): string[] => {
  const words = command.registeredArguments.map((argument) => {
    const choices = argument.argChoices === undefined ? '' : ` (${argument.argChoices.join(', ')})`;
    return `| \`${argument.required ? `<${argument.name()}>` : `[${argument.name()}]`}\` | ${cell(argument.description)}${choices} |`;
  });
  return [
    `${'#'.repeat(level)} ${path.join(' ')}`,
    '',
    `\`\`\`\n${usageOf(command, path)}\n\`\`\``,
    '',
    `${command.description().charAt(0).toUpperCase()}${command.description().slice(1)}.`,
    '',
    ...(words.length === 0 ? [] : ['| Argument | Meaning |', '| --- | --- |', ...words, '']),
    ...optionTable(command.options),
    ...command.commands.flatMap((child) => section(child, [...path, child.name()], level + 1)),
  ];
};

/** The command line reference as Markdown, generated from the tree of commands; the same input gives the same text. */
export const cliReference = (): string => {
  const program = buildProgram(idleHost, { out: () => undefined, columns: 100, colours: false });
  const groups = new Map<string, Command[]>();
  for (const command of program.commands) {
    const heading = command.helpGroup();
    groups.set(heading, [...(groups.get(heading) ?? []), command]);
  }
  const lines = [
    '# Command line',
    '',
    '<!-- Generated from the commands themselves; do not edit. -->',
    '',
    program.description(),
    '',
    EXIT_CODES_HELP,
    '',
    '## Options of every command',
    '',
    ...optionTable(program.options.filter((option) => option.long !== '--version')),
    ...[...groups].flatMap(([heading, commands]) => [
      `## ${heading.replace(/:$/, '')}`,
      '',
      ...commands.flatMap((command) => section(command, [program.name(), command.name()], 3)),
    ]),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
};
