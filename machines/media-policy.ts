/** Which media are made next, and which leave when there are too many. Pure. */

export interface MediaSlot {
  id: string;
  phase: 'waiting' | 'running' | 'ended';
}

/** Ids to start now, first come, first served; `most` is how many may be made at once. */
export const nextMedia = (slots: readonly MediaSlot[], most: number): string[] => {
  const room = Math.max(0, most - slots.filter(({ phase }) => phase === 'running').length);
  return slots
    .filter(({ phase }) => phase === 'waiting')
    .slice(0, room)
    .map(({ id }) => id);
};

export interface KeptMedia {
  id: string;
  bytes: number;
  /** Epoch ms. */
  finishedAt: number;
  /** Something is being made of it now. */
  used: boolean;
}

export interface KeepPolicy {
  /** Older ones leave, ms; null keeps them for ever. */
  maxAgeMs: number | null;
  /** Together they take no more, bytes; null is no bound. */
  maxBytes: number | null;
}

/** Ids that leave: those that are too old, then the oldest until the others fit. What is used stays. */
export const mediaToRemove = (
  media: readonly KeptMedia[],
  { maxAgeMs, maxBytes }: KeepPolicy,
  now: number,
): string[] => {
  const oldestFirst = media.toSorted((a, b) => a.finishedAt - b.finishedAt);
  let bytes = media.reduce((sum, each) => sum + each.bytes, 0);
  return oldestFirst.flatMap((each) => {
    const old = maxAgeMs !== null && now - each.finishedAt > maxAgeMs;
    if (each.used || !(old || (maxBytes !== null && bytes > maxBytes))) return [];
    bytes -= each.bytes;
    return [each.id];
  });
};
