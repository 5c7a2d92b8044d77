/** Turns every event of a socket into a command call and its answer. */
import type { Socket } from 'socket.io';
import { isCommandName } from '../contracts/commands.ts';
import type { CommandName, CommandResult } from '../contracts/commands.ts';
import type { Caller, Outcome, Principal } from '../commands/caller.ts';
import type { CodedError } from '../contracts/errors.ts';
import type { Registry } from '../commands/registry.ts';
import type { Connection } from '../commands/services.ts';
import type { Messaging } from './messaging/messaging.ts';
import { answer, answerUnknown } from './replies.ts';
import { readCall } from './calls.ts';
import { seedEvent } from './seed-events.ts';
import { runPlain } from './plain-events.ts';
import type { PlainEvents } from './plain-events.ts';
import type { Call } from './calls.ts';

/** What every call of one socket has in common. */
export interface Callers {
  /** Undefined in the namespaces that get no broadcasts: there is nothing to subscribe to. */
  connection: Connection | undefined;
  /** At the moment of a call: it changes when a user logs in or out. */
  principal(): Principal;
  plain: PlainEvents;
  /** Makes a coded error of a fault of our own. */
  failed(event: string, cause: unknown): CodedError;
}

/** Who calls at this moment, and over what. */
const callerOf = ({ principal, connection }: Callers): Pick<Caller, 'principal' | 'connection'> => ({
  principal: principal(),
  ...(connection && { connection }),
});

const runCommand = <N extends CommandName>(
  registry: Registry,
  socket: Socket,
  callers: Callers,
  command: N,
  call: Call,
): void => {
  const caller: Caller = {
    by: `${call.style}:${socket.id}`,
    style: call.style,
    ...callerOf(callers),
  };
  const reply = (outcome: Outcome<CommandResult<N>>): void => answer(socket, command, call, outcome);
  const outcome = registry.execute(command, call.payload, caller);
  // No detour through a promise for what is known already: see Registry.execute.
  if (outcome instanceof Promise) void outcome.then(reply);
  else reply(outcome);
};

/** Greetings that clients confirm; they carry nothing and only an ack function expects an answer. */
const CONFIRMATIONS: ReadonlySet<string> = new Set(['connection:ack']);

/** Listens to all events of one socket. */
export const dispatchEvents = (socket: Socket, registry: Registry, callers: Callers, messaging: Messaging): void => {
  socket.onAny((name: unknown, ...args: unknown[]) => {
    // The wire format also allows numbers as names.
    const event = String(name);
    if (messaging.handle(socket, event, args, () => callerOf(callers))) return;
    const call = readCall(args);
    const seed = seedEvent(event);
    const plain = callers.plain.get(event);
    if (seed !== null)
      runCommand(registry, socket, callers, seed.command, { ...call, payload: seed.payload(call.payload) });
    else if (isCommandName(event)) runCommand(registry, socket, callers, event, call);
    else if (plain !== undefined) {
      const context = { socket, principal: callers.principal() };
      runPlain(event, plain, context, call, (cause) => callers.failed(event, cause));
    } else if (!CONFIRMATIONS.has(event)) answerUnknown(socket, event, call);
    else if (call.style === 'a') call.ack({ success: true, data: {}, timestamp: new Date().toISOString() });
  });
};
