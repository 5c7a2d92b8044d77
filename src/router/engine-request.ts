import type { Socket } from 'node:net';
import { inThisTurn } from './turn.ts';

/** What is sent to an engine. */
export interface EngineRequest {
  method: string;
  /** With its query. */
  path: string;
  /** Names and values in turn. `content-length` among them declares the length of a body that is no Buffer. */
  headers: readonly string[];
  body: Buffer | AsyncIterable<Buffer> | null;
}

/** Up to this size a body is sent in one piece with the headers; beyond it the copy costs more than the second write. */
const JOINED_BYTES = 16 * 1024;
const NOT_IN_A_TARGET = /[^\x21-\x7e\x80-\xff]/;
const NOT_IN_A_HEADER = /[^\t\x20-\x7e\x80-\xff]/;

const declaresLength = (headers: readonly string[]): boolean =>
  headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-length');

/** The request line and headers in latin1, with the empty line. Throws when something in it would begin another line. */
export const encodeRequest = ({ method, path, headers, body }: EngineRequest, host: string): string => {
  if (NOT_IN_A_TARGET.test(path)) throw invalid('path');
  let head = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: keep-alive\r\n`;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    if (NOT_IN_A_HEADER.test(name) || NOT_IN_A_HEADER.test(value)) throw invalid('header');
    head += `${name}: ${value}\r\n`;
  }
  if (body !== null && !declaresLength(headers))
    head += Buffer.isBuffer(body) ? `content-length: ${body.length}\r\n` : 'transfer-encoding: chunked\r\n';
  return `${head}\r\n`;
};

const invalid = (what: string): Error =>
  Object.assign(new Error(`the ${what} holds a character that cannot be sent`), { code: 'BAD_REQUEST' });

/**
 * Writes a request. `done` is called once everything is handed to the socket, with an error when the body could not be read to
 * its end; not at all once `wanted` says that nobody waits for it any more.
 */
export const sendBody = (
  socket: Socket,
  head: string,
  body: EngineRequest['body'],
  wanted: () => boolean,
  done: (error?: Error) => void,
): void => {
  if (body === null || (Buffer.isBuffer(body) && body.length <= JOINED_BYTES)) {
    inThisTurn(() => {
      if (!wanted()) return;
      socket.write(body === null ? head : head + body.toString('latin1'), 'latin1');
      done();
    });
  } else if (Buffer.isBuffer(body)) {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body);
    socket.uncork();
    done();
  } else {
    socket.write(head, 'latin1');
    const chunked = head.endsWith('transfer-encoding: chunked\r\n\r\n');
    sendFlow(socket, body, chunked, wanted).then(
      () => done(),
      (error: unknown) => done(error as Error),
    );
  }
};

const sendFlow = async (
  socket: Socket,
  flow: AsyncIterable<Buffer>,
  chunked: boolean,
  wanted: () => boolean,
): Promise<void> => {
  for await (const chunk of flow) {
    if (!wanted()) return;
    if (chunk.length === 0) continue;
    socket.cork();
    if (chunked) socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
    let more = socket.write(chunk);
    if (chunked) more = socket.write('\r\n', 'latin1');
    socket.uncork();
    if (!more) await drained(socket);
  }
  if (chunked && wanted()) socket.write('0\r\n\r\n', 'latin1');
};

const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      socket.off('drain', go);
      socket.off('close', go);
      resolve();
    };
    socket.on('drain', go);
    socket.on('close', go);
    if (socket.destroyed) go();
  });
