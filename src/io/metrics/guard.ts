/** Reads one source of numbers so that its failure or hanging never spoils a sample. */
export type Guarded<T, A extends unknown[]> = (...args: A) => Promise<T>;

/**
 * While `read` fails or does not answer within `deadlineMs`, the last value it gave (or `initial`) serves, `complain` is
 * told once, and again only after it has worked in between. A call that still hangs is waited for, not repeated.
 */
export const guard = <T, A extends unknown[]>(options: {
  read: (...args: A) => Promise<T>;
  initial: T;
  deadlineMs: number;
  complain: (reason: string) => void;
}): Guarded<T, A> => {
  let last = options.initial;
  let failing = false;
  let hanging = false;

  const failed = (reason: string): void => {
    if (!failing) options.complain(reason);
    failing = true;
  };

  const settle = async (args: A): Promise<void> => {
    try {
      last = await options.read(...args);
      failing = false;
    } catch (error) {
      failed(error instanceof Error ? error.message : String(error));
    } finally {
      hanging = false;
    }
  };

  return async (...args) => {
    if (hanging) return last;
    hanging = true;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        failed(`no answer within ${options.deadlineMs} ms`);
        resolve();
      }, options.deadlineMs);
    });
    await Promise.race([settle(args), deadline]);
    clearTimeout(timer);
    return last;
  };
};
