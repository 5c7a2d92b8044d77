import type { FromRouter } from '../contracts/ipc.ts';
import type { LogEntryView } from '../contracts/views.ts';

type Follower = (entries: readonly LogEntryView[], dropped: number) => void;

/** The control plane's log as it is written, sent here only while somebody reads it. */
export class LogFeed {
  readonly #send: (message: FromRouter) => void;
  readonly #followers = new Set<Follower>();

  constructor(send: (message: FromRouter) => void) {
    this.#send = send;
  }

  /** Calls back with batches, and with how many entries were left out before each; returns what ends that. */
  follow(follower: Follower): () => void {
    if (this.#followers.size === 0) this.#send({ type: 'logs.follow', on: true });
    this.#followers.add(follower);
    return () => {
      if (this.#followers.delete(follower) && this.#followers.size === 0)
        this.#send({ type: 'logs.follow', on: false });
    };
  }

  receive(entries: readonly LogEntryView[], dropped: number): void {
    for (const follower of [...this.#followers]) follower(entries, dropped);
  }
}
