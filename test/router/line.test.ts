/** Whose turn it is: order within a key, turns between keys, and that nobody starves. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Line } from '../../src/router/line.ts';
import { Quotas } from '../../src/router/quotas.ts';

interface T {
  key: { id: string } | null;
  n: number;
}
const ticket = (owner: string, n: number): T => ({ key: owner === '' ? null : { id: owner }, n });
const shown = ({ key, n }: T): string => `${key?.id ?? '-'}${n}`;

const drain = (line: Line<T>): string[] => {
  const order: string[] = [];
  for (let next = line.next(() => true); next; next = line.next(() => true)) {
    line.take(next);
    order.push(shown(next));
  }
  return order;
};

describe('a line', () => {
  it('with one key, or none, is a queue', () => {
    const line = new Line<T>();
    const tickets = [1, 2, 3].map((n) => ticket('', n));
    for (const one of tickets) line.add(one);
    expect(tickets.map((one) => line.position(one))).toEqual([1, 2, 3]);
    expect(line.delete(tickets[1] as T)).toBe(true);
    expect(line.delete(tickets[1] as T)).toBe(false);
    expect(tickets.map((one) => line.position(one))).toEqual([1, 0, 2]);
    expect(drain(line)).toEqual(['-1', '-3']);
    expect(line.size).toBe(0);
  });

  it('gives the keys turns', () => {
    const line = new Line<T>();
    for (const one of [ticket('a', 1), ticket('a', 2), ticket('a', 3), ticket('b', 1), ticket('c', 1), ticket('b', 2)])
      line.add(one);
    expect(drain(line)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  it('passes over those who may not now', () => {
    const line = new Line<T>();
    const [a, b] = [ticket('a', 1), ticket('b', 1)];
    line.add(a);
    line.add(b);
    expect(line.next(({ key }) => key?.id !== 'a')).toBe(b);
    expect(line.next(() => false)).toBeNull();
  });
});

const owners = fc.constantFrom('', 'a', 'b', 'c');

describe('fairness', () => {
  it('positions are the order in which they are served', () => {
    fc.assert(
      fc.property(fc.array(owners, { maxLength: 40 }), fc.nat(20), (arrivals, served) => {
        const line = new Line<T>();
        const tickets = arrivals.map((owner, n) => ticket(owner, n));
        for (const one of tickets) line.add(one);
        for (let n = 0; n < served; n++) {
          const next = line.next(() => true);
          if (next) line.take(next);
        }
        const told = new Map(line.all().map((one) => [line.position(one), shown(one)]));
        const order = drain(line);
        expect([...told.keys()].sort((a, b) => a - b)).toEqual(order.map((_, index) => index + 1));
        expect(order.map((_, index) => told.get(index + 1))).toEqual(order);
      }),
    );
  });

  it('no key waits for more than one request of each other key per request of its own, whatever arrives meanwhile', () => {
    const step = fc.oneof(owners, fc.constant(null));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(5), (steps, before) => {
        const line = new Line<T>();
        const mine = Array.from({ length: before + 1 }, (_, n) => ticket('me', n));
        // The others were first and have many.
        for (let n = 0; n < 50; n++) for (const owner of ['a', 'b']) line.add(ticket(owner, n));
        for (const one of mine) line.add(one);
        const overtaken = new Map<string, number>();
        let n = 1000;
        for (const owner of [...steps, ...Array<null>(200).fill(null)]) {
          if (owner !== null) {
            line.add(ticket(owner, n++));
            continue;
          }
          const next = line.next(() => true);
          if (!next) break;
          line.take(next);
          if (next === mine.at(-1)) break;
          if (next.key?.id !== 'me')
            overtaken.set(shown(next)[0] ?? '', (overtaken.get(shown(next)[0] ?? '') ?? 0) + 1);
        }
        for (const [owner, times] of overtaken) expect(times, owner).toBeLessThanOrEqual(before + 1);
      }),
    );
  });
});

describe('quotas', () => {
  const limited = (over: { concurrency?: number | null; ratePerMinute?: number | null }) => ({
    id: 'k',
    concurrency: null,
    ratePerMinute: null,
    ...over,
  });

  it('a key has as many requests at once as it may', () => {
    const quotas = new Quotas();
    const key = limited({ concurrency: 2 });
    expect(quotas.hasRoom(null)).toBe(true);
    quotas.take(key);
    expect(quotas.hasRoom(key)).toBe(true);
    quotas.take(key);
    expect(quotas.hasRoom(key)).toBe(false);
    expect(quotas.give(key)).toBe(true);
    expect(quotas.hasRoom(key)).toBe(true);
    expect(quotas.give(key)).toBe(false);
    expect(quotas.give(limited({}))).toBe(false);
  });

  it('in no minute are there more than allowed, and what is refused fits when it was said to', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.array(fc.nat(20_000), { minLength: 1, maxLength: 100 }),
        (rate, pauses) => {
          const quotas = new Quotas();
          const key = limited({ ratePerMinute: rate });
          const passed: number[] = [];
          let now = 5;
          for (const pause of pauses) {
            now += pause;
            const wait = quotas.spend(key, now);
            if (wait === null) passed.push(now);
            else {
              expect(passed.filter((at) => at > now - 60_000).length).toBe(rate);
              expect(quotas.spend(key, now + wait * 1000 - 1)).not.toBeNull();
              now += Math.ceil(wait * 1000);
              expect(quotas.spend(key, now)).toBeNull();
              passed.push(now);
            }
          }
          for (const at of passed)
            expect(passed.filter((one) => one >= at && one < at + 60_000).length).toBeLessThanOrEqual(rate);
        },
      ),
    );
    expect(new Quotas().spend(limited({}), 0)).toBeNull();
    expect(new Quotas().spend(null, 0)).toBeNull();
  });

  it('forgets keys that are gone', () => {
    const quotas = new Quotas();
    const key = limited({ ratePerMinute: 1 });
    expect(quotas.spend(key, 0)).toBeNull();
    expect(quotas.spend(key, 1)).not.toBeNull();
    quotas.keep(new Set());
    expect(quotas.spend(key, 2)).toBeNull();
  });
});
