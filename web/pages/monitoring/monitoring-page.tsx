import {
  createEffect,
  createMemo,
  createResource,
  createSignal,
  For,
  Match,
  on,
  onCleanup,
  Show,
  Switch,
} from 'solid-js';
import type { JSX } from 'solid-js';
import { displayName } from '../../format/model.ts';
import { bytes, percent } from '../../format/numbers.ts';
import { Segmented } from '../../kit/field.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Button } from '../../kit/button.tsx';
import { Card, Page } from '../../kit/page.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { chartsOf, sameMachine } from './charts.ts';
import { HealthCard } from './health-card.tsx';
import { HOUR, RANGES, useRange } from './ranges.ts';
import { columnsOf, sourcesOf } from './series.ts';
import { MonitoringTabs } from './tabs.tsx';
import { TimeChart } from './time-chart.tsx';
import './monitoring.css';

/** How often is measured while someone watches the shortest range, ms, and otherwise (`state/slices.ts`). */
const CLOSE_LOOK = 2000;
const USUAL = 5000;

const MonitoringPage = (): JSX.Element => {
  const app = useApp();
  const { range, choose } = useRange();
  const [reached, { refetch }] = createResource(
    () => app.live.connection().connected && range().ms / HOUR,
    async (hours) => {
      await app.samples.reach(hours);
      return hours;
    },
  );
  /** The history that comes with the connection is fetched elsewhere, so it fails there. */
  const failure = (): unknown => reached.error ?? app.samples.problem();
  createEffect(
    on([() => app.live.connection().connected, () => range().value === '5m'], ([connected, close]) => {
      if (!connected || !close) return;
      const pace = (interval: number): Promise<unknown> =>
        app.client.request('metrics:subscribe', { interval }).catch(() => undefined);
      void pace(CLOSE_LOOK);
      onCleanup(() => void pace(USUAL));
    }),
  );

  const moving = (): boolean => app.preferences.settings().autoRefreshMetrics;
  /** What is drawn: the newest samples, or those from when the page was opened, where charts are set to stand still. */
  const [samples, setSamples] = createSignal(app.samples.list());
  createEffect(
    on([app.samples.list, range], ([list], before) => {
      const asked = before !== undefined && before[1] !== range();
      if (moving() || asked || samples().length === 0) setSamples(list);
    }),
  );
  const until = createMemo(() => samples().at(-1)?.timestamp ?? Date.now());
  const since = (): number => until() - range().ms;
  const shown = createMemo(() => samples().filter((sample) => sample.timestamp >= since()));
  const nameOf = (source: string): string => {
    if (!source.startsWith('model:')) return source === 'server' ? 'Llamactor' : 'Router';
    const model = app.live.model(source.slice('model:'.length));
    return model === undefined ? source.slice('model:'.length) : displayName(model);
  };
  const sources = createMemo(() => sourcesOf(shown()), [] as string[], {
    equals: (a, b) => a.join('\n') === b.join('\n'),
  });
  /** What decides which charts there are. While it stays the same they do too, and only their lines move. */
  const machine = createMemo(() => shown().at(-1) ?? null, null, { equals: sameMachine });
  const charts = createMemo(() => chartsOf(machine(), sources(), nameOf));

  return (
    <Page
      title="Monitoring"
      summary={
        <Show when={app.slices.metrics()}>
          {(metrics) => (
            <>
              CPU {percent(metrics().cpu.usage)}, memory {bytes(metrics().memory.usedBytes)} of{' '}
              {bytes(metrics().memory.totalBytes)}
            </>
          )}
        </Show>
      }
      actions={
        <>
          <MonitoringTabs />
          <Segmented label="Time range" value={range().value} choices={RANGES} onChange={choose} />
        </>
      }
    >
      <Switch>
        <Match when={!app.live.ready() && app.live.connection().phase === 'offline'}>
          <Unreachable />
        </Match>
        <Match when={failure() !== null && shown().length === 0}>
          <EmptyState
            title="The measurements could not be fetched"
            actions={<Button onPress={() => refetch()}>Try again</Button>}
          >
            <p>{messageOf(failure())}</p>
          </EmptyState>
        </Match>
        <Match when={true}>
          <HealthCard />
          <div class="charts fades" aria-busy={reached.loading}>
            <For each={charts()}>
              {(chart) => {
                const columns = createMemo(() => columnsOf(samples(), since(), until(), chart.specs));
                return (
                  <Card title={chart.title} aside={chart.aside}>
                    <Show
                      when={columns()[0].length > 1}
                      fallback={
                        <p class="chart-empty">
                          {reached.loading || !app.live.ready()
                            ? 'Fetching…'
                            : 'Not enough measurements yet; the line begins in a moment.'}
                        </p>
                      }
                    >
                      <TimeChart
                        title={chart.title}
                        labels={chart.specs.map((spec) => spec.label)}
                        columns={columns()}
                        since={since()}
                        until={until()}
                        max={chart.max}
                        format={chart.format}
                        sync="monitoring"
                      />
                    </Show>
                  </Card>
                );
              }}
            </For>
          </div>
        </Match>
      </Switch>
    </Page>
  );
};

export default MonitoringPage;
