import path from 'node:path';
import type { Environment } from './io.ts';

export interface Place {
  env: Environment;
  platform: NodeJS.Platform;
  homedir: string;
  /** Relative paths on the command line start here. */
  cwd: string;
}

const given = (value: string | undefined): string | null => (value === undefined || value.trim() === '' ? null : value);

/** Where an application keeps its data on this platform. XDG_DATA_HOME counts only when absolute, as its specification asks. */
const platformDataDir = ({ env, platform, homedir }: Place): string => {
  const join = platform === 'win32' ? path.win32.join : path.posix.join;
  if (platform === 'win32') return join(given(env['LOCALAPPDATA']) ?? join(homedir, 'AppData', 'Local'), 'Llamactor');
  if (platform === 'darwin') return join(homedir, 'Library', 'Application Support', 'Llamactor');
  const xdg = given(env['XDG_DATA_HOME']);
  return join(xdg !== null && path.posix.isAbsolute(xdg) ? xdg : join(homedir, '.local', 'share'), 'llamactor');
};

/** `~/models` as a shell would read it; environment files and service managers do not. */
export const expandPath = (text: string, { homedir, cwd, platform }: Place): string => {
  const tool = platform === 'win32' ? path.win32 : path.posix;
  const expanded =
    text === '~' || text.startsWith('~/') || text.startsWith('~\\') ? tool.join(homedir, text.slice(1)) : text;
  return tool.resolve(cwd, expanded);
};

/** --data-dir over LLAMACTOR_DATA_DIR over the platform's data folder; absolute. */
export const resolveDataDir = (flag: string | undefined, place: Place): string => {
  const chosen = given(flag) ?? given(place.env['LLAMACTOR_DATA_DIR']);
  return chosen === null ? platformDataDir(place) : expandPath(chosen, place);
};
