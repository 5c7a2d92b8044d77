import { useSearchParams } from '@solidjs/router';
import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { Apply } from '../../../src/contracts/changes.ts';
import { CONFIG_KEYS } from '../../../src/contracts/config.ts';
import type { Config, ConfigKey } from '../../../src/contracts/config.ts';
import { CodedError } from '../../../src/contracts/errors.ts';
import { plural } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Card, Page } from '../../kit/page.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { ChangePreview } from './change-preview.tsx';
import { ConfigField } from './config-field.tsx';
import { createConfigRows } from './config-rows.ts';
import { createPreview } from './create-preview.ts';
import { changedKeys, problemOf, withValue } from './draft.ts';
import type { Draft } from './draft.ts';
import { configGroups, labelOf } from './groups.ts';
import { useDraftGuard } from './use-draft-guard.ts';
import { loadedWords } from './rows.ts';
import { ConfigurationTabs } from './tabs.tsx';

const ConfigurationPage = (): JSX.Element => {
  const app = useApp();
  const [draft, setDraft] = createSignal<Draft>({});
  /** What the server said against a key. */
  const [refused, setRefused] = createSignal<{ key: string; message: string } | null>(null);
  const [params, setParams] = useSearchParams<{ q?: string; key?: string }>();
  const text = (): string => params.q ?? '';
  const [apply, setApply] = createSignal<Apply>('when-idle');
  const rows = createConfigRows(app);
  const keys = createMemo(() => changedKeys(draft()));
  const problems = createMemo(() => keys().filter((key) => problemOf(key, draft()[key]) !== null));

  const question = createMemo(() =>
    keys().length > 0 && problems().length === 0 ? { config: draft(), apply: apply() } : null,
  );
  const preview = createPreview(
    app.live,
    () => question(),
    (wanted) => app.client.request('config:preview', wanted),
  );
  useDraftGuard(app, () => keys().length > 0);

  /** What is edited is what is stored, also where a flag wins over it. */
  const storedOf = (config: Config, key: ConfigKey): unknown => {
    const row = rows.row(key);
    return row === undefined ? config[key] : row.requested;
  };
  const valueOf = (config: Config, key: ConfigKey): unknown =>
    Object.hasOwn(draft(), key) ? draft()[key] : storedOf(config, key);
  const change = (config: Config, key: ConfigKey, value: unknown): void => {
    setDraft((held) => withValue(held, storedOf(config, key), key, value));
    if (refused()?.key === key) setRefused(null);
  };
  const problem = (key: ConfigKey): string | null => {
    const said = refused();
    if (said?.key === key) return said.message;
    return Object.hasOwn(draft(), key) ? problemOf(key, draft()[key]) : null;
  };
  const save = async (): Promise<void> => {
    const changes = draft();
    const config = app.slices.config();
    const back =
      config === null ? {} : Object.fromEntries(changedKeys(changes).map((key) => [key, storedOf(config, key)]));
    setRefused(null);
    try {
      await app.client.request('config:update', { config: changes, apply: apply() });
    } catch (error) {
      const key = error instanceof CodedError ? error.details?.['key'] : undefined;
      if (typeof key !== 'string' || !Object.hasOwn(changes, key)) throw error;
      // It stands beside its field; a message in the corner as well would say it twice.
      setRefused({ key, message: messageOf(error) });
      document.querySelector(`[data-key="${key}"]`)?.scrollIntoView({ block: 'center' });
      return;
    }
    setDraft({});
    setApply('when-idle');
    app.toasts.show({
      tone: 'success',
      title: `${plural(Object.keys(back).length, 'key')} stored`,
      action: { label: 'Undo', run: () => app.client.request('config:update', { config: back }) },
    });
  };
  // A link to a key brings it into sight once there is something to see.
  createEffect(
    on([() => params.key, () => app.slices.config() !== null], ([key, there]) => {
      if (key === undefined || !there) return;
      queueMicrotask(() => document.getElementById(`key-${key}`)?.scrollIntoView({ block: 'center' }));
    }),
  );
  const onKey = (event: KeyboardEvent): void => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== 's' || keys().length === 0) return;
    event.preventDefault();
    if (problems().length === 0 && app.isLive())
      save().catch((error: unknown) => app.toasts.failure('Nothing was stored', error));
  };
  onMount(() => document.addEventListener('keydown', onKey));
  onCleanup(() => document.removeEventListener('keydown', onKey));
  const groups = createMemo(() => {
    const words = text().toLowerCase().split(/\s+/).filter(Boolean);
    return configGroups()
      .map((group) => ({
        ...group,
        keys: group.keys.filter((key) => {
          const hay = `${key} ${labelOf(key)} ${CONFIG_KEYS[key].help}`.toLowerCase();
          return words.every((word) => hay.includes(word));
        }),
      }))
      .filter((group) => group.keys.length > 0);
  });

  return (
    <Page
      title="Configuration"
      summary="What Llamactor runs with. Flags and variables given at the start win over what is stored here."
      actions={<ConfigurationTabs />}
    >
      <Show
        when={app.slices.config()}
        fallback={
          <Show
            when={app.live.connection().phase === 'offline'}
            fallback={
              <Show
                when={app.slices.problem()}
                fallback={<div class="card config-waiting" role="status" aria-label="Fetching the configuration" />}
              >
                {(problem) => (
                  <EmptyState
                    title="The configuration could not be fetched"
                    actions={<Button onPress={app.slices.refetch}>Fetch it again</Button>}
                  >
                    <p>{problem()}</p>
                  </EmptyState>
                )}
              </Show>
            }
          >
            <Unreachable />
          </Show>
        }
      >
        {(config) => (
          <div class="config fades">
            <SearchField
              label="Search keys"
              value={text()}
              onInput={(q) => setParams({ q: q || null }, { replace: true })}
            />
            <For each={groups()} fallback={<p class="config-nothing">No key is called that.</p>}>
              {(group) => (
                <Card title={group.title}>
                  <div class="fields">
                    <For each={group.keys}>
                      {(key) => (
                        <div
                          id={`key-${key}`}
                          data-key={key}
                          class="config-key"
                          data-wanted={params.key === key ? '' : undefined}
                        >
                          <ConfigField
                            name={key}
                            value={valueOf(config(), key)}
                            changed={Object.hasOwn(draft(), key)}
                            problem={problem(key)}
                            disabled={!app.isLive()}
                            row={rows.row(key)}
                            loaded={loadedWords(key, rows.loaded())}
                            onChange={(value) => change(config(), key, value)}
                            onRevert={() => change(config(), key, storedOf(config(), key))}
                          />
                        </div>
                      )}
                    </For>
                  </div>
                </Card>
              )}
            </For>
            <Show when={keys().length > 0}>
              <div class="save-bar" role="region" aria-label="Changes that are not stored">
                <Show when={problems().length === 0}>
                  <ChangePreview preview={preview} apply={apply()} onApply={setApply} />
                </Show>
                <div class="save-bar__row">
                  <p class="save-bar__words">
                    <strong>{plural(keys().length, 'change')}</strong>{' '}
                    <Show when={problems().length > 0}>
                      <span class="save-bar__problem">{plural(problems().length, 'is', 'are')} not valid</span>
                    </Show>
                  </p>
                  <Button
                    onPress={() => {
                      setDraft({});
                      setRefused(null);
                    }}
                  >
                    Discard
                  </Button>
                  <Button
                    variant="primary"
                    failure="Nothing was stored"
                    disabledReason={app.blocked() ?? (problems().length > 0 ? 'Mend what is marked first' : null)}
                    onPress={save}
                  >
                    Save
                  </Button>
                </div>
              </div>
            </Show>
          </div>
        )}
      </Show>
    </Page>
  );
};

export default ConfigurationPage;
