import { Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import { exact, relative } from '../format/time.ts';
import { Banner } from '../kit/banner.tsx';
import { Button } from '../kit/button.tsx';
import { EngineProgress, InstallButton, installing } from './engine-panel.tsx';
import { useApp } from '../state/app.tsx';

/** How old the data is. The page's own clock here: the server's stands still while it is not heard. */
const Freshness = (): JSX.Element => {
  const app = useApp();
  const at = (): number | null => app.live.connection().lastContactAt;
  return (
    <Show when={at()}>
      {(moment) => (
        <>
          {' '}
          What you see was true at{' '}
          <time dateTime={new Date(moment()).toISOString()} data-tip={relative(moment(), Date.now())}>
            {exact(moment())}
          </time>
          .
        </>
      )}
    </Show>
  );
};

/** What concerns every page: the connection first, then the engine. */
export const Notices = (): JSX.Element => {
  const app = useApp();
  return (
    <div class="notices">
      <Switch>
        <Match when={app.live.ready() && app.live.connection().phase === 'stale'}>
          <Banner tone="stopping" title="Reconnecting to Llamactor">
            {app.live.connection().problem}
            <Freshness />
          </Banner>
        </Match>
        <Match when={app.live.ready() && app.live.connection().phase === 'offline'}>
          <Banner
            tone="error"
            title="Llamactor is not answering"
            actions={
              <Button size="small" onPress={app.live.connect}>
                Try now
              </Button>
            }
          >
            Is it still running? This page keeps trying by itself.
            <Freshness />
          </Banner>
        </Match>
      </Switch>
      <Switch>
        <Match when={app.live.engine()?.state === 'missing' && app.live.engine()}>
          {(engine) => (
            <Banner tone="error" title="No engine to run models with" actions={<InstallButton size="small" />}>
              {engine().problem ?? 'Llamactor needs a llama-server.'}
            </Banner>
          )}
        </Match>
        <Match when={app.live.engine()?.state === 'installing' && app.live.engine()}>
          {(engine) => (
            <Banner tone="loading" title={`${installing(engine())}: the engine that runs the models`}>
              <EngineProgress engine={engine()} />
            </Banner>
          )}
        </Match>
      </Switch>
      <Show when={app.live.router()?.state === 'error' && app.live.router()?.failure}>
        {(failure) => (
          <Banner tone="error" title="The API is down">
            {failure().message}
          </Banner>
        )}
      </Show>
      <Show when={app.slices.problem()}>
        {(problem) => (
          <Banner
            tone="stopping"
            title="Some of this page could not be fetched"
            actions={
              <Button size="small" disabledReason={app.blocked()} onPress={app.slices.refetch}>
                Try again
              </Button>
            }
          >
            {problem()}
          </Banner>
        )}
      </Show>
    </div>
  );
};
