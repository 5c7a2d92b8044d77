import { Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { RouterView } from '../../src/contracts/views.ts';
import { plural } from '../format/numbers.ts';
import { Button } from '../kit/button.tsx';
import { CopyButton } from '../kit/copy.tsx';
import { useApp } from '../state/app.tsx';
import { Panel } from './panel.tsx';

export const ROUTER_WORDS = {
  unloaded: 'Stopped',
  loading: 'Starting…',
  loaded: 'Running',
  stopping: 'Stopping…',
  error: 'Failed',
} as const;

/** Where clients point their base URL. */
export const apiUrl = (router: RouterView): string | null =>
  router.url === null ? null : `${router.url.replace(/\/+$/, '')}/v1`;

export const RouterPanel = (): JSX.Element => {
  const app = useApp();
  const stopped = (router: RouterView): boolean => router.state === 'unloaded' || router.state === 'error';
  return (
    <Show when={app.live.router()}>
      {(router) => (
        <Panel
          title="API"
          tone={router().state}
          aside={router().inFlight > 0 ? plural(router().inFlight, 'request') : ROUTER_WORDS[router().state]}
        >
          <Switch>
            <Match when={router().state === 'loaded' && apiUrl(router())}>
              {(url) => (
                <div class="panel__row">
                  <div class="panel__value mono" data-tip="Base URL for OpenAI-style clients">
                    {url().replace(/^https?:\/\//, '')}
                  </div>
                  <CopyButton
                    text={url()}
                    label="Copy the API’s URL"
                    onFailure={(error) => app.toasts.failure('The URL was not copied', error)}
                  />
                </div>
              )}
            </Match>
            <Match when={stopped(router())}>
              <div class="panel__stack">
                <Show when={router().failure}>{(failure) => <div class="panel__note">{failure().message}</div>}</Show>
                <Button
                  size="small"
                  failure="The router was not started"
                  disabledReason={app.isLive() ? null : 'Not connected'}
                  onPress={() => app.client.request('router:start', {})}
                >
                  {router().state === 'error' ? 'Start again' : 'Start'}
                </Button>
              </div>
            </Match>
          </Switch>
        </Panel>
      )}
    </Show>
  );
};
