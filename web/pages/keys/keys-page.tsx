import { createEffect, createSignal, For, Match, on, onCleanup, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { KeyView } from '../../../src/contracts/keys.ts';
import { displayName } from '../../format/model.ts';
import { grouped, plural } from '../../format/numbers.ts';
import { Badge } from '../../kit/badge.tsx';
import { Banner } from '../../kit/banner.tsx';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Moment } from '../../kit/moment.tsx';
import { Page } from '../../kit/page.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { SettingsTabs } from '../settings/tabs.tsx';
import { lifeOf, SCOPE_WORDS } from './key-draft.ts';
import { NewKeyDialog } from './new-key-dialog.tsx';
import './keys.css';

const Fact = (props: { label: string; children: JSX.Element }): JSX.Element => (
  <div class="key__fact">
    <dt>{props.label}</dt>
    <dd>{props.children}</dd>
  </div>
);

const KeyRow = (props: { view: KeyView }): JSX.Element => {
  const app = useApp();
  const view = (): KeyView => props.view;
  const life = () => lifeOf(view(), app.now());
  const modelNames = (): string =>
    (view().models ?? [])
      .map((id) => {
        const model = app.live.model(id);
        return model === undefined ? id : displayName(model);
      })
      .join(', ');
  const limits = (): string =>
    [
      view().concurrency === null ? null : `${grouped(view().concurrency ?? 0)} at once`,
      view().ratePerMinute === null ? null : `${grouped(view().ratePerMinute ?? 0)} per minute`,
    ]
      .filter((limit) => limit !== null)
      .join(', ') || 'none';
  const revoke = async (): Promise<void> => {
    const yes = await app.confirm.ask({
      title: `Revoke the key ${view().name}?`,
      body: 'Whoever uses it is refused from now on, and its open connections are closed. It cannot be brought back.',
      confirm: 'Revoke',
    });
    if (!yes) return;
    await app.client.request('keys:revoke', { id: view().id });
    app.toasts.show({ tone: 'info', title: `The key ${view().name} is revoked` });
  };
  return (
    <li class="key" data-over={life() === 'over' ? '' : undefined}>
      <div class="key__who">
        <h2 class="key__name">{view().name}</h2>
        <code class="key__hint">{view().hint}…</code>
        <For each={view().scopes}>
          {(scope) => (
            <Badge tone="neutral" dot={false} tip={SCOPE_WORDS[scope].help}>
              {scope}
            </Badge>
          )}
        </For>
        <Show when={life() !== 'lasting'}>
          <Badge tone={life() === 'over' ? 'error' : 'stopping'}>{life() === 'over' ? 'Expired' : 'Ends soon'}</Badge>
        </Show>
      </div>
      <dl class="key__facts">
        <Fact label="Last used">
          <Show when={view().lastUsedAt} fallback="never">
            {(at) => <Moment at={at()} />}
          </Show>
        </Fact>
        <Fact label={life() === 'over' ? 'Ended' : 'Ends'}>
          <Show when={view().expiresAt} fallback="never">
            {(at) => <Moment at={at()} />}
          </Show>
        </Fact>
        <Fact label="Made">
          <Moment at={view().createdAt} />
        </Fact>
        <Fact label="Limits">{limits()}</Fact>
        <Fact label="Models">
          <Show when={view().models} fallback="every one">
            <span data-tip={modelNames()}>{modelNames()}</span>
          </Show>
        </Fact>
      </dl>
      <Button
        size="small"
        label={`Revoke ${view().name}`}
        failure="The key was not revoked"
        disabledReason={app.blocked()}
        onPress={revoke}
      >
        Revoke
      </Button>
    </li>
  );
};

const KeysPage = (): JSX.Element => {
  const app = useApp();
  const [held, setHeld] = createSignal<{ keys: readonly KeyView[]; required: boolean } | null>(null);
  const [problem, setProblem] = createSignal<string | null>(null);
  const [making, setMaking] = createSignal(false);
  const fetchAll = (): void => {
    setProblem(null);
    app.client.request('keys:list', {}).then(setHeld, (error: unknown) => setProblem(messageOf(error)));
  };
  createEffect(
    on(
      () => app.live.connection().connected,
      (connected) => {
        if (connected) fetchAll();
      },
    ),
  );
  onCleanup(app.client.on('keys:updated', setHeld));
  const newKey = (variant: 'primary' | 'secondary'): JSX.Element => (
    <Button icon="plus" variant={variant} disabledReason={app.blocked()} onPress={() => setMaking(true)}>
      New key
    </Button>
  );
  return (
    <Page
      title="Settings"
      summary="Who may use this server, and for what."
      actions={
        <>
          <SettingsTabs />
          <Show when={(held()?.keys.length ?? 0) > 0}>{newKey('primary')}</Show>
        </>
      }
    >
      <Switch fallback={<div class="card keys-waiting" role="status" aria-label="Fetching the keys" />}>
        <Match when={!app.live.ready() && app.live.connection().phase === 'offline'}>
          <Unreachable />
        </Match>
        <Match when={problem() !== null && held() === null}>
          <EmptyState title="The keys could not be fetched" actions={<Button onPress={fetchAll}>Try again</Button>}>
            <p>{problem()}</p>
          </EmptyState>
        </Match>
        <Match when={held()}>
          {(list) => (
            <div class="keys fades">
              <Banner tone="neutral" title={list().required ? 'Nobody gets in without a key' : 'No key is needed here'}>
                {list().required
                  ? 'Programs send theirs as a bearer token, or as X-Api-Key.'
                  : 'Who brings one is held to what it allows, and named beside each request. Listening beyond this machine needs keys.'}
              </Banner>
              <Show
                when={list().keys.length > 0}
                fallback={
                  <EmptyState title="There are no keys yet" actions={newKey('primary')}>
                    <p>
                      A key lets a program or a person in, with as much as you allow: some models, some requests a
                      minute, until some day.
                    </p>
                  </EmptyState>
                }
              >
                <ul class="card keys__list" aria-label={plural(list().keys.length, 'key')}>
                  <For each={list().keys}>{(key) => <KeyRow view={key} />}</For>
                </ul>
              </Show>
            </div>
          )}
        </Match>
      </Switch>
      <Show when={making()}>
        <NewKeyDialog onClose={() => setMaking(false)} />
      </Show>
    </Page>
  );
};

export default KeysPage;
