/** Markdown as text: its blocks, and where its links may lead. Pure. */
import { Lexer } from 'marked';

export const OPTIONS = { gfm: true, breaks: true } as const;

/** Top-level blocks as source text. A block that did not change keeps its elements while the answer grows below it. */
export const blocksOf = (text: string): string[] =>
  new Lexer(OPTIONS)
    .lex(text)
    .filter((token) => token.type !== 'space')
    .map((token) => token.raw);

/** Links of a model lead out of this page, or nowhere: everything but the web and mail is left as text. */
export const safeLink = (href: string): string | null => {
  const match = /^\s*([a-z][a-z0-9+.-]*):/i.exec(href);
  return match !== null && /^(https?|mailto)$/i.test(match[1] ?? '') ? href.trim() : null;
};
