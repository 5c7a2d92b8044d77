/** Following what a run writes, for every client. */
import type { RunOutputView, RunPieceView } from './runs.ts';

/** What following a run needs from the connection. */
export interface RunSource {
  follow(from: number): Promise<RunOutputView>;
  onPiece(listener: (piece: RunPieceView) => void): () => void;
  onConnect(listener: () => void): () => void;
}

export interface RunFollower {
  /** Settles with the first answer or its failure. */
  ready: Promise<void>;
  /** Number of the piece that comes next. */
  next(): number;
  stop(): void;
}

/**
 * What a run wrote from `from` on and then what it writes, in order, each piece once; a lost connection or a gap asks again from
 * where it broke off. `onError` hears of a later asking that failed.
 */
export const followRun = (
  source: RunSource,
  from: number,
  onPiece: (piece: RunPieceView) => void,
  onError: (error: unknown) => void,
): RunFollower => {
  let next = from;
  let stopped = false;
  /** Only the newest asking may answer. */
  let asking = 0;

  const take = (piece: RunPieceView): void => {
    if (stopped || piece.seq < next) return;
    if (piece.seq > next) return again();
    next += 1;
    onPiece(piece);
  };
  const ask = async (): Promise<void> => {
    const mine = ++asking;
    const { pieces } = await source.follow(next);
    if (mine === asking) for (const piece of pieces) take(piece);
  };
  const again = (): void => {
    ask().catch((error: unknown) => {
      if (!stopped) onError(error);
    });
  };
  const offPiece = source.onPiece(take);
  const offConnect = source.onConnect(again);
  return {
    ready: ask(),
    next: () => next,
    stop: () => {
      stopped = true;
      offPiece();
      offConnect();
    },
  };
};
