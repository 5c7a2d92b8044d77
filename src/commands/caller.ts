/** Who calls a command, what comes back, and what a handler is. */
import type { CodedError } from '../contracts/errors.ts';
import type { CommandName, CommandPayload, CommandResult } from '../contracts/commands.ts';
import type { User } from '../contracts/users.ts';
import type { By, Connection, Services } from './services.ts';

/** Whose call it is: the id of the key and the user of the token that came with it, null without one. */
export interface Principal {
  key: string | null;
  user: User | null;
}

export const NOBODY: Principal = { key: null, user: null };

export interface Caller {
  by: By;
  /** Absent is nobody in particular, like a principal without a key. */
  principal?: Principal;
  /** Reply style: acknowledgement (seed 000), envelope (seed 001), or HTTP. Decides what `models:delete` means. */
  style: 'a' | 'b' | 'http';
  /** The socket behind the call; absent over HTTP. */
  connection?: Connection;
}

export type Outcome<R = unknown> = { ok: true; result: R } | { ok: false; error: CodedError };

/** A handler that can answer at once returns a plain value: subscriptions rely on being answered in the same tick. */
export type Handler<N extends CommandName> = (
  services: Services,
  payload: CommandPayload<N>,
  caller: Caller,
) => CommandResult<N> | Promise<CommandResult<N>>;

/** One handler per command of a domain; a missing or surplus one is a compile error. */
export type Handlers<Prefix extends string> = {
  [N in Extract<CommandName, `${Prefix}:${string}`>]: Handler<N>;
};
