/** Follows the actors while a page shows them; nothing is asked of the server otherwise. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { App } from './app.tsx';
import { begun, emptyInspection, withFrames } from './inspection.ts';
import type { Inspection } from './inspection.ts';
import { messageOf } from './toasts.ts';

export interface Inspector {
  inspection: Accessor<Inspection>;
  /** Why nothing can be shown, in words; null when all is well. */
  problem: Accessor<string | null>;
  ready: Accessor<boolean>;
  /** Forgets the steps so far and begins anew from the actors as they are. */
  restart(): void;
}

export const createInspector = ({ client, live }: Pick<App, 'client' | 'live'>): Inspector => {
  const [inspection, setInspection] = createSignal<Inspection>(emptyInspection);
  const [problem, setProblem] = createSignal<string | null>(null);
  const [ready, setReady] = createSignal(false);

  const restart = (): void => {
    client.request('inspector:subscribe', {}).then(
      ({ seq, actors }) => {
        setProblem(null);
        setInspection(begun(seq, actors));
        setReady(true);
      },
      (error: unknown) => setProblem(messageOf(error)),
    );
  };

  const end = client.onInspectorFrames((frames) => setInspection((held) => withFrames(held, frames)));
  createEffect(
    on(
      () => live.connection().connected,
      (connected) => {
        if (connected) restart();
      },
    ),
  );
  onCleanup(() => {
    end();
    // The server stops watching its actors when the last page has left.
    if (live.connection().connected) void client.request('inspector:unsubscribe', {}).catch(() => undefined);
  });
  return { inspection, problem, ready, restart };
};
