/** Many event streams at once, each timed piece by piece. */
import { connect } from 'node:net';
import type { NetConnectOpts } from 'node:net';
import { nowMs, percentile } from './statistics.ts';
import { within } from './wait.ts';
import type { Address } from './requests.ts';

export interface Streamed {
  /** Time to the first token, 99th percentile of the streams, ms. */
  firstP99: number;
  /** Time between two arrivals of bytes within a stream, 99th percentile over all, ms. */
  gapP99: number;
  /** Over all streams, from the first request to the last end. */
  tokensPerSecond: number;
}

const END = 'data: [DONE]';
const TOKEN = '"delta":{"content":';
const DEADLINE_MS = 60_000;
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** `width` streams of `tokens` tokens each. Throws when one is not answered with 200 or ends early. */
export const streamAll = async (
  address: Address,
  request: Buffer,
  width: number,
  tokens: number,
): Promise<Streamed> => {
  const firsts: number[] = [];
  const gaps: number[] = [];
  const startedAt = nowMs();
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const asked = performance.now();
      let before = 0;
      let rest = '';
      let seen = 0;
      const onRead = (bytes: number): boolean => {
        const now = performance.now();
        const text = rest + readBuffer.toString('latin1', 0, bytes);
        if (before === 0 && rest === '' && !text.startsWith('HTTP/1.1 200'))
          reject(new Error(`Answered with ${text.slice(0, 500)}`));
        for (let at = text.indexOf(TOKEN); at !== -1; at = text.indexOf(TOKEN, at + TOKEN.length)) seen += 1;
        if (seen > 0) {
          if (before === 0) firsts.push(now - asked);
          else gaps.push(now - before);
          before = now;
        }
        const over = text.includes(END);
        // Enough for a mark that was cut, too little for one that was counted.
        rest = text.slice(-(TOKEN.length - 1));
        if (!over) return true;
        socket.removeAllListeners('close').destroy();
        if (seen === tokens) resolve();
        else reject(new Error(`A stream of ${seen} tokens instead of ${tokens}.`));
        return false;
      };
      const options = { ...address, noDelay: true, onread: { buffer: readBuffer, callback: onRead } };
      const socket = connect(options as NetConnectOpts, () => void socket.write(request));
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('A stream was cut off.')));
    });
  await within(`${width} streams`, Promise.all(Array.from({ length: width }, one)), DEADLINE_MS);
  const seconds = (nowMs() - startedAt) / 1000;
  return {
    firstP99: percentile(firsts, 0.99),
    gapP99: percentile(gaps, 0.99),
    tokensPerSecond: (width * tokens) / seconds,
  };
};
