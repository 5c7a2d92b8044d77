/** The supervisor's rows: what it believes of each model that has been loaded, and what placement needs to know of it. Pure. */
import type { ActorRefFrom } from 'xstate';
import { occupies } from './admission.ts';
import type { LoadRequest, ModelPolicy, PresentModel } from './admission.ts';
import { minus, plus } from './devices.ts';
import type { DeviceBytes } from './devices.ts';
import type { modelMachine, ModelState } from './model.machine.ts';
import { holdsMemory } from './placement.ts';
import type { PlacementDetails } from './placement.ts';

/** Why a model is to leave. Until nothing is broken off by it, the router hands it nothing new and it goes on with what it has. */
export interface Hold {
  reason: string;
  /** Whom it makes room for; null when its time to live is over. */
  for: string | null;
  details: PlacementDetails | null;
}

export interface Row {
  ref: ActorRefFrom<typeof modelMachine>;
  state: ModelState;
  retrying: boolean;
  bytes: DeviceBytes;
  policy: ModelPolicy;
  /** Requests answered or waiting, and those being answered. */
  inFlight: number;
  active: number;
  /** End of the last request, of the load, or of the wish for it, epoch ms. */
  lastUsedAt: number;
  hold: Hold | null;
  /** The router has said that it hands out nothing more. */
  held: boolean;
  /** It has served for a quantum. */
  mayYield: boolean;
  /** When it leaves if nobody uses it, epoch ms. */
  expiresAt: number | null;
  /** Its record is gone; it goes as soon as its process has left. */
  forgotten: boolean;
}

export type Rows = Record<string, Row>;

/** Ids are file names, so `constructor.gguf` must not find Object's. */
export const rowOf = (rows: Rows, id: string): Row | undefined => (Object.hasOwn(rows, id) ? rows[id] : undefined);

export const patched = (rows: Rows, id: string, patch: Partial<Row>): Rows => ({
  ...rows,
  [id]: { ...(rows[id] as Row), ...patch },
});

export const without = <T>(rows: Record<string, T>, id: string): Record<string, T> => {
  const { [id]: _, ...others } = rows;
  return others;
};

/** Whether no process of the model runs, so that nobody waits for it either. */
export const isIdle = (state: ModelState): boolean => state === 'unloaded' || state === 'error';

export const freshRow = (
  ref: Row['ref'],
  request: LoadRequest,
  usage: Pick<Row, 'inFlight' | 'active'> = { inFlight: 0, active: 0 },
): Row => ({
  ref,
  state: 'unloaded',
  retrying: false,
  bytes: request.needs,
  policy: request.policy,
  ...usage,
  lastUsedAt: request.at,
  hold: null,
  held: false,
  mayYield: false,
  expiresAt: null,
  forgotten: false,
});

/** Patches a row, and keeps what is free up with it: nobody measures again before the next load is asked for. */
export const moved = (
  { rows, available }: { rows: Rows; available: DeviceBytes | null },
  id: string,
  patch: Partial<Row>,
): { rows: Rows; available: DeviceBytes | null } => {
  const before = rows[id] as Row;
  const after = { ...before, ...patch };
  const taken = (row: Row): DeviceBytes => (holdsMemory(row) ? row.bytes : { ram: 0, gpus: [] });
  return {
    rows: { ...rows, [id]: after },
    available: available === null ? null : minus(plus(available, taken(before)), taken(after)),
  };
};

/** Whether stopping it now would break nothing off. Without a router nobody is being answered. */
const isClear = ({ state, held, active }: Row, routerServes: boolean): boolean =>
  state === 'error' || !routerServes || (held && active === 0);

/** Everything that occupies memory or is about to, for placement and for explaining it. */
export const residentsOf = (rows: Rows, routerServes: boolean): PresentModel[] =>
  Object.entries(rows)
    .map(([id, row]) => ({
      id,
      state: row.state,
      retrying: row.retrying,
      bytes: row.bytes,
      inFlight: row.inFlight,
      lastUsedAt: row.lastUsedAt,
      pinned: row.policy.pinned,
      priority: row.policy.priority,
      group: row.policy.group,
      yielding: row.hold !== null,
      mayYield: row.mayYield,
      clear: isClear(row, routerServes),
    }))
    .filter(occupies);

/** Time to live that holds for a model: what a request asked for, else its own, else none. ms; null is for ever. */
export const ttlOf = (row: Row, keep: number | null | undefined): number | null =>
  row.policy.pinned ? null : keep === undefined ? row.policy.ttlMs : keep;

/** When it leaves if nobody uses it; null when it is in use, is not loaded, or may stay for ever. */
export const expiryOf = (row: Row, keep: number | null | undefined): number | null => {
  const ttl = ttlOf(row, keep);
  if (ttl === null || row.state !== 'loaded' || row.inFlight > 0) return null;
  return row.lastUsedAt + ttl;
};

const STEPS: readonly (readonly [ms: number, name: string])[] = [
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
];

/** 600 000 ms is "10 min". */
export const spell = (ms: number): string => {
  const [size, name] = STEPS.find(([each]) => ms >= each) ?? [1, 'ms'];
  return `${Math.round((10 * ms) / size) / 10} ${name}`;
};
