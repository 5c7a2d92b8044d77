/** The value of a top-level field: a scalar, or the mark of an object or array, whose content is not kept. */
export type Scanned = string | number | boolean | null | typeof NESTED;
export const NESTED = Symbol('object or array');

/** Looks for a few fields of a body while its bytes arrive: JsonScan for objects, FormScan for multipart forms. */
export interface BodyScan {
  /** The wanted fields seen so far. */
  readonly found: ReadonlyMap<string, Scanned>;
  /** What is wrong with the body, as the end of a sentence; null while it is fine. */
  readonly problem: string | null;
  /** True when nothing more can be learnt. */
  readonly settled: boolean;
  /** What the body should have been, for a sentence: "JSON", and how to mend it. */
  readonly format: string;
  readonly remedy: string;
  feed(chunk: Buffer): void;
  /** The body is over. */
  end(): void;
}

/** For a request whose model is known from elsewhere: its body is nobody's business but the engine's. */
export const NO_SCAN: BodyScan = {
  found: new Map(),
  problem: null,
  settled: true,
  format: '',
  remedy: '',
  feed: () => undefined,
  end: () => undefined,
};
