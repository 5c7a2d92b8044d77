/** `sessions:*`: models that work in a browser. Users see only their own; everybody else shares those of the server. */
import { z } from 'zod';
import type { SessionEntryView, SessionFileView, SessionView } from '../sessions.ts';
import { returns } from './define.ts';

const id = z.string().trim().min(1).max(128);
const session = z.object({ id });
const title = z.string().trim().min(1).max(200);
export const instruction = z
  .string()
  .max(50_000)
  .refine((text) => text.trim() !== '', 'prompt is required');
const fileIds = z.array(id).max(32);

/** Where a session's browser may go besides what the configuration says; it can only be narrowed by it. */
const options = {
  sessionType: z.string().trim().min(1).max(64).default('browser'),
  title: title.optional(),
  model: z.string().trim().min(1).max(512).optional(),
  /** Opened before the model begins. */
  startUrl: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
  maxSteps: z.int().min(1).max(1000).optional(),
  timeoutMs: z.int().min(1000).max(86_400_000).optional(),
  width: z.int().min(320).max(3840).default(1280),
  height: z.int().min(240).max(2160).default(800),
  locale: z
    .string()
    .regex(/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/, 'must be a language like en or de-AT')
    .default('en-US'),
};

const place = z.number().min(0).max(10_000);
const input = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('click'), x: place, y: place }),
  z.object({ kind: z.literal('type'), text: z.string().min(1).max(10_000) }),
  z.object({ kind: z.literal('press'), key: z.string().trim().min(1).max(32) }),
  z.object({
    kind: z.literal('scroll'),
    x: place,
    y: place,
    dx: z.number().min(-10_000).max(10_000),
    dy: z.number().min(-10_000).max(10_000),
  }),
  z.object({ kind: z.literal('navigate'), url: z.string().trim().min(1).max(2048) }),
  z.object({ kind: z.literal('back') }),
]);

export const sessionsCommands = {
  'sessions:start': returns<{ session: SessionView }>()(
    'operate',
    z.object({ prompt: instruction, fileIds: fileIds.default([]), ...options }),
    'Gives a model a task for the browser; answers when it is on disk, the rest is broadcast to its owner.',
  ),
  'sessions:list': returns<{ sessions: SessionView[] }>()(
    'observe',
    z.object({ limit: z.int().min(1).max(500).default(100) }),
    'Your sessions, newest first.',
  ),
  'sessions:get': returns<{ session: SessionView }>()('observe', session, 'One of your sessions.'),
  'sessions:transcript': returns<{ id: string; entries: SessionEntryView[]; next: number; more: boolean }>()(
    'observe',
    z.object({ id, from: z.int().min(0).default(0), limit: z.int().min(1).max(1000).default(200) }),
    'What happened in a session, entry by entry.',
  ),
  'sessions:continue': returns<{ session: SessionView }>()(
    'operate',
    z.object({ id, prompt: z.string().max(50_000).default(''), fileIds: fileIds.default([]) }),
    'Goes on with a further instruction, which is also the answer to what the model asks; without one, after a pause.',
  ),
  'sessions:pause': returns<{ session: SessionView }>()(
    'operate',
    session,
    'Lets the step under way end, and takes no further one.',
  ),
  'sessions:cancel': returns<{ session: SessionView }>()(
    'operate',
    session,
    'Ends a session at once, and its browser with it.',
  ),
  'sessions:update': returns<{ session: SessionView }>()(
    'operate',
    z.object({ id, title: title.optional(), maxSteps: z.int().min(1).max(1000).optional() }),
    'Renames a session or lets it take more steps.',
  ),
  'sessions:remove': returns<{ removedId: string }>()(
    'operate',
    session,
    'Forgets a session with its transcript, pictures and downloads; one that runs is ended first.',
  ),
  'sessions:attach': returns<{ session: SessionView }>()(
    'operate',
    z.object({ id, fileIds: fileIds.min(1) }),
    'Gives uploaded files to a session; its model can read them from then on.',
  ),
  'sessions:files': returns<{ files: SessionFileView[] }>()(
    'observe',
    z.object({ limit: z.int().min(1).max(500).default(100) }),
    'The files you uploaded for sessions, newest first.',
  ),
  'sessions:screenshot': returns<{ screenshot: string; width: number; height: number }>()(
    'observe',
    session,
    'What the browser of a session shows now, as PNG in base64.',
  ),
  'sessions:take-over': returns<{ session: SessionView }>()(
    'operate',
    session,
    'Pauses the model, so that a person can use its browser by hand.',
  ),
  'sessions:give-back': returns<{ session: SessionView }>()(
    'operate',
    z.object({ id, note: z.string().max(10_000).default('') }),
    'Gives the browser back to the model, with a word on what was done.',
  ),
  'sessions:input': returns<{ id: string }>()(
    'operate',
    z.object({ id, input }),
    'Does something in the browser of a session that was taken over.',
  ),
  'sessions:watch': returns<{ watching: true }>()(
    'observe',
    session,
    'Sends sessions:frame, pictures of the browser as they change, a few in a second, while this socket watches.',
    { socketOnly: true },
  ),
  'sessions:unwatch': returns<{ watching: false }>()('observe', session, 'Ends sessions:frame for this socket.', {
    socketOnly: true,
  }),
} as const;
