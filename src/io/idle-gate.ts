/** Waits until a model's requests are held back at the router with none in flight, so that its process can be exchanged unnoticed. */
import { fromCallback } from 'xstate';
import type { EventObject } from 'xstate';
import type { RouterLink } from './router-link.ts';

export const idleGate = (link: Pick<RouterLink, 'hold'>) =>
  fromCallback<EventObject, { id: string }>(({ input, sendBack }) => {
    let held = false;
    const release = link.hold(input.id, () => {
      held = true;
      sendBack({ type: 'requests.held' });
    });
    return () => {
      // Once held, the model is on its way out: to let the requests go on now would send them to a process that leaves.
      if (!held) release();
    };
  });
