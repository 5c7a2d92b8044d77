/**
 * A small set whose members come and go by the thousand. V8's own Set copies itself into a new table every few dozen changes, and
 * the tables it leaves behind are linked to each other: once one has grown old, all later ones and every member that they ever held
 * stay until the next full collection. With requests as members that was a sixth of the router's processor time.
 */
export class Roster<T extends object> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** The member must not be in it yet. */
  add(member: T): void {
    this.#members.push(member);
  }

  delete(member: T): boolean {
    const at = this.#members.indexOf(member);
    const last = this.#members.pop();
    if (at === -1) {
      if (last !== undefined) this.#members.push(last);
      return false;
    }
    if (last !== undefined && last !== member) this.#members[at] = last;
    return true;
  }

  /** Goes through those that are in it now, whoever leaves meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return [...this.#members][Symbol.iterator]();
  }
}
