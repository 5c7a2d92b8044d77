/** `project:*`: what the members of a room tell each other. */
import { z } from 'zod';
import { name, returns } from './define.ts';

export const projectCommands = {
  'project:update': returns<{ room: string }>()(
    'observe',
    z.looseObject({ room: name }),
    'Tells all members of a room (`projectUpdate`) whatever fields come with it; for sockets that have joined the room.',
    { socketOnly: true },
  ),
} as const;
