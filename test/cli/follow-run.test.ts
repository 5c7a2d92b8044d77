/** Following what a run writes over a connection that loses, repeats and reorders. */
import { describe, expect, it } from 'vitest';
import { followRun } from '../../src/contracts/follow-run.ts';
import type { RunOutputView, RunPieceView } from '../../src/contracts/runs.ts';

const piece = (seq: number): RunPieceView => ({ seq, at: 0, stream: 'stdout', text: String(seq) });

const follow = (from = 0) => {
  const asked: { from: number; answer(...seqs: number[]): Promise<void>; fail(): Promise<void> }[] = [];
  let tell: (told: RunPieceView) => void = () => undefined;
  let reconnect: () => void = () => undefined;
  const got: number[] = [];
  const errors: unknown[] = [];
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  const follower = followRun(
    {
      follow: (next) =>
        new Promise<RunOutputView>((resolve, reject) => {
          asked.push({
            from: next,
            answer: (...seqs) => {
              resolve({ id: 'r', pieces: seqs.map(piece), next: next + seqs.length, more: false });
              return turn();
            },
            fail: () => {
              reject(new Error('gone'));
              return turn();
            },
          });
        }),
      onPiece: (listener) => {
        tell = listener;
        return () => undefined;
      },
      onConnect: (listener) => {
        reconnect = listener;
        return () => undefined;
      },
    },
    from,
    ({ seq }) => got.push(seq),
    (error) => errors.push(error),
  );
  return { asked, got, errors, follower, tell: (seq: number) => tell(piece(seq)), reconnect: () => reconnect() };
};

describe('following a run', () => {
  it('gives every piece once and in order', async () => {
    const { asked, got, follower, tell } = follow();
    await asked[0]?.answer(0, 1, 2);
    await follower.ready;
    for (const seq of [2, 3, 3, 4]) tell(seq);
    expect(got).toEqual([0, 1, 2, 3, 4]);
    expect(follower.next()).toBe(5);
  });

  it('asks again from where a gap begins, and after a new connection', async () => {
    const { asked, got, tell, reconnect } = follow();
    await asked[0]?.answer(0);
    tell(3);
    expect(asked[1]?.from).toBe(1);
    await asked[1]?.answer(1, 2, 3);
    reconnect();
    expect(asked[2]?.from).toBe(4);
    await asked[2]?.answer(4);
    expect(got).toEqual([0, 1, 2, 3, 4]);
  });

  it('tells of an asking that failed, and nothing any more after it was stopped', async () => {
    const { asked, got, errors, follower, tell, reconnect } = follow(2);
    expect(asked[0]?.from).toBe(2);
    await asked[0]?.answer(2);
    reconnect();
    await asked[1]?.fail();
    expect(errors).toHaveLength(1);
    follower.stop();
    tell(3);
    expect(got).toEqual([2]);
  });
});
