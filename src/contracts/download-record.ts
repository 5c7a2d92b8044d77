/** What is kept of a download between runs of the server. */
import { z } from 'zod';

export const DownloadRecord = z.object({
  id: z.string().min(1),
  source: z.string(),
  quant: z.string().nullable(),
  file: z.string().nullable(),
  /** The models folder it was begun in; its parts lie there. */
  folder: z.string().min(1),
  /** `wanted` ones are gone on with at the next start. */
  state: z.enum(['wanted', 'done', 'failed', 'cancelled']),
  repo: z.string().nullable().default(null),
  /** The quantisation that was taken. */
  variant: z.string().nullable().default(null),
  note: z.string().nullable().default(null),
  files: z.array(z.object({ name: z.string(), size: z.number(), path: z.string() })).default([]),
  receivedBytes: z.number().default(0),
  error: z.string().nullable().default(null),
  errorCode: z
    .enum([
      'NETWORK',
      'SERVER',
      'RATE_LIMITED',
      'CHANGED',
      'NOT_FOUND',
      'GATED',
      'BAD_SOURCE',
      'WRONG_HASH',
      'DISK_SPACE',
      'DISK',
      'EXISTS',
      'UNEXPECTED',
    ])
    .nullable()
    .default(null),
  /** Epoch ms, as `finishedAt`. */
  startedAt: z.number(),
  finishedAt: z.number().nullable().default(null),
  modelId: z.string().nullable().default(null),
});
export type DownloadRecord = z.infer<typeof DownloadRecord>;

export const DownloadsDocument = z.object({ downloads: z.array(DownloadRecord).default([]) });
export type DownloadsDocument = z.infer<typeof DownloadsDocument>;
