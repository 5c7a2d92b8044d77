import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { JSX } from 'solid-js';
import { displayName } from '../format/model.ts';
import { useApp } from '../state/app.tsx';

const SENTENCES = {
  unloaded: 'is unloaded',
  loading: 'is loading',
  loaded: 'is loaded',
  stopping: 'is stopping',
  error: 'failed',
} as const;

/** Says for screen readers what changed, wherever on the page the reader is; tells everyone when a model had to leave. */
export const Announcer = (): JSX.Element => {
  const app = useApp();
  const [said, setSaid] = createSignal('');
  const ends = [
    app.live.onTransition(({ model }) => {
      const cause = model.state === 'error' && model.failure !== null ? `: ${model.failure.message}` : '';
      setSaid(`${displayName(model)} ${SENTENCES[model.state]}${cause}`);
    }),
    app.slices.onDecision((decision) => {
      if (decision.kind === 'evicted' && app.preferences.settings().enableNotifications)
        app.toasts.show({ tone: 'info', title: 'A model made room', body: decision.reason });
    }),
  ];
  createEffect(
    on(app.live.version, (version, before) => {
      if (before === undefined || before === null || version === before) return;
      app.toasts.show({
        tone: 'info',
        title: `Llamactor is now version ${version ?? ''}`,
        body: 'Reload this page to match it.',
      });
    }),
  );
  onCleanup(() => {
    for (const end of ends) end();
  });
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {said()}
    </div>
  );
};
