/** Runs a program to its end, without a shell, within a deadline. */
import { spawn } from 'node:child_process';

export interface RunOptions {
  env: NodeJS.ProcessEnv;
  deadlineMs: number;
  cwd?: string;
  signal?: AbortSignal;
  /** Hears of the process group; what it returns, of its end. */
  watch?: (pid: number) => () => void;
}

export interface RunResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** True when the deadline ended it. */
  timedOut: boolean;
}

/** `--help` of llama-server is about 60 kB; a package listing may reach a few hundred. */
const OUTPUT_LIMIT = 4 * 1024 * 1024;
/** How long output may stay open after the end, when a grandchild in another group inherited the pipes. */
const DRAIN_MS = 1000;

const POSIX = process.platform !== 'win32';

/**
 * Resolves when the program ended, whatever its exit code. Rejects with the spawn error (`ENOENT`, `EACCES`, …) when it
 * could not be started, and with the signal's reason when `signal` aborts; the process group is killed first, so that
 * apt's download helpers do not outlive a cancelled install. At most 4 MiB of each output are kept.
 */
export const runProgram = (command: string, args: readonly string[], options: RunOptions): Promise<RunResult> =>
  new Promise((resolve, reject) => {
    const { signal } = options;
    if (signal?.aborted) {
      reject(asError(signal.reason));
      return;
    }
    const child = spawn(command, args, {
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: POSIX,
      windowsHide: true,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const unwatch = child.pid === undefined ? undefined : options.watch?.(child.pid);
    let timedOut = false;
    let aborted: Error | null = null;
    let drain: NodeJS.Timeout | undefined;

    const kill = () => {
      if (child.pid === undefined) return;
      try {
        if (POSIX) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch {
        // It ended between the decision and the kill.
      }
    };
    const onAbort = () => {
      aborted = asError(signal?.reason);
      kill();
    };
    const deadline = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.deadlineMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    const settle = () => {
      unwatch?.();
      clearTimeout(deadline);
      clearTimeout(drain);
      signal?.removeEventListener('abort', onAbort);
    };

    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (output[name].length < OUTPUT_LIMIT) output[name] += text;
      });
    }
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('exit', () => {
      drain = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, DRAIN_MS);
    });
    child.once('close', (code, endedBy) => {
      settle();
      if (aborted) reject(aborted);
      else resolve({ code, signal: endedBy, ...output, timedOut });
    });
  });

const asError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error('The operation was cancelled.');

/** The last non-empty lines of an output, for an error message. */
export const lastLines = (text: string, count: number): string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-count);
