/** The built product as a person runs it: `node dist/llamactor.js serve` as a process of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { vi } from 'vitest';

const PROGRAM = resolve(import.meta.dirname, '../../dist/llamactor.js');

export interface Served {
  child: ChildProcess;
  pid: number;
  url: string;
  routerUrl: string;
  /** Everything printed so far. */
  output(): string;
  exited: Promise<{ code: number | null; signal: string | null }>;
}

/** Starts it on free ports and resolves when it has printed where it listens. */
export const serve = async (options: {
  dataDir: string;
  args?: string[];
  env?: NodeJS.ProcessEnv;
}): Promise<Served> => {
  const child = spawn(
    process.execPath,
    [PROGRAM, 'serve', '--port', '0', '--router-port', '0', '--data-dir', options.dataDir, ...(options.args ?? [])],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } },
  );
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const exited = new Promise<{ code: number | null; signal: string | null }>((done) => {
    child.on('exit', (code, signal) => done({ code, signal }));
  });
  const read = (pattern: RegExp): string => {
    const match = pattern.exec(printed);
    if (match?.[1] === undefined) throw new Error(`not printed yet: ${pattern} in ${printed}`);
    return match[1];
  };
  // Waiting ends with the process: what it printed says why.
  let dead: string | null = null;
  void exited.then(({ code, signal }) => (dead = String(code ?? signal)));
  const started = vi.waitFor(
    () => {
      if (dead !== null) return null;
      // The lines may arrive one by one; this is the last of them.
      read(/^(Models) /m);
      return read(/^(?:Dashboard|Sockets) +(\S+)/m);
    },
    { timeout: 60_000, interval: 10 },
  );
  const url = await started.catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  if (url === null) throw new Error(`serve ended (${dead}): ${printed}`);
  const routerUrl = read(/^API +(http:\/\/[^/\s]+)/m);
  return {
    child,
    pid: child.pid as number,
    url: url.replace('localhost', '127.0.0.1'),
    routerUrl,
    output: () => printed,
    exited,
  };
};

/** Runs another command of the product and collects what it prints. */
export const cli = (
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  new Promise((done) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('exit', (code) => done({ code, stdout, stderr }));
  });
