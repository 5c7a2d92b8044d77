/** Runs the CLI in this process with captured streams and signals that a test sends. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { createOutput } from '../../src/cli/io.ts';
import type { CliIo, Output, SignalName, WritableLike } from '../../src/cli/io.ts';
import { runCli } from '../../src/cli/run.ts';
import type { CreateApp } from '../../src/cli/serve/app.ts';

export interface Setup {
  url?: string;
  env?: Record<string, string>;
  /** Piped input; without it stdin is an open pipe that says nothing. */
  stdin?: string;
  /** stdout and stderr are terminals of this width. */
  terminal?: number;
  stdinIsTerminal?: boolean;
  homedir?: string;
  cwd?: string;
  createApp?: CreateApp;
  /** The reader of stdout goes away after this many writes. */
  breakStdoutAfter?: number;
}

export interface Running {
  /** The exit code. */
  done: Promise<number>;
  out(): string;
  err(): string;
  signal(name: SignalName): void;
  /** Codes given to an immediate exit. */
  exits: number[];
  stdin: PassThrough;
  /** The terminal goes away: writes fail from now on. */
  hangUp(): void;
  io: CliIo;
}

class FakeStream extends EventEmitter implements WritableLike {
  text = '';
  isTTY = false;
  columns = 80;
  left = Number.POSITIVE_INFINITY;

  write(text: string): void {
    this.left -= 1;
    if (this.left >= 0) this.text += text;
    else this.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  }
}

const noApp: CreateApp = () => Promise.reject(new Error('This test starts no server.'));

export const start = (argv: readonly string[], setup: Setup = {}): Running => {
  const streams = { stdout: new FakeStream(), stderr: new FakeStream() };
  for (const stream of Object.values(streams)) {
    stream.isTTY = setup.terminal !== undefined;
    stream.columns = setup.terminal ?? 80;
  }
  streams.stdout.left = setup.breakStdoutAfter ?? Number.POSITIVE_INFINITY;
  const signals = new EventEmitter();
  const exits: number[] = [];
  const stdin = new PassThrough();
  if (setup.stdin !== undefined) stdin.end(setup.stdin);
  const outputs: { stdout: Output; stderr: Output } = {
    stdout: createOutput(streams.stdout),
    stderr: createOutput(streams.stderr),
  };
  const io: CliIo = {
    ...outputs,
    stdin: Object.assign(stdin, { isTTY: setup.stdinIsTerminal === true }),
    env: { ...(setup.url === undefined ? {} : { LLAMACTOR_URL: setup.url }), ...setup.env },
    cwd: setup.cwd ?? '/',
    homedir: setup.homedir ?? '/nowhere/home',
    platform: 'linux',
    onSignal: (name, listener) => {
      signals.on(name, listener);
      return () => signals.off(name, listener);
    },
    exitNow: (code) => exits.push(code),
  };
  return {
    done: runCli(argv, io, setup.createApp ?? noApp),
    out: () => streams.stdout.text,
    err: () => streams.stderr.text,
    signal: (name) => signals.emit(name),
    exits,
    stdin,
    hangUp: () => {
      for (const stream of Object.values(streams)) stream.left = 0;
    },
    io,
  };
};

export interface Outcome {
  code: number;
  out: string;
  err: string;
  json(): unknown;
}

export const run = async (argv: readonly string[], setup: Setup = {}): Promise<Outcome> => {
  const running = start(argv, setup);
  const code = await running.done;
  const out = running.out();
  return { code, out, err: running.err(), json: () => JSON.parse(out) as unknown };
};
