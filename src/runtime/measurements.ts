/** What loads really took, by file and by the parameters that matter for it, so that the next estimate need not guess. */
import { z } from 'zod';
import type { MeasuredMemory } from '../../machines/process.ts';
import type { ParameterValue } from '../contracts/views.ts';
import type { Document } from '../io/store/document.ts';
import type { Known } from './catalog.ts';

const KEPT = 500;

const Parts = z.object({ model: z.number(), context: z.number(), compute: z.number() });
const Load = z.object({
  /** See `keyOf`. */
  key: z.string(),
  modelId: z.string(),
  /** Epoch ms. */
  at: z.number(),
  memory: z.object({ ram: Parts, gpus: z.array(Parts), contextTokens: z.number().nullable() }),
});
/** Latest last. */
export const MeasurementsDocument = z.object({ loads: z.array(Load) });
export type MeasurementsDocument = z.infer<typeof MeasurementsDocument>;

export interface Measurements {
  of(known: Known, parameters: Readonly<Record<string, ParameterValue>>): MeasuredMemory | null;
  note(known: Known, parameters: Readonly<Record<string, ParameterValue>>, memory: MeasuredMemory): void;
}

/** Parameters that do not change what is taken, or change it in a way that the estimate follows by itself. */
const WITHOUT_EFFECT =
  /^(ctx-size|threads|threads-batch|temp|top-[kp]|min-p|seed|alias|tags|load-on-startup|chat-template.*|reasoning.*)$/;

/** The same file, wherever it lies, started in the same way. */
const keyOf = (known: Known, parameters: Readonly<Record<string, ParameterValue>>): string => {
  const relevant = Object.entries(parameters)
    .filter(([name]) => !WITHOUT_EFFECT.test(name))
    .toSorted(([a], [b]) => a.localeCompare(b));
  return JSON.stringify([known.file?.fingerprint ?? known.id, known.file?.mmproj ?? null, relevant]);
};

export const createMeasurements = (options: {
  store: Document<MeasurementsDocument>;
  now(): number;
  onProblem(message: string): void;
}): Measurements => {
  const byKey = new Map(options.store.get().loads.map((load) => [load.key, load.memory]));
  return {
    of: (known, parameters) => byKey.get(keyOf(known, parameters)) ?? null,
    note(known, parameters, memory) {
      const key = keyOf(known, parameters);
      byKey.set(key, memory);
      options.store
        .update((draft) => {
          draft.loads = [
            ...draft.loads.filter((load) => load.key !== key),
            { key, modelId: known.id, at: options.now(), memory: structuredClone(memory) },
          ].slice(-KEPT);
        })
        .catch((error: unknown) =>
          options.onProblem(
            `What ${known.id} took could not be written: ${error instanceof Error ? error.message : String(error)}`,
          ),
        );
    },
  };
};
