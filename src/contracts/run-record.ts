/** What is kept of a run between runs of the server. Its prompt and its output lie beside it, in files of their own. */
import { z } from 'zod';
import { RUN_ERROR_CODES, RUN_STATES } from './runs.ts';

export const RunRecord = z.object({
  id: z.string().regex(/^[\w-]{1,64}$/),
  /** See `ownerOf`. */
  owner: z.string().min(1).max(512),
  tool: z.string(),
  title: z.string(),
  promptLength: z.int(),
  systemPrompt: z.string().nullable().default(null),
  model: z.string().nullable().default(null),
  maxTokens: z.int().nullable().default(null),
  cwd: z.string(),
  room: z.string().nullable().default(null),
  /** `queued` and `running` ones were interrupted if the server that wrote this is gone. */
  state: z.enum(RUN_STATES),
  timeoutMs: z.int(),
  /** Epoch ms, as the others. */
  createdAt: z.number(),
  startedAt: z.number().nullable().default(null),
  finishedAt: z.number().nullable().default(null),
  exitCode: z.int().nullable().default(null),
  signal: z.string().nullable().default(null),
  errorCode: z.enum(RUN_ERROR_CODES).nullable().default(null),
  error: z.string().nullable().default(null),
  outputBytes: z.number().default(0),
  truncated: z.boolean().default(false),
  usage: z
    .object({ inputTokens: z.number(), outputTokens: z.number(), totalTokens: z.number() })
    .nullable()
    .default(null),
  costUsd: z.number().nullable().default(null),
  answeredBy: z.string().nullable().default(null),
  stopReason: z.string().nullable().default(null),
});
export type RunRecord = z.infer<typeof RunRecord>;

export const RunsDocument = z.object({ runs: z.array(RunRecord).default([]) });
export type RunsDocument = z.infer<typeof RunsDocument>;
