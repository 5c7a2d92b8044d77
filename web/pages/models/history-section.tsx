import { A } from '@solidjs/router';
import { createEffect, createMemo, createResource, createSignal, For, on, onCleanup, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ActivityTotalsView, TimelineSpanView } from '../../../src/contracts/activity.ts';
import type { ModelView } from '../../../src/contracts/views.ts';
import { grouped, plural } from '../../format/numbers.ts';
import { brief, relative } from '../../format/time.ts';
import { Icon } from '../../kit/icons.tsx';
import { answerOf } from '../../state/answer.ts';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { STATE_WORDS } from '../timeline/bars.ts';

const HOURS = 24;
/** As many as tell the story of a day. */
const MOST_SPANS = 12;

const Totals = (props: { totals: ActivityTotalsView }): JSX.Element => (
  <p class="history__totals">
    {plural(props.totals.count, 'request')}
    <Show when={props.totals.errors > 0}>, {plural(props.totals.errors, 'failure')}</Show>
    <Show when={props.totals.completionTokens > 0}>, {grouped(props.totals.completionTokens)} tokens written</Show>
    <Show when={props.totals.tokensPerSecond}>{(speed) => <>, {speed().toFixed(1)} tokens/s</>}</Show>
    <Show when={props.totals.durationMs.p50}>
      {(half) => (
        <>
          ; half took less than {brief(half())}, 95 % less than {brief(props.totals.durationMs.p95 ?? 0)}
        </>
      )}
    </Show>
  </p>
);

const Day = (props: { model: ModelView }): JSX.Element => {
  const app = useApp();
  const [answer, { refetch }] = createResource(
    () => app.live.connection().connected && props.model.id,
    async (model) => {
      const [{ summary }, { timeline }] = await Promise.all([
        app.client.request('activity:summary', { hours: HOURS, model }),
        app.client.request('timeline:get', { hours: HOURS }),
      ]);
      return { summary, spans: timeline.lanes.find(({ modelId }) => modelId === model)?.spans ?? [] };
    },
  );
  createEffect(
    on(
      () => props.model.state,
      () => {
        // The server's own account of it comes a moment after the news.
        const due = setTimeout(() => void refetch(), 300);
        onCleanup(() => clearTimeout(due));
      },
      { defer: true },
    ),
  );
  const found = () => answerOf(answer);
  /** Newest first. */
  const spans = createMemo((): readonly TimelineSpanView[] =>
    (found()?.spans ?? []).filter(({ state }) => state !== 'unloaded').toReversed(),
  );
  return (
    <Show
      when={found()}
      fallback={<p class="effective__note">{answer.error === undefined ? 'Asking…' : messageOf(answer.error)}</p>}
    >
      {(day) => (
        <div class="history">
          <Show when={day().summary.count > 0} fallback={<p class="history__totals">Nobody has asked it anything.</p>}>
            <Totals totals={day().summary} />
          </Show>
          <ol class="history__spans">
            <For each={spans().slice(0, MOST_SPANS)}>
              {(span) => (
                <li class="history__span" data-tone={span.state}>
                  <span class="history__dot" aria-hidden="true" />
                  <span>
                    <strong>{STATE_WORDS[span.state]}</strong> {relative(span.from, app.now())}, for{' '}
                    {brief(span.to - span.from)}
                    <Show when={span.reason}>{(reason) => <span class="history__reason">{reason()}</span>}</Show>
                  </span>
                </li>
              )}
            </For>
          </ol>
          <Show when={spans().length > MOST_SPANS}>
            <p class="effective__note">And {plural(spans().length - MOST_SPANS, 'earlier change')}.</p>
          </Show>
          <p class="history__links">
            <A class="quiet-link" href={`/monitoring/requests?model=${encodeURIComponent(props.model.id)}`}>
              Its requests
            </A>
            <A class="quiet-link" href="/monitoring/timeline?range=24h">
              The timeline
            </A>
          </p>
        </div>
      )}
    </Show>
  );
};

/** The last day of one model: what was asked of it, and when it came and went. */
export const HistorySection = (props: { model: ModelView }): JSX.Element => {
  const [open, setOpen] = createSignal(false);
  return (
    <details class="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="fold__summary">
        <Icon name="chevron" size={14} />
        The last 24 hours
      </summary>
      <Show when={open()}>
        <Day model={props.model} />
      </Show>
    </details>
  );
};
