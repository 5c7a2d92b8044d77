import type { LiveChange, LiveChangeView, SnapshotView } from '../contracts/views.ts';

export type OnSnapshot = (snapshot: SnapshotView) => void;
export type OnChange = (changes: readonly LiveChange[], seq: number) => void;

/** What the follower needs from the connection. */
export interface LiveSource {
  subscribe(): Promise<SnapshotView>;
  onChange(listener: (change: LiveChangeView) => void): () => void;
  /** `recovered`: the server kept this connection's state and replays what was missed. */
  onConnect(listener: (recovered: boolean) => void): () => void;
  isConnected(): boolean;
}

export interface LiveFollower {
  /** Settles with the first snapshot or its failure. */
  ready: Promise<void>;
  stop(): void;
}

/**
 * Follows the system as a snapshot and gapless increments. Increments that overtake the snapshot are held back; a gap in `seq`
 * asks for a snapshot again, and so does a new connection unless its state was recovered. `onError` gets a failed resubscription
 * of a live connection; one that failed because the connection broke is repeated by the next connect.
 */
export const followLive = (
  source: LiveSource,
  onSnapshot: OnSnapshot,
  onChange: OnChange,
  onError: (error: unknown) => void,
): LiveFollower => {
  let seq = 0;
  let waiting: LiveChangeView[] | null = null;
  let stopped = false;
  /** Only the newest subscription may answer: an older one that was overtaken by a reconnect is stale. */
  let generation = 0;

  const apply = (change: LiveChangeView): void => {
    if (waiting !== null) {
      waiting.push(change);
      return;
    }
    if (change.seq <= seq) return;
    if (change.seq > seq + 1) {
      resubscribe();
      return;
    }
    seq = change.seq;
    onChange(change.changes, seq);
  };

  const subscribe = async (): Promise<void> => {
    const mine = ++generation;
    waiting = [];
    const snapshot = await source.subscribe();
    if (stopped || mine !== generation) return;
    const held = waiting;
    waiting = null;
    seq = snapshot.seq;
    onSnapshot(snapshot);
    for (const change of held) apply(change);
  };

  const resubscribe = (): void => {
    subscribe().catch((error: unknown) => {
      if (!stopped && source.isConnected()) onError(error);
    });
  };

  const offChange = source.onChange(apply);
  const offConnect = source.onConnect((recovered) => {
    // A recovered connection that was still waiting for its snapshot lost that answer with the old transport.
    if (!recovered || waiting !== null) resubscribe();
  });

  return {
    ready: subscribe(),
    stop: () => {
      stopped = true;
      offChange();
      offConnect();
    },
  };
};
