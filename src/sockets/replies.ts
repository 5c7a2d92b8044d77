/** Builds and sends answers in the style a call asked for. */
import type { Socket } from 'socket.io';
import { COMMANDS, failureCode } from '../contracts/commands.ts';
import { CodedError } from '../contracts/errors.ts';
import type { AckReply, EnvelopeError, EnvelopeReply } from '../contracts/events.ts';
import type { CommandName, CommandResult } from '../contracts/commands.ts';
import type { Outcome } from '../commands/caller.ts';
import { DialectError } from '../commands/errors.ts';
import { ackExtras, flatExtras, resultForA, resultForB } from './results.ts';
import type { Call } from './calls.ts';

const ackFailure = (error: CodedError): AckReply => ({
  success: false,
  error: error instanceof DialectError ? error.acknowledgement : error.message,
  code: error.code,
  timestamp: new Date().toISOString(),
});

const envelopeError = (code: string, error: CodedError): EnvelopeError => ({
  code,
  message: error instanceof DialectError ? error.envelope : error.message,
  reason: error.code,
  ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
  ...(error.details === undefined ? {} : { details: { ...error.details } }),
});

type EnvelopeCall = Extract<Call, { style: 'b' }>;

const sendEnvelope = (
  socket: Socket,
  event: string,
  call: EnvelopeCall,
  body: { success: boolean; data: unknown; error: EnvelopeError | null },
  flat: object,
): void => {
  const reply: EnvelopeReply = { type: 'response', event, ...body, requestId: call.requestId, timestamp: Date.now() };
  socket.emit(`${event}:result`, reply);
  if (call.flatWithId) socket.emit(`${event}:response:${call.requestId}`, { ...reply, ...flat });
  call.ack?.(reply);
};

/** Answers a command. `payload` is what the client sent, for answers that echo a part of it. */
export const answer = <N extends CommandName>(
  socket: Socket,
  command: N,
  call: Call,
  outcome: Outcome<CommandResult<N>>,
): void => {
  if (call.style === 'a') {
    call.ack(
      outcome.ok
        ? {
            success: true,
            data: resultForA(command, outcome.result, call.payload),
            ...ackExtras(command, outcome.result),
            timestamp: new Date().toISOString(),
          }
        : ackFailure(outcome.error),
    );
    return;
  }
  if (outcome.ok) {
    const data = resultForB(command, outcome.result);
    const flat = call.flatWithId ? flatExtras(command, outcome.result) : {};
    const flatData = Object.keys(flat).length === 0 ? {} : { data: { ...flat }, ...flat };
    sendEnvelope(socket, command, call, { success: true, data, error: null }, flatData);
  } else {
    const error = envelopeError(failureCode(command), outcome.error);
    sendEnvelope(socket, command, call, { success: false, data: null, error }, {});
  }
};

/** `joinRoom` → `JOIN_ROOM_FAILED`. */
const plainFailureCode = (event: string): string =>
  `${event.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).replaceAll(/[:-]/g, '_')}_FAILED`.toUpperCase();

/** Answers an event that has a flat shape of its own: the fields of `reply` beside `success`. */
export const answerPlain = (socket: Socket, event: string, call: Call, reply: object): void => {
  const error = reply instanceof CodedError ? reply : null;
  if (call.style === 'a') {
    call.ack(error === null ? { success: true, ...reply } : { success: false, error: error.message, code: error.code });
  } else if (call.expectsAnswer) {
    const body =
      error === null
        ? { success: true, data: reply, error: null }
        : { success: false, data: null, error: envelopeError(plainFailureCode(event), error) };
    sendEnvelope(socket, event, call, body, {});
  }
};

/** Answers an event that no command has, when the client can tell; otherwise it would wait for ever. */
export const answerUnknown = (socket: Socket, event: string, call: Call): void => {
  const shown = event.slice(0, 128);
  const error = new CodedError('NOT_FOUND', `Unknown event: ${shown}`, {
    details: { commands: Object.keys(COMMANDS).length },
  });
  if (call.style === 'a') call.ack(ackFailure(error));
  else if (call.expectsAnswer) {
    const body = { success: false, data: null, error: envelopeError('UNKNOWN_EVENT', error) };
    sendEnvelope(socket, shown, call, body, {});
  }
};
