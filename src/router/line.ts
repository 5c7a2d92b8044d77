import type { CheckedKey } from '../contracts/keys.ts';

interface Waiting {
  readonly key: Pick<CheckedKey, 'id'> | null;
}

/** Arrivals over all lines, so that the oldest of several lines' first ones can be found. */
let arrivals = 0;

const ownerOf = ({ key }: Waiting): string => key?.id ?? '';

/**
 * Those who wait for one model. Every key's requests keep their order, and the keys take turns: whoever sends a thousand
 * requests delays another key's single one by at most one turn. Requests without a key have one turn together. With one key
 * it is a plain queue.
 */
export class Line<T extends Waiting> {
  /** Ticket → arrival, per key; the keys in the order of their turns. */
  readonly #groups = new Map<string, Map<T, number>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many wait with the same key. */
  countLike(ticket: T): number {
    return this.#groups.get(ownerOf(ticket))?.size ?? 0;
  }

  add(ticket: T): void {
    const owner = ownerOf(ticket);
    const group = this.#groups.get(owner) ?? new Map<T, number>();
    this.#groups.set(owner, group.set(ticket, ++arrivals));
    this.#size++;
  }

  delete(ticket: T): boolean {
    const owner = ownerOf(ticket);
    const group = this.#groups.get(owner);
    if (group?.delete(ticket) !== true) return false;
    this.#size--;
    if (group.size === 0) this.#groups.delete(owner);
    return true;
  }

  /** Who is next among those who may be: the first of the first key for which `may` says yes. */
  next(may: (ticket: T) => boolean): T | null {
    for (const group of this.#groups.values()) {
      const [first] = group.keys();
      if (first !== undefined && may(first)) return first;
    }
    return null;
  }

  /** Takes it out to be served; its key's next turn comes after the others'. */
  take(ticket: T): void {
    const owner = ownerOf(ticket);
    if (!this.delete(ticket)) return;
    const group = this.#groups.get(owner);
    if (group === undefined) return;
    this.#groups.delete(owner);
    this.#groups.set(owner, group);
  }

  /** 1 for the next to be served if nobody's limits hold; 0 when it does not wait. */
  position(ticket: T): number {
    const owner = ownerOf(ticket);
    const own = this.#groups.get(owner);
    if (own?.has(ticket) !== true) return 0;
    let before = 0;
    for (const other of own.keys()) {
      if (other === ticket) break;
      before++;
    }
    let position = before + 1;
    // Until then every other key has as many turns, and one more if its turn comes first.
    let comesFirst = 1;
    for (const [key, group] of this.#groups) {
      if (key === owner) comesFirst = 0;
      else position += Math.min(group.size, before + comesFirst);
    }
    return position;
  }

  /** When the first one with that key arrived, as a number that only grows; null when none waits. */
  firstArrival(keyId: string): number | null {
    const [first] = this.#groups.get(keyId)?.values() ?? [];
    return first ?? null;
  }

  all(): T[] {
    return [...this.#groups.values()].flatMap((group) => [...group.keys()]);
  }
}
