import type { CheckedKey } from '../contracts/keys.ts';

type Limited = Pick<CheckedKey, 'id' | 'concurrency' | 'ratePerMinute'>;

const MINUTE_MS = 60_000;

/** The times of the last requests, as many as are allowed in a minute, as a ring. */
interface Minute {
  times: Float64Array;
  next: number;
}

/** What keys use of their limits: how many requests are being answered, and how many came in the last minute. */
export class Quotas {
  readonly #active = new Map<string, number>();
  readonly #minutes = new Map<string, Minute>();

  /** Whether one more request of that key may be answered now; it waits otherwise. */
  hasRoom(key: Limited | null): boolean {
    return key === null || key.concurrency === null || (this.#active.get(key.id) ?? 0) < key.concurrency;
  }

  take(key: Limited | null): void {
    if (key !== null && key.concurrency !== null) this.#active.set(key.id, (this.#active.get(key.id) ?? 0) + 1);
  }

  /** One answer is over. Returns whether requests of that key may have waited for just this, on any model. */
  give(key: Limited | null): boolean {
    if (key === null || key.concurrency === null) return false;
    const active = (this.#active.get(key.id) ?? 0) - 1;
    if (active > 0) this.#active.set(key.id, active);
    else this.#active.delete(key.id);
    return active === key.concurrency - 1;
  }

  /**
   * Counts a request against the key's rate, or returns the seconds after which one fits. In no 60 s are there more than
   * allowed, wherever they begin; refused ones do not count. `now` is any clock in ms.
   */
  spend(key: Limited | null, now: number): number | null {
    if (key === null || key.ratePerMinute === null) return null;
    let minute = this.#minutes.get(key.id);
    if (minute?.times.length !== key.ratePerMinute) {
      minute = { times: new Float64Array(key.ratePerMinute).fill(-Infinity), next: 0 };
      this.#minutes.set(key.id, minute);
    }
    const wait = (minute.times[minute.next] ?? -Infinity) + MINUTE_MS - now;
    if (wait > 0) return wait / 1000;
    minute.times[minute.next] = now;
    minute.next = (minute.next + 1) % minute.times.length;
    return null;
  }

  /** Forgets the rates of keys that are gone. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#minutes.keys()) if (!ids.has(id)) this.#minutes.delete(id);
  }
}
