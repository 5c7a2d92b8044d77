/** The control plane's end of the channel to the router process; it outlives the process, which may be restarted. */
import type { ChildProcess } from 'node:child_process';
import type { FromRouter, ToRouter } from '../contracts/ipc.ts';

export interface RouterLink {
  /** Drops the message when no router runs; a new router gets the whole route table with `start`. */
  send(message: ToRouter): void;
  onMessage(listener: (message: FromRouter) => void): () => void;
  /** Ends a model's streams in band; resolves when the router has done so, or after `timeoutMs`, or when there is no router. */
  detach(modelId: string, reason: string, timeoutMs: number): Promise<void>;
  /**
   * Has the router hold back a model's requests as soon as none of them is in flight, and calls `onHeld` then; at once when no
   * router runs. There is no deadline: a stream may last as long as it likes. The returned function takes the hold back.
   */
  hold(modelId: string, onHeld: () => void): () => void;
  /** What runs and waits at the router; nothing when there is none, null when it does not answer in time. */
  requests(timeoutMs: number): Promise<Extract<FromRouter, { type: 'requests' }> | null>;
  /** Ends a request; false when there is no such one, null when the router does not answer in time. */
  cancel(id: string, timeoutMs: number): Promise<boolean | null>;
  attach(child: ChildProcess): void;
  detached(): void;
}

export const createRouterLink = (): RouterLink => {
  const listeners = new Set<(message: FromRouter) => void>();
  /** Calls back with the router's answer, or with null when there will be none. */
  const waiting = new Map<number, (answer: FromRouter | null) => void>();
  const holds = new Map<number, () => void>();
  let child: ChildProcess | null = null;
  let tokens = 0;

  const receive = (message: FromRouter): void => {
    if (message.type === 'detached' || message.type === 'requests' || message.type === 'cancelled') {
      waiting.get(message.token)?.(message);
      return;
    }
    if (message.type === 'held') {
      takeHold(message.token)?.();
      return;
    }
    for (const listener of listeners) listener(message);
  };
  const takeHold = (token: number): (() => void) | undefined => {
    const onHeld = holds.get(token);
    holds.delete(token);
    return onHeld;
  };

  /** Null after `timeoutMs`, and at once when no router runs or it ends. */
  const ask = (messageOf: (token: number) => ToRouter, timeoutMs: number): Promise<FromRouter | null> => {
    if (child?.connected !== true) return Promise.resolve(null);
    const token = (tokens += 1);
    return new Promise((resolve) => {
      const done = (answer: FromRouter | null): void => {
        clearTimeout(deadline);
        waiting.delete(token);
        resolve(answer);
      };
      const deadline = setTimeout(() => done(null), timeoutMs);
      waiting.set(token, done);
      link.send(messageOf(token));
    });
  };

  const link: RouterLink = {
    send(message) {
      if (child?.connected !== true) return;
      // The callback takes the error of a channel that closes in this moment; the exit of the process is told elsewhere.
      child.send(message, () => undefined);
    },
    onMessage(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async detach(modelId, reason, timeoutMs) {
      await ask((token) => ({ type: 'detach', token, modelId, reason }), timeoutMs);
    },
    hold(modelId, onHeld) {
      const token = (tokens += 1);
      holds.set(token, onHeld);
      if (child?.connected === true) link.send({ type: 'hold', token, modelId });
      else queueMicrotask(() => takeHold(token)?.());
      return () => {
        holds.delete(token);
        link.send({ type: 'release', token, modelId });
      };
    },
    async requests(timeoutMs) {
      if (child?.connected !== true) return { type: 'requests', token: 0, requests: [], total: 0 };
      const answer = await ask((token) => ({ type: 'requests', token }), timeoutMs);
      return answer?.type === 'requests' ? answer : null;
    },
    async cancel(id, timeoutMs) {
      if (child?.connected !== true) return false;
      const answer = await ask((token) => ({ type: 'cancel', token, id }), timeoutMs);
      return answer?.type === 'cancelled' ? answer.found : null;
    },
    attach(started) {
      child = started;
      started.on('message', (message) => receive(message as FromRouter));
    },
    detached() {
      child = null;
      for (const done of [...waiting.values()]) done(null);
      // Without a router nothing is in flight.
      for (const token of [...holds.keys()]) takeHold(token)?.();
    },
  };
  return link;
};
