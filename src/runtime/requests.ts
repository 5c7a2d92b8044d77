/** Requests on their way through the machines: one answer each, or a deadline. */
import { randomUUID } from 'node:crypto';
import type { Refusal } from '../../machines/process.ts';
import { CodedError } from '../contracts/errors.ts';

export interface Requests {
  /**
   * Runs `send` with a fresh request id and resolves when the machines settle it. Rejects with the refusal, or with TIMEOUT
   * and `late` after `timeoutMs`; `onTimeout` may withdraw the request.
   */
  ask(
    send: (requestId: string) => void,
    options: { timeoutMs: number; late: string; onTimeout?: (requestId: string) => void },
  ): Promise<void>;
  settle(requestId: string, refusal: Refusal | null): void;
  /** Ends everything that still waits, at shutdown. */
  abandon(message: string): void;
}

export const createRequests = (): Requests => {
  const open = new Map<string, (refusal: Refusal | null) => void>();
  return {
    ask(send, { timeoutMs, late, onTimeout }) {
      const requestId = randomUUID();
      return new Promise((resolve, reject) => {
        const deadline = setTimeout(() => {
          open.delete(requestId);
          onTimeout?.(requestId);
          reject(new CodedError('TIMEOUT', late));
        }, timeoutMs);
        open.set(requestId, (refusal) => {
          clearTimeout(deadline);
          open.delete(requestId);
          if (refusal === null) resolve();
          else reject(toError(refusal));
        });
        send(requestId);
      });
    },
    settle(requestId, refusal) {
      open.get(requestId)?.(refusal);
    },
    abandon(message) {
      for (const answer of [...open.values()]) answer({ code: 'INVALID_STATE', message, retryAfter: null });
    },
  };
};

const toError = (refusal: Refusal): CodedError =>
  new CodedError(refusal.code, refusal.message, {
    ...(refusal.retryAfter === null ? {} : { retryAfter: refusal.retryAfter }),
    ...(refusal.details === undefined ? {} : { details: { ...refusal.details } }),
  });
