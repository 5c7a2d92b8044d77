let waiting: (() => void)[] = [];

const run = (): void => {
  const due = waiting;
  waiting = [];
  for (const work of due) work();
};

/**
 * Puts a write off to the end of this turn of the event loop, behind everything that was read in it. A write wakes the process
 * at the other end; written one by one, between two reads, each of them pays for that, and when they are written together only
 * the first does: half the processor time of a request with 16 clients at once, and nothing lost with one.
 */
export const atEndOfTurn = (work: () => void): void => {
  if (waiting.push(work) === 1) setImmediate(run);
};
