import { createResource, For, onCleanup, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { HealthView } from '../../../src/contracts/commands.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Card } from '../../kit/page.tsx';
import { answerOf } from '../../state/answer.ts';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';

/** How often it is asked for while the page is open, ms. */
const EVERY = 20_000;

const words = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll(/[_-]/g, ' ');

/** What works and what does not, in the server's own words. */
export const HealthCard = (): JSX.Element => {
  const app = useApp();
  // Asked again when what it depends on moved: the router, the engine, a model that failed.
  const source = (): string | false =>
    app.isLive() &&
    [
      app.live.router()?.state,
      app.live.engine()?.state,
      app.live.models().filter((model) => model.state === 'error').length,
    ].join(' ');
  const [answer, { refetch }] = createResource(source, () => app.client.request('system:health', {}));
  const timer = setInterval(() => {
    if (app.isLive() && document.visibilityState === 'visible') void refetch();
  }, EVERY);
  onCleanup(() => clearInterval(timer));
  const health = (): HealthView | undefined => answerOf(answer);
  return (
    <Card
      title="Health"
      aside={
        <Show when={health()}>
          {(view) => (
            <Badge tone={view().status === 'healthy' ? 'loaded' : 'stopping'}>
              {view().status === 'healthy' ? 'Healthy' : 'Degraded'}
            </Badge>
          )}
        </Show>
      }
    >
      <Show
        when={health()}
        fallback={
          <Show when={answer.error as unknown} fallback={<p class="chart-empty">Asking…</p>}>
            {(error) => (
              <div class="health__failed">
                <p>{messageOf(error())}</p>
                <Button size="small" onPress={() => refetch()}>
                  Ask again
                </Button>
              </div>
            )}
          </Show>
        }
      >
        {(view) => (
          <ul class="health">
            <For each={Object.entries(view().details)}>
              {([name, detail]) => (
                <li class="health__item" data-tone={detail.ok ? 'loaded' : 'error'}>
                  <Icon name={detail.ok ? 'check' : 'alert'} size={18} />
                  <div>
                    <p class="health__name">
                      {words(name)}
                      <span class="visually-hidden">{detail.ok ? ': in order' : ': not in order'}</span>
                    </p>
                    <p class="health__message">{detail.message}</p>
                  </div>
                </li>
              )}
            </For>
          </ul>
        )}
      </Show>
    </Card>
  );
};
