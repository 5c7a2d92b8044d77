import { A } from '@solidjs/router';
import { createEffect, createResource, createSignal, For, on, onCleanup, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { LogEntryView } from '../../../src/contracts/views.ts';
import { exact } from '../../format/time.ts';
import { Icon } from '../../kit/icons.tsx';
import { answerOf } from '../../state/answer.ts';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { mergeLines } from '../logs/log-lines.ts';
import { LogMessage } from '../logs/log-message.tsx';
import { entryOf } from '../logs/log-store.ts';

/** As many as tell what it does now. */
const MOST = 60;

/** The last lines of one model's engine, live while they are looked at. */
const Lines = (props: { source: string }): JSX.Element => {
  const app = useApp();
  const [fresh, setFresh] = createSignal<readonly LogEntryView[]>([]);
  const [answer] = createResource(
    () => app.live.connection().connected && props.source,
    async (source) => (await app.client.request('logs:get', { limit: MOST, source })).logs,
  );
  createEffect(
    on(
      () => props.source,
      (source) => {
        const listen = app.client.on('logs:entry', (data) => {
          const entry = entryOf(data);
          if (entry.source === source) setFresh((held) => mergeLines(held, [entry]).slice(-MOST));
        });
        onCleanup(listen);
      },
    ),
  );
  const lines = (): readonly LogEntryView[] => mergeLines([], [...(answerOf(answer) ?? []), ...fresh()]).slice(-MOST);
  return (
    <Show
      when={lines().length > 0}
      fallback={
        <p class="model-logs__none">
          {answer.error !== undefined
            ? messageOf(answer.error)
            : answer.loading
              ? 'Fetching…'
              : 'It has written nothing yet.'}
        </p>
      }
    >
      <div class="model-logs__lines" tabindex="0" role="region" aria-label="Last lines of this model">
        <For each={lines()}>
          {(line) => (
            <p class="model-logs__line" data-level={line.level} data-tip={exact(line.timestamp)}>
              <LogMessage text={line.message} marked="" />
            </p>
          )}
        </For>
      </div>
    </Show>
  );
};

export const ModelLogs = (props: { id: string }): JSX.Element => {
  const [open, setOpen] = createSignal(false);
  return (
    <details class="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="fold__summary">
        <Icon name="chevron" size={14} />
        Log
      </summary>
      <Show when={open()}>
        <Lines source={`model:${props.id}`} />
        <A class="quiet-link" href={`/logs?source=${encodeURIComponent(`model:${props.id}`)}`}>
          Open in the log
        </A>
      </Show>
    </details>
  );
};
