/** Whoever is asked, as it is now. */
export interface Thinker {
  /** As the answer names it. */
  model: string;
  /** Of what is learnt about it. */
  id: string;
  url(): string;
  key: string | null;
  whom: string;
  native: boolean;
  sees: boolean;
  /** Tokens. */
  context(): number;
  /** It has to be loaded first. */
  isAsleep: boolean;
}
