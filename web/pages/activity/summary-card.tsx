import { createResource, createSignal, For, onCleanup, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ActivityTotalsView, PercentilesView } from '../../../src/contracts/activity.ts';
import { grouped } from '../../format/numbers.ts';
import { brief, exact } from '../../format/time.ts';
import { Button } from '../../kit/button.tsx';
import { Segmented } from '../../kit/field.tsx';
import { Card } from '../../kit/page.tsx';
import { answerOf } from '../../state/answer.ts';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { readStored, writeStored } from '../../state/stored.ts';
import { speed } from './request-words.ts';

const SPANS = [
  { value: '1', label: '1 h' },
  { value: '24', label: '24 h' },
  { value: '168', label: '7 days' },
] as const;
type Span = (typeof SPANS)[number]['value'];
/** Summed up again at most this often while requests arrive, ms. */
const EVERY = 4000;

/** The middle one and the slow end of it. */
const Spread = (props: { of: PercentilesView }): JSX.Element => (
  <Show when={props.of.p50 !== null} fallback="–">
    <span
      data-tip={`Half within ${brief(props.of.p50 ?? 0)}, 95 % within ${brief(props.of.p95 ?? 0)}, 99 % within ${brief(props.of.p99 ?? 0)}`}
    >
      {brief(props.of.p50 ?? 0)}
      <span class="sums__aside"> / {brief(props.of.p95 ?? 0)}</span>
    </span>
  </Show>
);

const Cells = (props: { totals: ActivityTotalsView }): JSX.Element => (
  <>
    <td>{grouped(props.totals.count)}</td>
    <td data-trouble={props.totals.errors > 0 ? '' : undefined}>{grouped(props.totals.errors)}</td>
    <td>{grouped(props.totals.cancelled)}</td>
    <td data-tip={`${grouped(props.totals.cachedTokens)} of them from the cache`}>
      {grouped(props.totals.promptTokens)}
    </td>
    <td>{grouped(props.totals.completionTokens)}</td>
    <td>{speed(props.totals.tokensPerSecond)}</td>
    <td>
      <Spread of={props.totals.queuedMs} />
    </td>
    <td>
      <Spread of={props.totals.firstByteMs} />
    </td>
    <td>
      <Spread of={props.totals.durationMs} />
    </td>
  </>
);

/** What the requests of the last hours cost and how long they took, by model. `count` changes when some arrived. */
export const SummaryCard = (props: { nameOf: (modelId: string | null) => string }): JSX.Element => {
  const app = useApp();
  const stored = (): Span => SPANS.find(({ value }) => value === readStored('activity-span'))?.value ?? '24';
  const [span, setSpan] = createSignal<Span>(stored());
  const [answer, { refetch }] = createResource(
    () => app.live.connection().connected && span(),
    async (hours) => (await app.client.request('activity:summary', { hours: Number(hours) })).summary,
  );
  let due: ReturnType<typeof setTimeout> | undefined;
  const end = app.client.on('activity:added', () => {
    due ??= setTimeout(() => {
      due = undefined;
      void refetch();
    }, EVERY);
  });
  onCleanup(() => {
    end();
    clearTimeout(due);
  });
  const summary = () => answerOf(answer);
  return (
    <Card
      title="By model"
      class="sums"
      aside={
        <Segmented
          label="Summed up over"
          value={span()}
          choices={SPANS}
          onChange={(value) => {
            writeStored('activity-span', value);
            setSpan(value);
          }}
        />
      }
    >
      <Show
        when={summary()}
        fallback={
          <Show when={answer.error as unknown} fallback={<p class="sums__none">Summing up…</p>}>
            {(error) => (
              <div class="sums__failed">
                <p>{messageOf(error())}</p>
                <Button size="small" onPress={() => refetch()}>
                  Try again
                </Button>
              </div>
            )}
          </Show>
        }
      >
        {(view) => (
          <Show when={view().count > 0} fallback={<p class="sums__none">Nobody has asked anything in that time.</p>}>
            <div class="sums__scroll" tabindex="0" role="region" aria-label="Requests by model">
              <table class="sums__table">
                <thead>
                  <tr>
                    <th scope="col">Model</th>
                    <th scope="col">Requests</th>
                    <th scope="col">Errors</th>
                    <th scope="col" data-tip="The client left before the answer was complete">
                      Left
                    </th>
                    <th scope="col">Tokens in</th>
                    <th scope="col">Tokens out</th>
                    <th scope="col" data-tip="The median over the answers that had a speed">
                      Speed
                    </th>
                    <th scope="col" data-tip="Time in the queue: half waited less, 95 % waited less">
                      Wait p50 / p95
                    </th>
                    <th scope="col" data-tip="From its arrival to the engine’s first byte, of streamed answers">
                      First byte p50 / p95
                    </th>
                    <th scope="col">Took p50 / p95</th>
                  </tr>
                </thead>
                <tbody>
                  <For each={view().models}>
                    {(model) => (
                      <tr>
                        <th scope="row">{props.nameOf(model.modelId)}</th>
                        <Cells totals={model} />
                      </tr>
                    )}
                  </For>
                </tbody>
                <Show when={view().models.length > 1}>
                  <tfoot>
                    <tr>
                      <th scope="row">All</th>
                      <Cells totals={view()} />
                    </tr>
                  </tfoot>
                </Show>
              </table>
            </div>
            <Show when={!view().complete}>
              <p class="sums__none">
                The history kept begins after {exact(view().from)}; what came before is not in it.
              </p>
            </Show>
          </Show>
        )}
      </Show>
    </Card>
  );
};
