/** The files of a run beside its output: the prompt, what its command reports, and the folder it works in. */
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';

export interface RunFiles {
  /** The folder that a run works in when none is named. It need not exist. */
  ownFolder(id: string): string;
  /** Where a command may write what it used. */
  report(id: string): string;
  /** Resolves when it is durable. */
  writePrompt(id: string, prompt: string): Promise<void>;
  /** Empty when it is gone. */
  readPrompt(id: string): Promise<string>;
  /** The report as text; null when there is none, or it is too large to be one. */
  readReport(id: string): Promise<string | null>;
  /** Removes all of them. */
  remove(id: string): Promise<void>;
}

const MOST_REPORT_BYTES = 64 * 1024;
/** Ids are made here and are plain, but a path is never built from anything else. */
const PLAIN_ID = /^[\w-]{1,64}$/;

export const openRunFiles = async (folder: string): Promise<RunFiles> => {
  await mkdir(path.join(folder, 'work'), { recursive: true, mode: 0o700 });
  const fileOf = (id: string, ending: string): string => {
    if (!PLAIN_ID.test(id)) throw new Error(`not an id of a run: ${id.slice(0, 64)}`);
    return path.join(folder, `${id}.${ending}`);
  };
  const ownFolder = (id: string): string => path.join(folder, 'work', path.basename(fileOf(id, 'x'), '.x'));
  const report = (id: string): string => fileOf(id, 'report.json');
  return {
    ownFolder,
    report,
    async writePrompt(id, prompt) {
      const file = await open(fileOf(id, 'prompt'), 'w', 0o600);
      try {
        await file.writeFile(prompt);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    readPrompt: (id) => readFile(fileOf(id, 'prompt'), 'utf8').catch(() => ''),
    async readReport(id) {
      try {
        const { size } = await stat(report(id));
        return size > MOST_REPORT_BYTES ? null : await readFile(report(id), 'utf8');
      } catch {
        return null;
      }
    },
    async remove(id) {
      await rm(fileOf(id, 'prompt'), { force: true });
      await rm(report(id), { force: true });
      await rm(ownFolder(id), { recursive: true, force: true });
    },
  };
};
