import { Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { plural } from '../../format/numbers.ts';
import { duration, exact } from '../../format/time.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { CopyButton } from '../../kit/copy.tsx';
import { Card } from '../../kit/page.tsx';
import { engineName } from '../../shell/engine-panel.tsx';
import { apiUrl, ROUTER_WORDS } from '../../shell/router-panel.tsx';
import { useApp } from '../../state/app.tsx';

const Row = (props: { label: string; tip?: string | undefined; children: JSX.Element }): JSX.Element => (
  <div class="facts-line">
    <dt>{props.label}</dt>
    <dd data-tip={props.tip}>{props.children}</dd>
  </div>
);

/** The server, its router and its engine: are they there, since when, and where clients reach them. */
export const ServerCard = (): JSX.Element => {
  const app = useApp();
  const uptime = (): number | null => {
    const metrics = app.slices.metrics();
    return metrics === null ? null : metrics.uptime * 1000 + Math.max(0, app.now() - metrics.timestamp);
  };
  return (
    <Show when={app.live.router()}>
      {(router) => (
        <Card title="Server" aside={<Badge tone={router().state}>{ROUTER_WORDS[router().state]}</Badge>}>
          <Show when={apiUrl(router())}>
            {(url) => (
              <div class="endpoint">
                <div class="endpoint__words">
                  <span class="endpoint__label">OpenAI-style API</span>
                  <code class="endpoint__url">{url()}</code>
                </div>
                <CopyButton
                  text={url()}
                  label="Copy the URL"
                  onFailure={(error) => app.toasts.failure('The URL was not copied', error)}
                />
              </div>
            )}
          </Show>
          <dl class="facts-lines">
            <Row label="Llamactor">
              {app.live.version() === null ? '–' : `v${app.live.version() ?? ''}`}
              <Show when={uptime()}>{(ms) => <span class="facts-line__aside">up {duration(ms())}</span>}</Show>
            </Row>
            <Row
              label="Router"
              tip={router().startedAt === null ? undefined : `Since ${exact(router().startedAt ?? 0)}`}
            >
              {ROUTER_WORDS[router().state]}
              <Show when={router().startedAt}>
                {(at) => <span class="facts-line__aside">up {duration(app.now() - at())}</span>}
              </Show>
            </Row>
            <Row label="Requests">
              {router().inFlight === 0 ? 'none now' : `${plural(router().inFlight, 'request')} in flight`}
            </Row>
            <Row label="Preset">{router().preset}</Row>
            <Show when={app.live.engine()}>
              {(engine) => (
                <Row label="Engine" tip={engine().path ?? undefined}>
                  {engine().state === 'ready' ? engineName(engine()) : engine().state}
                </Row>
              )}
            </Show>
            <Show when={router().restarts > 0}>
              <Row label="Restarts">{router().restarts}</Row>
            </Show>
          </dl>
          <Show when={router().state === 'unloaded' || router().state === 'error'}>
            <Button failure="The router was not started" disabledReason={app.blocked()} onPress={app.router.start}>
              Start the router
            </Button>
          </Show>
        </Card>
      )}
    </Show>
  );
};
