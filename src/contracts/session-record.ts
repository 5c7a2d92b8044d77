/** What is kept of a session between runs of the server. Its transcript, pictures and downloads lie in a folder of its own. */
import { z } from 'zod';
import { SESSION_ERROR_CODES, SESSION_STATUSES } from './sessions.ts';
import type { SessionDownloadView, SessionEntryView, SessionFileView } from './sessions.ts';

const page = z.object({ url: z.string(), title: z.string() });
const download = z.object({
  name: z.string(),
  contentType: z.string(),
  size: z.number(),
  url: z.string(),
  at: z.number(),
}) satisfies z.ZodType<SessionDownloadView>;
const file = z.object({
  fileId: z.string(),
  fileName: z.string(),
  contentType: z.string(),
  mimeType: z.string(),
  size: z.number(),
  fileSize: z.number(),
  kind: z.enum(['text', 'image', 'pdf', 'other']),
  url: z.string(),
  createdAt: z.number(),
}) satisfies z.ZodType<SessionFileView>;

export const SessionRecord = z.object({
  id: z.string().regex(/^[\w-]{1,64}$/),
  /** See `approvalOwner`: whoever answers the questions of a session is whose session it is. */
  owner: z.string().min(1).max(512),
  title: z.string(),
  sessionType: z.string(),
  /** `init`, `running` and `call_user` ones were interrupted if the server that wrote this is gone. */
  status: z.enum(SESSION_STATUSES),
  message: z.string(),
  prompt: z.string(),
  model: z.string().nullable().default(null),
  answeredBy: z.string().nullable().default(null),
  steps: z.int().default(0),
  maxSteps: z.int(),
  timeoutMs: z.int(),
  viewport: z.object({ width: z.int(), height: z.int() }),
  locale: z.string(),
  /** Opened before the model begins, as long as there is no page yet. */
  startUrl: z.string().nullable().default(null),
  page: page.nullable().default(null),
  /** Sites that were open, or that a person named: opening them is not asked about. */
  sites: z.array(z.string()).default([]),
  /** What the model asks the person, and the entry that it stands in. */
  question: z.object({ seq: z.int(), text: z.string() }).nullable().default(null),
  /** A person wants it to pause, but a step is under way. */
  pausing: z.boolean().default(false),
  files: z.array(file).default([]),
  downloads: z.array(download).default([]),
  usage: z.object({ inputTokens: z.number(), outputTokens: z.number() }).default({ inputTokens: 0, outputTokens: 0 }),
  answer: z.string().nullable().default(null),
  errorCode: z.enum(SESSION_ERROR_CODES).nullable().default(null),
  entries: z.int().default(0),
  /** Epoch ms, as the others. */
  createdAt: z.number(),
  startedAt: z.number().nullable().default(null),
  endedAt: z.number().nullable().default(null),
  updatedAt: z.number(),
});
export type SessionRecord = z.infer<typeof SessionRecord>;

/** A file that somebody uploaded for sessions, and whose it is. */
export const SessionFileRecord = file.extend({ owner: z.string().min(1).max(512) });
export type SessionFileRecord = z.infer<typeof SessionFileRecord>;

export const SessionFilesDocument = z.object({ files: z.array(SessionFileRecord).default([]) });
export type SessionFilesDocument = z.infer<typeof SessionFilesDocument>;

export const SessionsDocument = z.object({ sessions: z.array(SessionRecord).default([]) });
export type SessionsDocument = z.infer<typeof SessionsDocument>;

/** Entries are written by this server alone; of a line that is read back only its number decides anything. */
export const SessionEntry = z.looseObject({
  seq: z.int().min(0),
  at: z.number(),
  kind: z.enum(['instruction', 'step', 'question', 'summary', 'note']),
}) as unknown as z.ZodType<SessionEntryView>;
