import { flatten, SOURCES } from './tree.ts';
import type { CommandNode, OptionNode, WordKind } from './tree.ts';

/** Text inside single quotes and inside a spec of _arguments, where colons and brackets have a meaning. */
const spec = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&').replaceAll("'", `'\\''`);

const action = (name: string, kind: WordKind): string => {
  if (kind === 'none') return ' ';
  if (kind === 'file') return '_files';
  if (kind === 'model' || kind === 'preset') return `{compadd -- \${(f)"$(${name} ${SOURCES[kind]} 2>/dev/null)"}}`;
  return `(${kind.choices.join(' ')})`;
};

const optionSpecs = (name: string, option: OptionNode): string[] => {
  const value = option.takesValue ? `:value:${action(name, option.value)}` : '';
  const others = option.names.length > 1 ? `(${option.names.join(' ')})` : '';
  return option.names.map((flag) => `'${others}${flag}[${spec(option.description)}]${value}'`);
};

const functionName = (name: string, node: CommandNode): string =>
  `_${[name, ...node.path].join('_').replaceAll('-', '_')}`;

const commandFunction = (name: string, node: CommandNode): string => {
  const options = node.options.flatMap((option) => optionSpecs(name, option));
  if (node.commands.length === 0) {
    const words = node.words.map((kind, index) => {
      const last = node.variadic && index === node.words.length - 1;
      return `'${last ? '*' : index + 1}:word:${action(name, kind)}'`;
    });
    return `${functionName(name, node)}() {\n  _arguments -s ${[...options, ...words].join(' \\\n    ')}\n}\n`;
  }
  const described = node.commands
    .map((child) => `      '${child.path.at(-1) ?? ''}:${spec(child.description)}'`)
    .join('\n');
  const cases = node.commands
    .map((child) => `      ${child.path.at(-1) ?? ''}) ${functionName(name, child)} ;;`)
    .join('\n');
  return `${functionName(name, node)}() {
  local line state
  _arguments -s -C ${[...options, `'1:command:->command'`, `'*::argument:->argument'`].join(' \\\n    ')}
  case "$state" in
    command)
      local -a commands=(
${described}
      )
      _describe command commands ;;
    argument)
      case "$line[1]" in
${cases}
      esac ;;
  esac
}
`;
};

/** A completion script for zsh; it works sourced and as a file on $fpath. */
export const zshCompletion = (name: string, tree: CommandNode): string => {
  const functions = flatten(tree).map((node) => commandFunction(name, node));
  return `#compdef ${name}
# zsh completion for ${name}; load it with: source <(${name} completions zsh)
${functions.join('\n')}
if [ "$funcstack[1]" = "_${name}" ]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
};
