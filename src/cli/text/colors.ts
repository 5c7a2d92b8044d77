import type { Environment, Output } from '../io.ts';

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const;
export type Colour = keyof typeof CODES;
export type Paint = (colour: Colour | null, text: string) => string;

/** Colours only for a terminal, and never against --no-color, NO_COLOR (https://no-color.org) or a dumb terminal. */
export const painter = (output: Output, env: Environment, wanted: boolean): Paint => {
  const off = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  if (!wanted || off || !output.isTTY) return (_colour, text) => text;
  return (colour, text) => (colour === null ? text : `\u001b[${CODES[colour]}m${text}\u001b[0m`);
};
