/** Code as coloured pieces. A chunk of its own: fetched when the first block of code is shown. */
import { common, createLowlight } from 'lowlight';
import { flatten } from './code-pieces.ts';
import type { CodePiece } from './code-pieces.ts';

const lowlight = createLowlight(common);

/** What models call languages beside the names and aliases that the grammars have themselves. */
lowlight.registerAlias({ bash: ['console', 'shell-session', 'terminal'], javascript: ['node'], python: ['python3'] });

/** Null for a language that has no grammar here. */
export const highlight = (code: string, language: string): CodePiece[] | null =>
  lowlight.registered(language) ? flatten(lowlight.highlight(language, code)) : null;
