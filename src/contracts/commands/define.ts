/** What a command is, and the payload parts that several domains share. */
import { z } from 'zod';
import type { Scope } from '../keys.ts';

export type { Scope } from '../keys.ts';

export interface CommandContract<P extends z.ZodType, R> {
  payload: P;
  scope: Scope;
  summary: string;
  /** Needs a live socket (subscriptions); other transports refuse it with INVALID_STATE. */
  socketOnly?: true;
  /** Only carried in the type. */
  readonly result?: R;
}

/** `returns<Result>()(scope, payload, summary)`: the result is given as a type, the payload's type follows its schema. */
export const returns =
  <R>() =>
  <P extends z.ZodType>(
    scope: Scope,
    payload: P,
    summary: string,
    extra: { socketOnly?: true } = {},
  ): CommandContract<P, R> => ({
    payload,
    scope,
    summary,
    ...extra,
  });

export const empty = z.object({});
export const name = z.string().trim().min(1).max(512);
/** A model by id, name (with or without `.gguf`) or alias; the two dialects call the field differently. */
export const modelRef = z
  .object({ modelName: name.optional(), modelId: name.optional() })
  .refine((p) => p.modelName !== undefined || p.modelId !== undefined, { message: 'modelId is required' });
