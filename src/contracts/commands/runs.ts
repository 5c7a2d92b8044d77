/** `runs:*`: CLI agents and generators as supervised processes. Everybody sees only their own. */
import { z } from 'zod';
import { LONGEST_PROMPT } from '../runs.ts';
import type { RunLimitsView, RunOutputView, RunToolView, RunView } from '../runs.ts';
import { empty, returns } from './define.ts';

const id = z.string().min(1).max(128);
const run = z.object({ id });
const fromPiece = z.object({ id, from: z.int().min(0).default(0) });

export const prompt = z
  .string()
  .max(LONGEST_PROMPT)
  .refine((text) => text.trim() !== '', 'prompt is required');
/** A room of people, which may not look like the rooms of one user. */
export const room = z
  .string()
  .trim()
  .min(1)
  .max(256)
  .refine((text) => !/^(?:user:|claude:|@)/.test(text), 'this is no room of a project');

/** What a run may be told besides its prompt. */
export const runOptions = {
  systemPrompt: z.string().max(LONGEST_PROMPT).optional(),
  model: z.string().trim().min(1).max(512).optional(),
  maxTokens: z.int().min(1).max(10_000_000).optional(),
  timeoutMs: z.int().min(1).max(86_400_000).optional(),
  tool: z.string().trim().min(1).max(64).optional(),
  room: room.optional(),
};

export const runsCommands = {
  'runs:start': returns<{ run: RunView }>()(
    'operate',
    z.object({ prompt, ...runOptions, cwd: z.string().min(1).max(4096).optional() }),
    'Starts a command with a prompt, or queues it; answers when it is noted, the rest is broadcast to its owner.',
  ),
  'runs:list': returns<{ runs: RunView[]; tools: RunToolView[]; limits: RunLimitsView }>()(
    'observe',
    z.object({ limit: z.int().min(1).max(1000).default(100) }),
    'Your runs, newest first, and the commands that can be run.',
  ),
  'runs:get': returns<{ run: RunView; prompt: string }>()('observe', run, 'One of your runs with its whole prompt.'),
  'runs:output': returns<RunOutputView>()(
    'observe',
    fromPiece,
    'What one of your runs wrote, from a piece on; about a megabyte at a time.',
  ),
  'runs:follow': returns<RunOutputView>()(
    'observe',
    fromPiece,
    'What one of your runs wrote so far, and then runs:piece for what it writes, without gap or repetition.',
    { socketOnly: true },
  ),
  'runs:unfollow': returns<{ following: false }>()('observe', run, 'Ends runs:piece of a run for this socket.', {
    socketOnly: true,
  }),
  'runs:cancel': returns<{ run: RunView }>()(
    'operate',
    run,
    'Ends one of your runs with all its processes, or takes it out of the queue.',
  ),
  'runs:remove': returns<{ removedId: string }>()(
    'operate',
    run,
    'Forgets one of your runs that has ended, with its output.',
  ),
  'runs:tools': returns<{ tools: RunToolView[] }>()('observe', empty, 'The commands that can be run.'),
} as const;
