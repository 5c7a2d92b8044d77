/**
 * Events of seed 003 that are no commands: about the connection itself, with answers in a flat shape of their own,
 * `{success, …}`. In an envelope, the same fields are the `data` of the answer.
 */
import type { Socket } from 'socket.io';
import { CodedError } from '../contracts/errors.ts';
import type { Principal } from '../commands/caller.ts';
import { answerPlain } from './replies.ts';
import type { Call } from './calls.ts';

export interface PlainContext {
  socket: Socket;
  principal: Principal;
}

/** Answers with the fields of the reply; a CodedError becomes `{success: false, error}`. */
export type PlainEvent = (context: PlainContext, argument: unknown) => object | Promise<object>;
export type PlainEvents = ReadonlyMap<string, PlainEvent>;

/** Runs one and answers; `failed` makes a coded error of anything else that is thrown. */
export const runPlain = (
  event: string,
  handler: PlainEvent,
  context: PlainContext,
  call: Call,
  failed: (cause: unknown) => CodedError,
): void => {
  const refuse = (cause: unknown): void =>
    answerPlain(context.socket, event, call, cause instanceof CodedError ? cause : failed(cause));
  try {
    const reply = handler(context, call.payload);
    if (!(reply instanceof Promise)) return answerPlain(context.socket, event, call, reply);
    reply.then((late) => answerPlain(context.socket, event, call, late), refuse);
  } catch (cause) {
    refuse(cause);
  }
};
