/** Counts what happened. */
import type { Outcome } from './client.ts';

export class Tally {
  readonly #counts = new Map<string, number>();
  readonly violations: string[] = [];

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  violation(what: string): void {
    this.count('violations');
    if (this.violations.length < 50) this.violations.push(what);
  }

  /** `routerDied` says whether the router was killed while the request ran, which excuses a broken connection. */
  take(outcome: Outcome, routerDied: boolean): void {
    switch (outcome.kind) {
      case 'answered':
      case 'aborted':
        return this.count(`requests ${outcome.kind}`);
      case 'refused':
        this.count(`requests refused: ${outcome.code}`);
        if (outcome.code === 'INTERNAL') this.violation('a request was refused with INTERNAL');
        return;
      case 'cut':
        if (routerDied) return this.count('requests cut by the death of the router');
        return this.violation(`a connection broke although the router lived (${outcome.reason})`);
      case 'wrong':
        return this.violation(outcome.what);
    }
  }

  get(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  all(): [string, number][] {
    return [...this.#counts].sort(([left], [right]) => left.localeCompare(right));
  }
}
