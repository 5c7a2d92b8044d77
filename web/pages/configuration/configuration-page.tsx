import { createMemo, createSignal, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { Config, ConfigKey } from '../../../src/contracts/config.ts';
import { CodedError } from '../../../src/contracts/errors.ts';
import { plural } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { Card, Page } from '../../kit/page.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { ConfigField } from './config-field.tsx';
import { changedKeys, problemOf, restartsOf, withValue } from './draft.ts';
import type { Draft } from './draft.ts';
import { configGroups, labelOf, RESTART_WORDS } from './groups.ts';
import { ConfigurationTabs } from './tabs.tsx';
import { CONFIG_KEYS } from '../../../src/contracts/config.ts';

const ConfigurationPage = (): JSX.Element => {
  const app = useApp();
  const [draft, setDraft] = createSignal<Draft>({});
  /** What the server said against a key. */
  const [refused, setRefused] = createSignal<{ key: string; message: string } | null>(null);
  const [text, setText] = createSignal('');
  const keys = createMemo(() => changedKeys(draft()));
  const problems = createMemo(() => keys().filter((key) => problemOf(key, draft()[key]) !== null));

  const valueOf = (config: Config, key: ConfigKey): unknown =>
    Object.hasOwn(draft(), key) ? draft()[key] : config[key];
  const change = (config: Config, key: ConfigKey, value: unknown): void => {
    setDraft((held) => withValue(held, config, key, value));
    if (refused()?.key === key) setRefused(null);
  };
  const problem = (key: ConfigKey): string | null => {
    const said = refused();
    if (said?.key === key) return said.message;
    return Object.hasOwn(draft(), key) ? problemOf(key, draft()[key]) : null;
  };
  const save = async (): Promise<void> => {
    const changes = draft();
    const before = app.slices.config();
    setRefused(null);
    try {
      await app.client.request('config:update', { config: changes });
    } catch (error) {
      const key = error instanceof CodedError ? error.details?.['key'] : undefined;
      if (typeof key !== 'string' || !Object.hasOwn(changes, key)) throw error;
      // It stands beside its field; a message in the corner as well would say it twice.
      setRefused({ key, message: messageOf(error) });
      document.querySelector(`[data-key="${key}"]`)?.scrollIntoView({ block: 'center' });
      return;
    }
    setDraft({});
    if (before === null) return;
    const back = Object.fromEntries(changedKeys(changes).map((key) => [key, before[key]]));
    app.toasts.show({
      tone: 'success',
      title: `${plural(Object.keys(back).length, 'key')} stored`,
      action: { label: 'Undo', run: () => app.client.request('config:update', { config: back }) },
    });
  };
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
            fallback={<div class="card config-waiting" role="status" aria-label="Fetching the configuration" />}
          >
            <Unreachable />
          </Show>
        }
      >
        {(config) => (
          <div class="config fades">
            <SearchField label="Search keys" value={text()} onInput={setText} />
            <For each={groups()} fallback={<p class="config-nothing">No key is called that.</p>}>
              {(group) => (
                <Card title={group.title}>
                  <div class="fields">
                    <For each={group.keys}>
                      {(key) => (
                        <div data-key={key} class="config-key">
                          <ConfigField
                            name={key}
                            value={valueOf(config(), key)}
                            changed={Object.hasOwn(draft(), key)}
                            problem={problem(key)}
                            disabled={!app.isLive()}
                            onChange={(value) => change(config(), key, value)}
                            onRevert={() => change(config(), key, config()[key])}
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
                <p class="save-bar__words">
                  <strong>{plural(keys().length, 'change')}</strong>{' '}
                  <Show
                    when={problems().length === 0}
                    fallback={<span class="save-bar__problem">{plural(problems().length, 'is', 'are')} not valid</span>}
                  >
                    <span>
                      {restartsOf(draft())
                        .map((what) => RESTART_WORDS[what])
                        .join('; ')}
                    </span>
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
            </Show>
          </div>
        )}
      </Show>
    </Page>
  );
};

export default ConfigurationPage;
