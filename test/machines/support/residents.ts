/** Random and hand-made models in memory, for the tests of placement and admission. */
import fc from 'fast-check';
import type { DeviceBytes } from '../../../machines/devices.ts';
import type { PlacementLimits, Resident } from '../../../machines/placement.ts';

export const GIB = 1024 ** 3;

export const resident = (id: string, parts: Partial<Resident> = {}): Resident => ({
  id,
  state: 'loaded',
  bytes: { ram: 4 * GIB, gpus: [] },
  inFlight: 0,
  lastUsedAt: 0,
  pinned: false,
  priority: 0,
  group: null,
  yielding: false,
  mayYield: false,
  ...parts,
});

/** Limits without reserve and groups. */
export const limitsOf = (modelsMax: number, parts: Partial<PlacementLimits> = {}): PlacementLimits => ({
  modelsMax,
  reserve: { ram: 0, gpu: 0 },
  exclusiveGroups: [],
  quantumMs: 10_000,
  ...parts,
});

const anyDevices = (most: number): fc.Arbitrary<DeviceBytes> =>
  fc.record({
    ram: fc.integer({ min: 0, max: most * GIB }),
    gpus: fc.array(fc.integer({ min: 0, max: most * GIB }), { maxLength: 2 }),
  });
const anyGroup = fc.constantFrom(null, 'alone', 'shared');

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];

export const anyResidents: fc.Arbitrary<Resident[]> = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom(...ids),
    state: fc.constantFrom('loading', 'loaded', 'stopping', 'error'),
    bytes: anyDevices(10),
    inFlight: fc.integer({ min: 0, max: 2 }),
    lastUsedAt: fc.integer({ min: 0, max: 5 }),
    pinned: fc.boolean(),
    priority: fc.integer({ min: -1, max: 1 }),
    group: anyGroup,
    yielding: fc.boolean(),
    mayYield: fc.boolean(),
  }),
  { selector: ({ id }) => id },
);

export const anyWanted = fc.record({
  // Sometimes one that is in memory already.
  id: fc.constantFrom('a', 'wanted'),
  needs: anyDevices(20),
  group: anyGroup,
});

export const anyLimits: fc.Arbitrary<PlacementLimits> = fc.record({
  modelsMax: fc.integer({ min: 0, max: 6 }),
  reserve: fc.record({ ram: fc.integer({ min: 0, max: 2 * GIB }), gpu: fc.integer({ min: 0, max: GIB }) }),
  exclusiveGroups: fc.constantFrom<string[]>([], ['alone']),
  quantumMs: fc.constant(10_000),
});

export const anyAvailable = fc.option(anyDevices(40));
