/** Lets a body pass as long as it keeps to its size. */
import { Transform } from 'node:stream';

/** Fails with one of the two refusals when it is larger than `mostBytes`, or has nothing in it. */
export const counted = (mostBytes: number, refusals: { tooLarge(): Error; empty(): Error }): Transform => {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= mostBytes) done(null, chunk);
      else done(refusals.tooLarge());
    },
    flush(done) {
      done(bytes === 0 ? refusals.empty() : null);
    },
  });
};
