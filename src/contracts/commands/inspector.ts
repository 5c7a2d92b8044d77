/** `inspector:*`: the actors themselves, as they are and as they move. Costs nothing while nobody watches. */
import type { InspectedActorView } from '../views.ts';
import { empty, returns } from './define.ts';

export const inspectorCommands = {
  'inspector:actors': returns<{ actors: InspectedActorView[] }>()(
    'observe',
    empty,
    'Every actor with its state and its redacted context, parents before their children.',
  ),
  'inspector:subscribe': returns<{ seq: number; actors: InspectedActorView[] }>()(
    'observe',
    empty,
    'The actors as they are, then inspector:frames for each of their steps, without a gap.',
    { socketOnly: true },
  ),
  'inspector:unsubscribe': returns<{ subscribed: false }>()(
    'observe',
    empty,
    'Ends inspector:frames for this socket.',
    {
      socketOnly: true,
    },
  ),
  'inspector:machines': returns<{ machines: { id: string; definition: string }[] }>()(
    'observe',
    empty,
    'The definition of each machine as JSON, in the form that Stately’s tools read.',
  ),
} as const;
