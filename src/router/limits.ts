/** Bounds of the data plane: bytes, counts and milliseconds. Tests shorten the times. */
export interface Limits {
  /** Largest request body. */
  bodyBytes: number;
  /** Bytes of request bodies held in memory by all requests together. */
  heldBytes: number;
  /** Bytes one request may hold while it waits for its model; the client is slowed down beyond that. */
  waitingBytes: number;
  /** A body up to this size is kept until the first byte of the answer, so that it can be sent once more. */
  replayBytes: number;
  /** Silence after which a body counts as abandoned. */
  bodyIdleMs: number;
  /** How long the rest of a body is swallowed after the answer was sent without it. */
  lingerMs: number;
  /** Most connections per model, where its engine does not say how many threads it has for them. */
  connections: number;
  /** Wait before a streaming client is told that it waits, and between two such notes. */
  firstNoteMs: number;
  noteEveryMs: number;
  /** How long to wait for the control plane to say why a model died. */
  causeMs: number;
  /** Least time between two `finished` messages, and between two `usage` messages that can wait. */
  finishedEveryMs: number;
  usageEveryMs: number;
  /** How long clients get to receive the last error when the router stops. */
  flushMs: number;
}

const MIB = 1024 * 1024;

export const LIMITS: Limits = {
  bodyBytes: 256 * MIB,
  heldBytes: 1024 * MIB,
  waitingBytes: 32 * MIB,
  replayBytes: 4 * MIB,
  bodyIdleMs: 60_000,
  lingerMs: 5_000,
  connections: 1012,
  firstNoteMs: 2_000,
  noteEveryMs: 3_000,
  causeMs: 300,
  finishedEveryMs: 100,
  usageEveryMs: 50,
  flushMs: 500,
};
