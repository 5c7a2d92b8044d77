/**
 * A client for many equal answers: it knows from the first one how many bytes an answer has and only counts afterwards, so that
 * it takes little processor time from what it measures.
 */
import { connect } from 'node:net';
import type { NetConnectOpts, Socket } from 'node:net';
import { inSequence } from './requests.ts';
import { median, nowMs } from './statistics.ts';
import type { Address } from './requests.ts';

export interface Hammered {
  /** Requests per second. */
  rate: number;
  /** Median time of an answer, ms. */
  p50: number;
}

const DEADLINE_MS = 120_000;
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** `count` requests over `width` connections at once. Throws for any answer whose size or status differs from the first. */
export const hammer = async (address: Address, request: Buffer, count: number, width: number): Promise<Hammered> => {
  const [first] = await inSequence(address, request, 1);
  const size = first?.bytes ?? 0;
  const times: number[] = [];
  let left = count;
  let startedAt = 0;
  const sockets: Socket[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(
        () => reject(new Error(`${count} answers took over ${DEADLINE_MS / 1000} s.`)),
        DEADLINE_MS,
      );
      let open = 0;
      const done = (error?: Error): void => {
        clearTimeout(deadline);
        if (error) reject(error);
        else resolve();
      };
      const begin = (): void => {
        startedAt = nowMs();
        for (const socket of sockets) socket.emit('next');
      };
      for (let index = 0; index < width; index += 1) {
        let asked = 0;
        let seen = 0;
        const next = (): void => {
          if (left <= 0) return;
          left -= 1;
          seen = 0;
          asked = performance.now();
          socket.write(request);
        };
        const onRead = (bytes: number): boolean => {
          if (seen === 0 && readBuffer.toString('latin1', 9, 12) !== '200') {
            done(new Error(`Answered with ${readBuffer.toString('utf8', 0, Math.min(bytes, 500))}`));
            return false;
          }
          seen += bytes;
          if (seen < size) return true;
          if (seen > size) done(new Error(`An answer of ${seen} bytes instead of ${size}.`));
          times.push(performance.now() - asked);
          if (times.length === count) done();
          else next();
          return true;
        };
        const options = { ...address, noDelay: true, onread: { buffer: readBuffer, callback: onRead } };
        const socket = connect(options as NetConnectOpts);
        sockets.push(socket);
        socket.on('error', done);
        socket.on('close', () => done(new Error('The connection was closed in the middle of an answer.')));
        socket.on('next', next);
        socket.on('connect', () => {
          open += 1;
          if (open === width) begin();
        });
      }
    });
    return { rate: (count * 1000) / (nowMs() - startedAt), p50: median(times) };
  } finally {
    for (const socket of sockets) socket.removeAllListeners('close').destroy();
  }
};
