/** `keys:*`: who may use the server. */
import { z } from 'zod';
import { SCOPES } from '../keys.ts';
import type { KeyView } from '../keys.ts';
import { empty, name, returns } from './define.ts';

/** What a new key may be made with; the CLI checks by it too where no server runs. */
export const newKey = z
  .object({
    name: z.string().trim().min(1).max(64),
    scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length).default(['infer']),
    /** Epoch ms. */
    expiresAt: z.int().positive().nullable().default(null),
    models: z.array(name).min(1).max(256).nullable().default(null),
    concurrency: z.int().min(1).max(10_000).nullable().default(null),
    ratePerMinute: z.int().min(1).max(100_000).nullable().default(null),
  })
  .refine(
    ({ models, scopes }) => models === null || !scopes.some((scope) => scope === 'operate' || scope === 'admin'),
    {
      message: 'a key that is limited to some models can infer and observe, but not operate or admin',
      path: ['models'],
    },
  );

export const keysCommands = {
  'keys:create': returns<{ key: KeyView; secret: string }>()(
    'admin',
    newKey,
    'Makes a key; `secret` is the key itself and is told only this once.',
  ),
  'keys:list': returns<{ keys: KeyView[]; required: boolean }>()(
    'admin',
    empty,
    'All keys without their secrets, and whether one is needed.',
  ),
  'keys:revoke': returns<{ revoked: string; name: string }>()(
    'admin',
    z.object({ id: name }),
    'Ends a key at once, by its id or name; its sockets are closed, its streams may finish.',
  ),
} as const;
