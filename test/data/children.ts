import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const here = path.dirname(fileURLToPath(import.meta.url));

export const temporaryFolder = (name: string): Promise<string> =>
  fs.mkdtemp(path.join(os.tmpdir(), `llamactor-${name}-`));

/** Bundles one of the programs in `programs/` to plain JavaScript, because the oldest Node we support runs no TypeScript. */
export const compileProgram = async (name: string, outDir: string, folder = here): Promise<string> => {
  await build({
    configFile: false,
    logLevel: 'error',
    root: folder,
    ssr: { noExternal: true },
    build: {
      ssr: path.join(folder, 'programs', `${name}.ts`),
      outDir,
      emptyOutDir: false,
      minify: false,
      rolldownOptions: { output: { entryFileNames: `${name}.mjs` } },
    },
  });
  return path.join(outDir, `${name}.mjs`);
};

export interface Program {
  child: ChildProcessWithoutNullStreams;
  lines: Interface;
  /** Resolves with everything it printed once it has ended. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string; errors: string }>;
}

export const startProgram = (file: string, args: string[]): Program => {
  const child = spawn(process.execPath, [file, ...args]);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, signal: child.signalCode, output, errors }));
  return { child, lines: createInterface({ input: child.stdout }), ended };
};

/** The next whole line the program prints; fails when it ends without one. */
export const nextLine = async (program: Program): Promise<string> => {
  const ended = program.ended.then(({ code, errors }) => {
    throw new Error(`the program ended (${code}) without printing: ${errors}`);
  });
  const line = once(program.lines, 'line').then(([text]: unknown[]) => String(text));
  ended.catch(() => undefined);
  return Promise.race([line, ended]);
};
