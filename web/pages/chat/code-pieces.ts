/** A syntax tree as pieces in a row. Pure. */

export interface CodePiece {
  text: string;
  /** Names of the innermost scope as classes, for example "hljs-string"; empty for plain text. */
  scope: string;
}

/** The part of a syntax tree that is used (hast). */
export interface CodeNode {
  type: string;
  value?: string;
  properties?: { className?: unknown };
  children?: readonly CodeNode[];
}

const scopeOf = (node: CodeNode): string => {
  const names = node.properties?.className;
  return Array.isArray(names) ? names.map(String).join(' ') : '';
};

export const flatten = (root: CodeNode): CodePiece[] => {
  const pieces: CodePiece[] = [];
  const add = (text: string, scope: string): void => {
    const last = pieces.at(-1);
    if (last?.scope === scope) last.text += text;
    else if (text !== '') pieces.push({ text, scope });
  };
  const walk = (node: CodeNode, scope: string): void => {
    if (node.type === 'text') add(node.value ?? '', scope);
    for (const child of node.children ?? []) walk(child, scopeOf(node) || scope);
  };
  walk(root, '');
  return pieces;
};
