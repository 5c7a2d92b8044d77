/** The newest `size` items; adding is constant time and drops the oldest one when full. */
export interface Ring<T> {
  push(item: T): void;
  /** Newest first. */
  newestFirst(): IterableIterator<T>;
  readonly length: number;
  /** Keeps the newest items that fit. */
  resize(size: number): void;
  /** Returns how many items were dropped. */
  clear(): number;
}

export const createRing = <T>(initialSize: number): Ring<T> => {
  let size = Math.max(1, initialSize);
  let items: T[] = [];
  /** Where the next item goes once the ring is full; the oldest one lies there. */
  let next = 0;

  function* newestFirst(): Generator<T, undefined> {
    for (let back = 1; back <= items.length; back += 1) {
      const item = items[(next - back + 2 * items.length) % items.length];
      if (item !== undefined) yield item;
    }
    return undefined;
  }

  return {
    push: (item) => {
      if (items.length < size) {
        items.push(item);
        return;
      }
      items[next] = item;
      next = (next + 1) % size;
    },
    newestFirst,
    get length() {
      return items.length;
    },
    resize: (wanted) => {
      const kept = [...newestFirst()].slice(0, Math.max(1, wanted)).reverse();
      size = Math.max(1, wanted);
      items = kept;
      next = 0;
    },
    clear: () => {
      const dropped = items.length;
      items = [];
      next = 0;
      return dropped;
    },
  };
};
