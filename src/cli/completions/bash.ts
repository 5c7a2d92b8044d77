import { flatten, SOURCES } from './tree.ts';
import type { CommandNode, WordKind } from './tree.ts';

const generate = (kind: WordKind): string => {
  if (kind === 'none') return ':';
  if (kind === 'file') return 'COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null';
  if (kind === 'model' || kind === 'preset') {
    return `COMPREPLY=($(compgen -W "$("$program" ${SOURCES[kind]} 2>/dev/null)" -- "$cur"))`;
  }
  return `COMPREPLY=($(compgen -W '${kind.choices.join(' ')}' -- "$cur"))`;
};

const pathsOf = (nodes: readonly CommandNode[]): string =>
  nodes
    .filter((node) => node.path.length > 0)
    .map((node) => `'${node.path.join(' ')}'`)
    .join('|');

const valueCases = (nodes: readonly CommandNode[]): string => {
  const seen = new Map<string, string>();
  for (const node of nodes) {
    for (const option of node.options) {
      if (option.takesValue)
        for (const name of option.names) seen.set(`${node.path.join(' ')} ${name}`.trimStart(), generate(option.value));
    }
  }
  return [...seen].map(([key, action]) => `    '${key}') ${action}; return ;;`).join('\n');
};

const wordCases = (nodes: readonly CommandNode[]): string =>
  nodes
    .flatMap((node) => {
      const path = node.path.join(' ');
      if (node.commands.length > 0)
        return [
          `    '${path}:0') COMPREPLY=($(compgen -W '${node.commands.map((child) => child.path.at(-1)).join(' ')}' -- "$cur")) ;;`,
        ];
      return node.words.map(
        (kind, index) =>
          `    '${path}:${node.variadic && index === node.words.length - 1 ? '*' : index}') ${generate(kind)} ;;`,
      );
    })
    .map((line) => line.replace(/:\*'\)/, ":'*)"))
    .join('\n');

const optionCases = (nodes: readonly CommandNode[]): string =>
  nodes
    .map(
      (node) =>
        `    '${node.path.join(' ')}') options='${node.options.flatMap((option) => option.names).join(' ')}' ;;`,
    )
    .join('\n');

/** Options that swallow the next word, so that it is not taken for a command or an argument. */
const valueOptions = (nodes: readonly CommandNode[]): string =>
  [
    ...new Set(
      nodes.flatMap((node) => node.options.filter((option) => option.takesValue).flatMap((option) => option.names)),
    ),
  ].join('|');

/** A completion script for bash 4 and later. */
export const bashCompletion = (name: string, tree: CommandNode): string => {
  const nodes = flatten(tree);
  return `# bash completion for ${name}; load it with: source <(${name} completions bash)
_${name}() {
  local program="\${COMP_WORDS[0]}" cur="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path='' count=0 index=1 options='' word
  COMPREPLY=()
  while ((index < COMP_CWORD)); do
    word="\${COMP_WORDS[index]}"
    case "$word" in
      ${valueOptions(nodes)}) ((index += 1)) ;;
      -*) ;;
      *)
        case "\${path:+$path }$word" in
          ${pathsOf(nodes)}) path="\${path:+$path }$word" ;;
          *) ((count += 1)) ;;
        esac ;;
    esac
    ((index += 1))
  done
  case "\${path:+$path }$previous" in
${valueCases(nodes)}
  esac
  if [[ "$cur" == -* ]]; then
    case "$path" in
${optionCases(nodes)}
    esac
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  fi
  case "$path:$count" in
${wordCases(nodes)}
  esac
}
complete -F _${name} ${name}
`;
};
