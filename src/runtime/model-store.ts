/** What is kept about models: people's records, the ids of files seen, and which models are wanted in memory. */
import { z } from 'zod';
import { ModelRecord } from '../contracts/config.ts';

/** A file as it was last seen, so that it keeps its id when its folder is renamed. */
export const SeenFile = z.object({
  id: z.string().min(1),
  path: z.string().min(1),
  fingerprint: z.string().nullable(),
  /** Epoch seconds. */
  seenAt: z.int(),
});
export type SeenFile = z.infer<typeof SeenFile>;

export const ModelsDocument = z.object({
  records: z.array(ModelRecord).default([]),
  files: z.array(SeenFile).default([]),
  /** Ids of models that are loaded, or being loaded, by intent; loaded again at the next start. */
  wanted: z.array(z.string()).default([]),
});
export type ModelsDocument = z.infer<typeof ModelsDocument>;
export const MODELS_VERSION = 1;
export const noModels = (): ModelsDocument => ({ records: [], files: [], wanted: [] });
