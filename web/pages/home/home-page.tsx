import { useNavigate } from '@solidjs/router';
import { Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import { Button } from '../../kit/button.tsx';
import { Page } from '../../kit/page.tsx';
import { Downloads } from '../../shell/downloads.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { useApp } from '../../state/app.tsx';
import { FirstSteps, isFirstRun } from './first-steps.tsx';
import { Happenings } from './happenings.tsx';
import { Instruments } from './instruments.tsx';
import { MemoryCard } from './memory-card.tsx';
import { ModelsCard } from './models-card.tsx';
import { ServerCard } from './server-card.tsx';
import { HomeSkeleton } from './home-skeleton.tsx';
import { verdictOf } from './verdict.ts';
import '../../kit/series.css';
import './home.css';

const HomePage = (): JSX.Element => {
  const app = useApp();
  const navigate = useNavigate();
  const verdict = () =>
    verdictOf({
      engine: app.live.engine()?.state ?? 'unknown',
      router: app.live.router()?.state ?? 'unloaded',
      models: app.live.models().map((model) => model.state),
    });
  return (
    <Page
      title="Dashboard"
      summary={
        <Show when={app.live.ready()}>
          <span class="verdict" data-tone={verdict().tone}>
            <span class="verdict__dot" aria-hidden="true" />
            {verdict().text}
          </span>
        </Show>
      }
      actions={
        <>
          <Button icon="play" variant="primary" onPress={() => app.overlays.openPalette('load ')}>
            Load a model
          </Button>
          <Button icon="chat" onPress={() => navigate('/chat')}>
            Open chat
          </Button>
          <Show when={app.live.router()?.state === 'loaded'}>
            <Button
              icon="refresh"
              failure="The router was not restarted"
              disabledReason={app.blocked()}
              onPress={app.router.restart}
            >
              Restart router
            </Button>
          </Show>
        </>
      }
    >
      <Switch fallback={<HomeSkeleton />}>
        <Match when={!app.live.ready() && app.live.connection().phase === 'offline'}>
          <Unreachable />
        </Match>
        <Match when={app.live.ready()}>
          <Show when={isFirstRun(app.live.models())}>
            <FirstSteps />
          </Show>
          <Downloads />
          <div class="fades">
            <Instruments />
          </div>
          <div class="home__columns fades">
            <div class="home__column">
              <ModelsCard />
              <Happenings />
            </div>
            <div class="home__column">
              <ServerCard />
              <MemoryCard />
            </div>
          </div>
        </Match>
      </Switch>
    </Page>
  );
};

export default HomePage;
