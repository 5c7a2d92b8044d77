import { useNavigate, useParams } from '@solidjs/router';
import { createMemo, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { RunView } from '../../../src/contracts/runs.ts';
import { plural } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Page } from '../../kit/page.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { useApp } from '../../state/app.tsx';
import { RunDetail } from './run-detail.tsx';
import { RunForm } from './run-form.tsx';
import { RunList } from './run-list.tsx';
import { createRunStore } from './run-store.ts';
import '../logs/log-message.css';
import './runs.css';

const RunsPage = (): JSX.Element => {
  const app = useApp();
  const navigate = useNavigate();
  const params = useParams<{ id?: string }>();
  const store = createRunStore(app);
  const runs = (): readonly RunView[] => store.runs() ?? [];
  const chosen = (): string | null => params.id ?? null;
  const run = createMemo(() => runs().find(({ id }) => id === chosen()) ?? null);
  const count = (state: RunView['state']): number => runs().filter((one) => one.state === state).length;
  const summary = (): string =>
    [
      `${plural(count('running'), 'run')} of ${String(store.limits()?.running ?? 0)} at work`,
      ...(count('queued') === 0 ? [] : [`${String(count('queued'))} waiting`]),
    ].join(', ');

  return (
    <Page title="Runs" summary={store.runs() === null ? undefined : summary()}>
      <Switch>
        <Match when={!app.live.ready() && app.live.connection().phase === 'offline'}>
          <Unreachable />
        </Match>
        <Match when={store.problem() !== null && store.runs() === null}>
          <EmptyState title="The runs could not be fetched" actions={<Button onPress={store.again}>Try again</Button>}>
            <p>{store.problem()}</p>
          </EmptyState>
        </Match>
        <Match when={store.runs() !== null}>
          <div class="runs" data-chosen={run() === null ? undefined : ''}>
            <div class="runs__side">
              <RunForm tools={store.tools()} onStarted={({ id }) => navigate(`/runs/${id}`)} />
              <Show when={runs().length > 0}>
                <RunList runs={runs()} chosen={chosen()} />
              </Show>
            </div>
            <div class="runs__main">
              <Switch>
                <Match when={run()}>{(shown) => <RunDetail run={shown()} />}</Match>
                <Match when={chosen() !== null}>
                  <EmptyState
                    title="This run is not here"
                    actions={<Button onPress={() => navigate('/runs')}>All runs</Button>}
                  >
                    <p>It was forgotten, or it is somebody else’s.</p>
                  </EmptyState>
                </Match>
                <Match when={runs().length === 0}>
                  <EmptyState title="Nothing was run yet">
                    <p>
                      Write what shall be done: a local model answers, or an agent of your own, once it is named in the
                      configuration. Its output shows here as it is written.
                    </p>
                  </EmptyState>
                </Match>
                <Match when={runs().length > 0}>
                  <EmptyState title="Choose a run">
                    <p>Its output, its prompt and what it cost show here.</p>
                  </EmptyState>
                </Match>
              </Switch>
            </div>
          </div>
        </Match>
      </Switch>
    </Page>
  );
};

export default RunsPage;
