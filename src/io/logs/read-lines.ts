import fs from 'node:fs/promises';
import path from 'node:path';

/**
 * The JSON lines that `createLogFile` wrote under that name, oldest first. A line that a crash cut, or that is no JSON, is left
 * out, and so is a file or folder that cannot be read: a history with a hole is better than none.
 */
export const readJsonLines = async (dir: string, name: string): Promise<unknown[]> => {
  const files = await fs.readdir(dir).catch((): string[] => []);
  const age = (file: string): number => {
    if (file === `${name}.jsonl`) return 0;
    const number = file.startsWith(`${name}.`) ? /^(\d+)\.jsonl$/.exec(file.slice(name.length + 1))?.[1] : undefined;
    return number === undefined ? -1 : Number(number);
  };
  const lines: unknown[] = [];
  for (const file of files.filter((each) => age(each) >= 0).sort((a, b) => age(b) - age(a))) {
    const text = await fs.readFile(path.join(dir, file), 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const value = parsed(line);
      if (value !== undefined) lines.push(value);
    }
  }
  return lines;
};

const parsed = (line: string): unknown => {
  try {
    return line === '' ? undefined : (JSON.parse(line) as unknown);
  } catch {
    return undefined;
  }
};
