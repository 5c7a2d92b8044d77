/** Which of the two reply styles a client's call asks for (contracts, section 2). Pure. */
import { randomUUID } from 'node:crypto';

export type RequestId = string | number;
export type Ack = (reply: unknown) => void;

export type Call =
  | { style: 'a'; payload: unknown; ack: Ack }
  | {
      style: 'b';
      payload: unknown;
      requestId: RequestId;
      /** The client chose the id, so `<event>:response:<id>` is sent too. */
      flatWithId: boolean;
      /** The client can tell an answer to an event nobody knows: it sent an envelope, an id or an ack function. */
      expectsAnswer: boolean;
      ack: Ack | null;
    };

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

/** An id is echoed in every answer and in an event name, so a huge one is treated as none. */
const MAX_ID = 1024;

const requestIdOf = (fields: Fields): RequestId | null => {
  const id = Object.hasOwn(fields, 'requestId') ? fields['requestId'] : undefined;
  if (typeof id === 'number') return id;
  return typeof id === 'string' && id !== '' && id.length <= MAX_ID ? id : null;
};

const isAck = (value: unknown): value is Ack => typeof value === 'function';

/** Reads one call from an event's arguments. Any argument may be anything. */
export const readCall = (args: readonly unknown[]): Call => {
  const last = args.at(-1);
  const ack = isAck(last) ? last : null;
  const payload = isAck(args[0]) ? undefined : args[0];
  const fields = isFields(payload) ? payload : {};
  const given = requestIdOf(fields);
  if (fields['type'] === 'request') {
    return {
      style: 'b',
      payload: fields['data'],
      requestId: given ?? randomUUID(),
      flatWithId: false,
      expectsAnswer: true,
      ack,
    };
  }
  if (ack !== null) return { style: 'a', payload, ack };
  return {
    style: 'b',
    payload,
    requestId: given ?? randomUUID(),
    flatWithId: given !== null,
    expectsAnswer: given !== null,
    ack: null,
  };
};
