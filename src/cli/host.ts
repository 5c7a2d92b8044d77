import type { Command } from 'commander';
import type { ServeFlags } from './serve-options.ts';
import type { Session } from './session.ts';

/** What the command definitions hand their work to. */
export interface CliHost {
  /** Runs a command of a person or program, with its teardown. */
  run(handler: (session: Session) => Promise<number | void>): Promise<void>;
  /** Runs the server until it ends. */
  serve(flags: ServeFlags): Promise<void>;
}

/** Runs nothing: for the reference and the completions, which only read the tree of commands. */
export const idleHost: CliHost = { run: () => Promise.resolve(), serve: () => Promise.resolve() };

export type Register = (program: Command, host: CliHost) => void;
