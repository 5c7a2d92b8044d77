import { flatten, SOURCES } from './tree.ts';
import type { CommandNode, WordKind } from './tree.ts';

const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

const words = (name: string, kind: WordKind): string => {
  if (kind === 'none') return '';
  if (kind === 'file') return ' -F';
  if (kind === 'model' || kind === 'preset') return ` -a ${quote(`(${name} ${SOURCES[kind]} 2>/dev/null)`)}`;
  return ` -a ${quote(kind.choices.join(' '))}`;
};

/** True while the command line's words spell exactly this command. */
const condition = (name: string, node: CommandNode): string => {
  const chain = node.path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const none = node.commands.map((child) => child.path.at(-1) ?? '');
  if (node.path.length === 0) return '__fish_use_subcommand';
  return (
    quote(
      [...chain, ...(none.length === 0 ? [] : [`not __fish_seen_subcommand_from ${none.join(' ')}`])].join('; and '),
    ) || name
  );
};

const linesOf = (name: string, node: CommandNode): string[] => {
  const when = condition(name, node);
  const commands = node.commands.map(
    (child) => `complete -c ${name} -n ${when} -a ${child.path.at(-1) ?? ''} -d ${quote(child.description)}`,
  );
  const options = node.options.map((option) => {
    const names = option.names
      .map((each) => (each.startsWith('--') ? ` -l ${each.slice(2)}` : ` -s ${each.slice(1)}`))
      .join('');
    const value = option.takesValue ? `${option.value === 'file' ? ' -r' : ' -x'}${words(name, option.value)}` : '';
    return `complete -c ${name} -n ${when}${names}${value} -d ${quote(option.description)}`;
  });
  const first = node.commands.length === 0 ? node.words[0] : undefined;
  const positional =
    first === undefined || first === 'none' ? [] : [`complete -c ${name} -n ${when}${words(name, first)}`];
  return [...commands, ...options, ...positional];
};

/** A completion script for fish 3 and later. */
export const fishCompletion = (name: string, tree: CommandNode): string =>
  [
    `# fish completion for ${name}; load it with: ${name} completions fish | source`,
    `complete -c ${name} -f`,
    ...flatten(tree).flatMap((node) => linesOf(name, node)),
    '',
  ].join('\n');
