/** Random and hand-made models in memory, for the tests of placement and admission. */
import fc from 'fast-check';
import type { PlacementLimits, Resident } from '../../../machines/placement.ts';

export const GIB = 1024 ** 3;

export const resident = (id: string, parts: Partial<Resident> = {}): Resident => ({
  id,
  state: 'loaded',
  bytes: 4 * GIB,
  inFlight: 0,
  lastUsedAt: 0,
  pinned: false,
  ...parts,
});

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];

export const anyResidents: fc.Arbitrary<Resident[]> = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom(...ids),
    state: fc.constantFrom('loading', 'loaded', 'stopping', 'error'),
    bytes: fc.integer({ min: 0, max: 10 * GIB }),
    inFlight: fc.integer({ min: 0, max: 2 }),
    lastUsedAt: fc.integer({ min: 0, max: 5 }),
    pinned: fc.boolean(),
  }),
  { selector: ({ id }) => id },
);

export const anyWanted = fc.record({
  // Sometimes one that is in memory already.
  id: fc.constantFrom('a', 'wanted'),
  bytes: fc.integer({ min: 0, max: 20 * GIB }),
});

export const anyLimits: fc.Arbitrary<PlacementLimits> = fc.record({
  modelsMax: fc.integer({ min: 0, max: 6 }),
  reserveBytes: fc.integer({ min: 0, max: 2 * GIB }),
});

export const anyAvailable = fc.option(fc.integer({ min: 0, max: 40 * GIB }));
