/** `models:*`: files, records, and what is in memory. */
import { z } from 'zod';
import { applyFields } from '../changes.ts';
import type { ChangeEffectView, EffectiveRow } from '../changes.ts';
import { LONGEST_TTL } from '../config.ts';
import type { ModelView } from '../views.ts';
import { empty, modelRef, name, returns } from './define.ts';

const parameters = z.record(z.string().min(1).max(128), z.union([z.string().max(8192), z.number(), z.boolean()]));
const modelFields = z.object({
  name,
  aliases: z.array(name).max(64),
  parameters,
  preset: z.string().max(128).nullable(),
  model_path: z.string().max(4096).nullable(),
  model_url: z.string().max(4096).nullable(),
  ctx_size: z.int().min(0).max(1_048_576),
  batch_size: z.int().min(1).max(65_536),
  threads: z.int().min(0).max(1024),
  type: z.string().max(64),
  pinned: z.boolean(),
  priority: z.int().min(-100).max(100),
  group: z.string().min(1).max(64).nullable(),
  ttl: z.int().min(0).max(LONGEST_TTL).nullable(),
  concurrency: z.int().min(0).max(10_000).nullable(),
});

const modelChange = z.object({ modelId: name, updates: modelFields.partial().strict(), ...applyFields });

export const modelsCommands = {
  'models:list': returns<{ models: ModelView[] }>()('observe', empty, 'All models, with their state.'),
  'models:get': returns<{ model: ModelView }>()('observe', modelRef, 'One model.'),
  'models:scan': returns<{ found: number; added: number; updated: number; removed: number; models: ModelView[] }>()(
    'operate',
    z.object({ path: z.string().min(1).max(4096).optional() }),
    'Searches the folders, or one given folder inside them, for models.',
  ),
  'models:load': returns<{ model: ModelView; status: 'loaded' }>()(
    'operate',
    modelRef,
    'Loads a model; answers when it is loaded or has failed.',
  ),
  'models:unload': returns<{ model: ModelView; status: 'unloaded' }>()(
    'operate',
    modelRef,
    'Unloads a model; a model that is not loaded stays as it is.',
  ),
  'models:start': returns<{ model: ModelView }>()('operate', modelRef, 'The same as models:load.'),
  'models:stop': returns<{ model: ModelView }>()('operate', modelRef, 'The same as models:unload.'),
  'models:create': returns<{ model: ModelView }>()(
    'operate',
    z.object({ model: modelFields.partial().extend({ name, id: name.optional() }) }),
    'Creates a record for a model.',
  ),
  'models:update': returns<{ model: ModelView }>()(
    'operate',
    modelChange,
    'Changes a model’s record; if that changes its parameters, it is loaded again when idle, or with `force` now.',
  ),
  'models:preview': returns<{ effects: ChangeEffectView[] }>()(
    'observe',
    modelChange,
    'What models:update with the same payload would do.',
  ),
  'models:effective': returns<{ modelId: string; rows: EffectiveRow[] }>()(
    'observe',
    modelRef,
    'A model’s parameters as they were asked for, where each comes from, and what the engine really gave.',
  ),
  'models:delete': returns<{ deletedId: string; modelName: string; deleted: true }>()(
    'operate',
    modelRef,
    'Style A deletes the file after unloading it; style B removes the record and leaves the file.',
  ),
} as const;
