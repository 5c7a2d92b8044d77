/** What the supervisor decided and why: a bounded history that outlives the server. */
import { z } from 'zod';
import { DECISION_KINDS } from '../contracts/views.ts';
import type { DecisionView } from '../contracts/views.ts';
import type { Document } from '../io/store/document.ts';

const KEPT = 1000;
/** Decisions come in flocks, so they are written a moment later, together; `close` writes the last. */
const WRITE_AFTER_MS = 2000;

const Devices = z.object({ ram: z.number(), gpus: z.array(z.number()) });
const Decision = z.object({
  id: z.string(),
  at: z.number(),
  kind: z.enum(DECISION_KINDS),
  modelId: z.string(),
  reason: z.string(),
  by: z.string(),
  for: z.string().nullable(),
  evicts: z.array(z.string()),
  requiredBytes: Devices.nullable(),
  availableBytes: Devices.nullable(),
});
/** Newest first; `count` is the last id that was given. */
export const DecisionsDocument = z.object({ count: z.int(), decisions: z.array(Decision) });
export type DecisionsDocument = z.infer<typeof DecisionsDocument>;

export interface Decisions {
  add(decision: Omit<DecisionView, 'id' | 'at'>): DecisionView;
  /** Newest first. */
  list(limit: number): DecisionView[];
  /** Writes what is not on disk yet. Before the document is closed. */
  close(): Promise<void>;
}

export const createDecisions = (options: {
  store: Document<DecisionsDocument>;
  now(): number;
  /** Told when the disk refuses; the history in memory goes on, and the next write holds it all. */
  onProblem(message: string): void;
}): Decisions => {
  const { store, now } = options;
  const kept: DecisionView[] = structuredClone(store.get().decisions);
  let { count } = store.get();
  let timer: NodeJS.Timeout | null = null;

  const write = async (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    await store
      .update(() => ({
        count,
        decisions: kept.map((decision) => ({
          ...decision,
          requiredBytes: copied(decision.requiredBytes),
          availableBytes: copied(decision.availableBytes),
        })),
      }))
      .catch((error: unknown) =>
        options.onProblem(`Decisions could not be written: ${error instanceof Error ? error.message : String(error)}`),
      );
  };

  return {
    add(decision) {
      count += 1;
      const view = { id: String(count), at: now(), ...decision };
      kept.unshift(view);
      if (kept.length > KEPT) kept.pop();
      timer ??= setTimeout(() => void write(), WRITE_AFTER_MS).unref();
      return view;
    },
    list: (limit) => kept.slice(0, limit),
    async close() {
      if (timer !== null) await write();
    },
  };
};

const copied = (devices: DecisionView['requiredBytes']) =>
  devices === null ? null : { ram: devices.ram, gpus: [...devices.gpus] };
