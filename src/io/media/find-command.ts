/** Where a tool's program lies. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

const isProgram = async (file: string): Promise<boolean> => {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
};

const ENDINGS = process.platform === 'win32' ? ['.exe', '.cmd', '.bat', ''] : [''];

/** The first of these programs that is there: absolute paths as they are, other names on PATH. Null when there is none. */
export const findCommand = async (names: readonly string[], env: NodeJS.ProcessEnv): Promise<string | null> => {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const name of names) {
    const candidates = isAbsolute(name)
      ? [name]
      : /[/\\]/.test(name)
        ? []
        : folders.flatMap((folder) => ENDINGS.map((ending) => join(folder, name + ending)));
    for (const candidate of candidates) if (await isProgram(candidate)) return candidate;
  }
  return null;
};
