/**
 * A server of the Model Context Protocol as a child: in a process group of its own, known to the guardian, with the environment that
 * it was given and nothing else. Its stdin and stdout are the transport, its stderr goes to the log.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { ReadBuffer, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Guardian } from '../guardian.ts';
import { lineSplitter } from '../llama/child-protocol.ts';
import { endMarked } from '../processes/marked-processes.ts';
import type { PidRecords } from '../processes/pid-records.ts';
import { killGroup } from '../processes/process-group.ts';

export interface ServerCommand {
  name: string;
  command: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
}

export interface ServerExit {
  exitCode: number | null;
  signal: string | null;
  /** Why it could not be started, or was ended by us for what it wrote; null otherwise. */
  problem: string | null;
  started: boolean;
  /** Its last words, oldest first. */
  lines: string[];
}

export interface ServerProcess {
  transport: Transport;
  endInput(): void;
  signal(name: NodeJS.Signals): void;
}

export interface ServerProcessDeps {
  pids: PidRecords;
  guardian: Guardian;
  /** Without secrets. */
  onLine(line: string, isNoise: boolean): void;
  onSpawned(pid: number): void;
  /** Exactly once, when nothing of it runs any more. */
  onEnded(exit: ServerExit): void;
}

/** Stands in the environment of everything that the server starts, so that also what leaves its process group is found. */
const MARK = 'LLAMACTOR_MCP_SERVER';
const LAST_LINES = 20;
/** Lines on stdout that are no messages: so many are told, then only that there are more. */
const TOLD_NOISE = 5;
const LONGEST_LINE = 2000;

export const startServerProcess = (wish: ServerCommand, deps: ServerProcessDeps): ServerProcess => {
  const mark = randomUUID();
  const lines: string[] = [];
  let ended = false;
  let problem: string | null = null;
  let noise = 0;

  const child = spawn(wish.command, [...wish.args], {
    cwd: wish.cwd,
    env: { ...wish.env, ...deps.guardian.mark, [MARK]: mark },
    stdio: 'pipe',
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const transport = transportOf(child, (text) => {
    noise += 1;
    const line = text.slice(0, LONGEST_LINE);
    if (noise <= TOLD_NOISE) deps.onLine(`It wrote to stdout what is no message: ${line}`, true);
    else if (noise === TOLD_NOISE + 1) deps.onLine('It goes on writing to stdout what is no message.', true);
  });
  const tooMuch = (message: string): void => {
    problem ??= message;
    if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL');
  };
  transport.tooMuch = tooMuch;

  const splitter = lineSplitter((text) => {
    const line = text.slice(0, LONGEST_LINE);
    if (line.trim() === '') return;
    lines.push(line);
    if (lines.length > LAST_LINES) lines.shift();
    deps.onLine(line, false);
  });
  child.stderr.on('data', (chunk: Buffer) => splitter.push(chunk));
  child.stderr.on('end', () => splitter.end());

  const finish = (exit: Pick<ServerExit, 'exitCode' | 'signal' | 'started'>): void => {
    if (ended) return;
    ended = true;
    transport.onclose?.();
    deps.onEnded({ ...exit, problem, lines: [...lines] });
  };
  child.on('spawn', () => {
    const pid = child.pid as number;
    deps.guardian.add(pid);
    // The record only helps the clean-up of a next start; the server is not refused for it.
    void deps.pids
      .add({ pid, command: [wish.command, ...wish.args], owner: `mcp:${wish.name}` })
      .catch(() => undefined);
    deps.onSpawned(pid);
  });
  child.on('error', (error: NodeJS.ErrnoException) => {
    if (child.pid !== undefined) return;
    problem = whyNotStarted(wish, error);
    finish({ exitCode: null, signal: null, started: false });
  });
  child.on('exit', (exitCode, signal) => {
    const pid = child.pid as number;
    killGroup(pid, 'SIGKILL');
    const strays = endMarked(MARK, mark);
    deps.guardian.remove(pid);
    void Promise.race([settled(child), delay(LAST_WORDS_MS)]).then(async () => {
      await strays;
      await deps.pids.remove(pid).catch(() => undefined);
      finish({ exitCode, signal, started: true });
    });
  });

  return {
    transport,
    endInput: () => child.stdin.end(),
    signal(name) {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killGroup(child.pid, name);
    },
  };
};

/** How long the last output may take to arrive after the process has left, ms: a grandchild may hold the pipes open. */
const LAST_WORDS_MS = 200;
const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
const settled = (child: ChildProcessWithoutNullStreams): Promise<void> =>
  new Promise((resolve) => void child.once('close', resolve));

type StdioTransport = Transport & { tooMuch?: (message: string) => void };

/** Messages are lines of JSON on stdin and stdout; the SDK's own buffer and writer make them. */
const transportOf = (child: ChildProcessWithoutNullStreams, onNoise: (text: string) => void): StdioTransport => {
  const buffer = new ReadBuffer();
  const transport: StdioTransport = {
    start: () => Promise.resolve(),
    send: (message) =>
      new Promise((resolve, reject) => {
        if (!child.stdin.writable) reject(new Error('Its input has ended.'));
        else child.stdin.write(serializeMessage(message), (error) => (error == null ? resolve() : reject(error)));
      }),
    close: () => {
      child.stdin.end();
      return Promise.resolve();
    },
  };
  // A server that has gone does not read; its end is told by its exit.
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (chunk: Buffer) => {
    try {
      buffer.append(chunk);
    } catch {
      transport.tooMuch?.('It wrote a message that is larger than 10 MiB.');
      return;
    }
    for (;;) {
      try {
        const message = buffer.readMessage();
        if (message === null) return;
        transport.onmessage?.(message);
      } catch (error) {
        onNoise(error instanceof Error ? error.message : String(error));
      }
    }
  });
  return transport;
};

const whyNotStarted = ({ command, cwd }: ServerCommand, { code, message }: NodeJS.ErrnoException): string => {
  // Node says ENOENT of the command when it is the folder that is missing.
  if (code === 'ENOENT')
    return `There is no command "${command}", or no folder ${cwd}; correct it and start the server.`;
  if (code === 'EACCES') return `The command "${command}" may not be executed; check its permissions.`;
  return `The command "${command}" cannot be started: ${message}`;
};
