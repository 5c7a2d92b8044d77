/** `media:*`: pictures, sound, films and texts that configured tools make. */
import { z } from 'zod';
import type { MediaToolView, MediaView } from '../media.ts';
import { MediaTool, toolName } from '../media-tool.ts';
import { empty, returns } from './define.ts';

const id = z.string({ error: 'mediaId is required' }).trim().min(1, 'mediaId is required').max(128);
const one = z.object({ mediaId: id });

export const mediaCommands = {
  'media:generate': returns<{ mediaId: string; media: MediaView }>()(
    'operate',
    z.object({
      tool: toolName,
      prompt: z.string().max(20_000).optional(),
      /** Id of media that is there. */
      input: z.string().min(1).max(128).optional(),
      params: z.record(z.string().max(32), z.union([z.string().max(20_000), z.number(), z.boolean()])).default({}),
    }),
    'Has a tool make something; answers when the wish is noted, and subscribers hear of progress and end on `/media`.',
  ),
  'media:list': returns<{ media: MediaView[] }>()(
    'observe',
    z.object({ limit: z.int().min(1).max(1000).default(200) }),
    'The caller’s media, newest first.',
  ),
  'media:get': returns<{ media: MediaView }>()('observe', one, 'One of the caller’s media.'),
  'media:cancel': returns<{ mediaId: string; media: MediaView }>()(
    'operate',
    one,
    'Ends what is being made; what has ended stays as it is.',
  ),
  'media:remove': returns<{ mediaId: string; undoUntil: number }>()(
    'operate',
    one,
    'Removes it, first cancelling it; until `undoUntil` (epoch ms) it can be restored, then its files are deleted.',
  ),
  'media:restore': returns<{ media: MediaView }>()('operate', one, 'Takes a removal back.'),
  'media:tools': returns<{ tools: MediaToolView[] }>()(
    'observe',
    empty,
    'The tools, with their parameters and whether this machine has them.',
  ),
  'media:save-tool': returns<{ tool: MediaToolView }>()(
    'admin',
    z.object({ tool: MediaTool }),
    'Adds a tool, or changes the one of that name: a command, its arguments, its parameters and how it tells its progress.',
  ),
  'media:delete-tool': returns<{ deleted: string }>()(
    'admin',
    z.object({ name: toolName }),
    'Forgets a tool that was added; a built-in one of that name counts again.',
  ),
  'media:ticket': returns<{ ticket: string | null; expiresAt: number | null }>()(
    'observe',
    empty,
    'What to add as `?ticket=` to addresses of media where headers cannot be sent; null when none is needed. It lets its holder read what the caller may.',
  ),
  'media:subscribe': returns<{ mediaId: string }>()(
    'observe',
    one,
    'Follows one: `mediaProgress`, then `mediaComplete` or `mediaError`, also when it has ended already.',
    { socketOnly: true },
  ),
  'media:unsubscribe': returns<{ mediaId: string }>()('observe', one, 'Ends that.', { socketOnly: true }),
} as const;
