/** Waiting for a condition with a deadline. */
import { setTimeout as delay } from 'node:timers/promises';

/** Asks every `everyMs` until `ask` resolves with something other than null. Throws after `timeoutMs`. */
export const waitUntil = async <T>(
  what: string,
  ask: () => Promise<T | null> | T | null,
  { timeoutMs = 30_000, everyMs = 5 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs / 1000} s.`);
    await delay(everyMs);
  }
};

/** Rejects when `promise` takes longer than `timeoutMs`. */
export const within = async <T>(what: string, promise: Promise<T>, timeoutMs = 30_000): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${timeoutMs / 1000} s.`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
};
