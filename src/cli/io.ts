/** The world as the CLI sees it. `main.ts` fills it from the process; tests fill it with captured streams. */
export interface Output {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number;
  /** Aborted once nobody reads this stream any more (EPIPE); writes are dropped from then on. */
  readonly broken: AbortSignal;
}

export type SignalName = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
export type Environment = Readonly<Record<string, string | undefined>>;

export interface CliIo {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  readonly env: Environment;
  readonly cwd: string;
  readonly homedir: string;
  readonly platform: NodeJS.Platform;
  /** Calls back for each signal until the returned function is called. */
  onSignal(signal: SignalName, listener: () => void): () => void;
  /** Ends the process at once; only for a second signal while the server drains. */
  exitNow(code: number): void;
}

/** The part of a writable stream that an Output needs. */
export interface WritableLike {
  write(text: string): unknown;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  isTTY?: boolean;
  columns?: number;
}

/**
 * Wraps a stream so that a reader that went away (`llamactor logs -f | head -1`) is a fact to react to and not an uncaught
 * exception. Any other write error is treated alike: there is nobody left to report it to.
 */
export const createOutput = (stream: WritableLike): Output => {
  const controller = new AbortController();
  stream.on('error', () => controller.abort());
  return {
    write: (text) => {
      if (!controller.signal.aborted) stream.write(text);
    },
    get isTTY() {
      return stream.isTTY === true;
    },
    get columns() {
      // A pseudo-terminal whose size nobody set has 0 columns.
      return stream.columns === undefined || stream.columns < 1 ? 80 : stream.columns;
    },
    broken: controller.signal,
  };
};
