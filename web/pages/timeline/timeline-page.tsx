import { createEffect, createMemo, createResource, createSignal, Match, on, onCleanup, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { TimelineView } from '../../../src/contracts/activity.ts';
import { displayName } from '../../format/model.ts';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Segmented } from '../../kit/field.tsx';
import { Card, Page } from '../../kit/page.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { answerOf } from '../../state/answer.ts';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { HOUR, RANGES, useRange } from '../monitoring/ranges.ts';
import { MonitoringTabs } from '../monitoring/tabs.tsx';
import { TimelineChart } from './timeline-chart.tsx';
import './timeline.css';

/** After a model moved the server is asked again, once for all that moved together, ms. */
const SETTLE = 300;
/** The chart moves on in steps that can be seen: so many of them fill the window. */
const STEPS = 300;
/** And it moves at least so often, ms. */
const SLOWEST = 20_000;

const TimelinePage = (): JSX.Element => {
  const app = useApp();
  const { range, choose } = useRange();
  const [answer, { refetch }] = createResource(
    () => app.live.connection().connected && range(),
    async ({ ms }) => (await app.client.request('timeline:get', { hours: ms / HOUR })).timeline,
  );
  let due: ReturnType<typeof setTimeout> | undefined;
  const end = app.live.onTransition(() => {
    clearTimeout(due);
    due = setTimeout(() => void refetch(), SETTLE);
  });
  onCleanup(() => {
    end();
    clearTimeout(due);
  });
  const timeline = (): TimelineView | undefined => answerOf(answer);
  /** The right edge: the server's time in steps, or where it stood when the answer came, where charts are set to stand still. */
  const [until, setUntil] = createSignal(app.now());
  const step = (): number => Math.min(SLOWEST, range().ms / STEPS);
  createEffect(
    on([app.now, timeline], ([now, view], before) => {
      const fresh = view !== undefined && view !== before?.[1];
      if (fresh) setUntil(Math.max(view.to, app.preferences.settings().autoRefreshMetrics ? now : 0));
      else if (app.preferences.settings().autoRefreshMetrics && now - until() >= step()) setUntil(now);
    }),
  );
  const window = createMemo(() => ({ since: until() - range().ms, until: until(), asOf: timeline()?.to ?? until() }));
  const nameOf = (id: string): string => {
    const model = app.live.model(id);
    return model === undefined ? id : displayName(model);
  };
  /** Those that run now first, then those that ran last. */
  const lanes = createMemo(() => {
    const running = (id: string): number =>
      Number(['loading', 'loaded', 'stopping'].includes(app.live.model(id)?.state ?? 'unloaded'));
    const last = (lane: TimelineView['lanes'][number]): number =>
      lane.spans.findLast(({ state }) => state !== 'unloaded')?.to ?? 0;
    return (timeline()?.lanes ?? []).toSorted(
      (a, b) =>
        running(b.modelId) - running(a.modelId) ||
        last(b) - last(a) ||
        (nameOf(a.modelId) < nameOf(b.modelId) ? -1 : 1),
    );
  });
  return (
    <Page
      title="Monitoring"
      summary="Which model was in memory when, and why it came and went."
      actions={
        <>
          <MonitoringTabs />
          <Segmented label="Time range" value={range().value} choices={RANGES} onChange={choose} />
        </>
      }
    >
      <Switch fallback={<div class="card timeline-waiting" role="status" aria-label="Fetching the timeline" />}>
        <Match when={!app.live.ready() && app.live.connection().phase === 'offline'}>
          <Unreachable />
        </Match>
        <Match when={answer.error as unknown}>
          {(error) => (
            <EmptyState
              title="The timeline could not be fetched"
              actions={<Button onPress={() => refetch()}>Try again</Button>}
            >
              <p>{messageOf(error())}</p>
            </EmptyState>
          )}
        </Match>
        <Match when={timeline()}>
          <Card
            title="Timeline"
            class="fades"
            aside={`${String(lanes().length)} ${lanes().length === 1 ? 'model' : 'models'}`}
          >
            <Show
              when={lanes().length > 0}
              fallback={
                <p class="timeline-none">No model was loaded in that time. Choose a longer range, or load one.</p>
              }
            >
              <TimelineChart lanes={lanes()} window={window()} nameOf={nameOf} />
            </Show>
          </Card>
        </Match>
      </Switch>
    </Page>
  );
};

export default TimelinePage;
