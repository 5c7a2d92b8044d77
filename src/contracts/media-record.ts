/** What is kept of media between runs of the server. */
import { z } from 'zod';
import { MEDIA_ERROR_CODES } from './media.ts';
import { MediaTool } from './media-tool.ts';

export const MediaRecord = z.object({
  id: z.string().min(1),
  owner: z.string().min(1),
  source: z.enum(['tool', 'upload']),
  tool: z.string().nullable().default(null),
  prompt: z.string().nullable().default(null),
  input: z.string().nullable().default(null),
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  label: z.string().nullable().default(null),
  /** `wanted` ones that a start finds were interrupted. */
  state: z.enum(['wanted', 'complete', 'failed', 'cancelled']),
  /** How far one that did not get to its end had come. */
  progress: z.number().default(0),
  mime: z.string().nullable().default(null),
  bytes: z.number().nullable().default(null),
  extension: z.string().nullable().default(null),
  thumbnail: z.boolean().default(false),
  width: z.number().nullable().default(null),
  height: z.number().nullable().default(null),
  seconds: z.number().nullable().default(null),
  error: z.string().nullable().default(null),
  errorCode: z.enum(MEDIA_ERROR_CODES).nullable().default(null),
  lastLines: z.array(z.string()).default([]),
  /** Epoch ms, as the others. */
  createdAt: z.number(),
  startedAt: z.number().nullable().default(null),
  finishedAt: z.number().nullable().default(null),
  /** Removed by a person, who may still want it back. */
  removedAt: z.number().nullable().default(null),
});
export type MediaRecord = z.infer<typeof MediaRecord>;

export const MediaDocument = z.object({ media: z.array(MediaRecord).default([]) });
export type MediaDocument = z.infer<typeof MediaDocument>;

/** The tools that people configured, beside the built-in ones; and what signs the tickets. */
export const MediaToolsDocument = z.object({ tools: z.array(MediaTool).default([]) });
export type MediaToolsDocument = z.infer<typeof MediaToolsDocument>;
