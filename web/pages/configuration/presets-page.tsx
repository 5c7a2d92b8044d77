import { useNavigate, useParams } from '@solidjs/router';
import { createEffect, createMemo, createResource, For, on, onCleanup, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { PresetView } from '../../../src/contracts/views.ts';
import { plural } from '../../format/numbers.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Page } from '../../kit/page.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { PresetEditor } from './preset-editor.tsx';
import { ConfigurationTabs } from './tabs.tsx';

/** The address of a preset that does not exist yet. */
const NEW = '~new';
const pathOf = (name: string): string => `/configuration/presets/${encodeURIComponent(name)}`;

const PresetsPage = (): JSX.Element => {
  const app = useApp();
  const navigate = useNavigate();
  const params = useParams<{ name?: string }>();
  const [answer, { mutate, refetch }] = createResource(
    () => app.live.connection().connected,
    async () => (await app.client.request('presets:list', {})).presets,
  );
  onCleanup(app.client.on('presets:updated', ({ presets }) => mutate(presets)));
  const presets = (): PresetView[] => (answer.error === undefined ? (answer.latest ?? []) : []);
  const opened = createMemo(() => (params.name === undefined ? undefined : decodeURIComponent(params.name)));
  const preset = (): PresetView | undefined => presets().find((one) => one.name === opened());
  // The page opens on the preset in use.
  createEffect(
    on([presets, opened], ([list, name]) => {
      if (name !== undefined || list.length === 0) return;
      const inUse = list.find((one) => one.name === app.live.router()?.preset) ?? list[0];
      if (inUse !== undefined) navigate(pathOf(inUse.name), { replace: true });
    }),
  );
  const inUse = (name: string): boolean => app.live.router()?.preset === name;

  const remove = async (name: string, leaving: () => void): Promise<void> => {
    const yes = await app.confirm.ask({
      title: `Delete the preset “${name}”?`,
      body: inUse(name)
        ? 'Its file is deleted, and models run without its parameters from their next idle moment on.'
        : 'Its file is deleted. Models that are loaded keep running.',
      confirm: 'Delete',
    });
    if (!yes) return;
    const ini = presets().find((one) => one.name === name)?.ini ?? '';
    await app.client.request('presets:delete', { name });
    leaving();
    navigate('/configuration/presets');
    app.toasts.show({
      tone: 'info',
      title: `The preset “${name}” is deleted`,
      action: { label: 'Undo', run: () => app.client.request('presets:save', { name, ini }) },
    });
  };

  return (
    <Page
      title="Configuration"
      summary="Presets are INI files in the format of llama.cpp’s router mode: [*] for all models, [name] for one."
      actions={<ConfigurationTabs />}
    >
      <Show
        when={answer.error === undefined}
        fallback={
          <EmptyState
            title="The presets could not be fetched"
            actions={<Button onPress={() => refetch()}>Try again</Button>}
          >
            <p>{messageOf(answer.error)}</p>
          </EmptyState>
        }
      >
        <Show when={app.live.ready() || app.live.connection().phase !== 'offline'} fallback={<Unreachable />}>
          <div class="presets fades">
            <aside class="presets__list" aria-label="Presets">
              <Button icon="plus" onPress={() => navigate(pathOf(NEW))}>
                New preset
              </Button>
              <ul>
                <For each={presets()}>
                  {(one) => (
                    <li>
                      <button
                        type="button"
                        class="preset-entry"
                        aria-current={one.name === opened() ? 'page' : undefined}
                        onClick={() => navigate(pathOf(one.name))}
                      >
                        <span class="preset-entry__name">
                          {one.name}
                          <Show when={inUse(one.name)}>
                            <Badge tone="loaded">in use</Badge>
                          </Show>
                        </span>
                        <span class="preset-entry__note">
                          {one.models.length === 0 ? 'for all models' : plural(one.models.length, 'model')}
                        </span>
                      </button>
                    </li>
                  )}
                </For>
              </ul>
            </aside>
            <Show
              when={(opened() === NEW && NEW) || preset()?.name}
              keyed
              fallback={
                <Show
                  when={answer.state === 'ready'}
                  fallback={<div class="card config-waiting" role="status" aria-label="Fetching the presets" />}
                >
                  <EmptyState
                    title={presets().length === 0 ? 'No presets yet' : 'There is no such preset'}
                    actions={<Button onPress={() => navigate(pathOf(NEW))}>New preset</Button>}
                  >
                    <p>A preset holds parameters of llama-server for all models or for some, under one name.</p>
                  </EmptyState>
                </Show>
              }
            >
              {(name) => (
                <PresetEditor
                  preset={name === NEW ? null : (preset() ?? null)}
                  taken={presets().map((one) => one.name)}
                  inUse={inUse(name)}
                  onSaved={(saved) => navigate(pathOf(saved), { replace: true })}
                  onDelete={(leaving) => remove(name, leaving)}
                />
              )}
            </Show>
          </div>
        </Show>
      </Show>
    </Page>
  );
};

export default PresetsPage;
