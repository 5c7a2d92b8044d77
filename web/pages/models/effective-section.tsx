import { createResource, createSignal, For, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { EffectiveRow, ParameterSource } from '../../../src/contracts/changes.ts';
import type { ModelView } from '../../../src/contracts/views.ts';
import { Badge } from '../../kit/badge.tsx';
import { Icon } from '../../kit/icons.tsx';
import { answerOf } from '../../state/answer.ts';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';

const SOURCES: Readonly<Record<ParameterSource, string>> = {
  config: 'configuration',
  'preset [*]': 'preset, for all',
  'preset section': 'preset, for this one',
  record: 'this model',
  engine: 'the engine’s choice',
  earlier: 'from before a change',
};

const shown = (value: EffectiveRow['requested']): string =>
  value === null ? '–' : typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);

const Rows = (props: { model: ModelView }): JSX.Element => {
  const app = useApp();
  // Another state, other parameters, another process: the answer may be another one.
  const source = () =>
    app.isLive() && {
      modelId: props.model.id,
      of: [props.model.state, props.model.pid, JSON.stringify(props.model.parameters)].join(),
    };
  const [answer] = createResource(
    source,
    async ({ modelId }) => (await app.client.request('models:effective', { modelId })).rows,
  );
  const rows = (): readonly EffectiveRow[] => answerOf(answer) ?? [];
  return (
    <Switch fallback={<p class="effective__note">Asking…</p>}>
      <Match when={answer.error as unknown}>{(error) => <p class="effective__note">{messageOf(error())}</p>}</Match>
      <Match when={rows().length > 0}>
        <div class="effective__scroll" tabindex="0" role="region" aria-label="Parameters with their values">
          <table class="effective">
            <thead>
              <tr>
                <th scope="col">Parameter</th>
                <th scope="col">Asked for</th>
                <th scope="col">Really</th>
              </tr>
            </thead>
            <tbody>
              <For each={rows()}>
                {(row) => (
                  <tr data-differs={row.differs ? '' : undefined}>
                    <th scope="row">
                      <code>{row.key}</code>
                    </th>
                    <td>
                      {shown(row.requested)}
                      <span class="effective__source">{SOURCES[row.source]}</span>
                    </td>
                    <td>
                      {shown(row.effective)}
                      <Show when={row.differs}>
                        <Badge tone="stopping" dot={false}>
                          differs
                        </Badge>
                      </Show>
                    </td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </div>
        <Show when={props.model.state !== 'loaded'}>
          <p class="effective__note">What the engine really gives is known while it is loaded.</p>
        </Show>
      </Match>
      <Match when={answer.state === 'ready'}>
        <p class="effective__note">Nothing is asked for: the engine chooses everything.</p>
      </Match>
    </Switch>
  );
};

/** Every parameter: where it comes from, and what the engine made of it. */
export const EffectiveSection = (props: { model: ModelView }): JSX.Element => {
  const [open, setOpen] = createSignal(false);
  return (
    <details class="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="fold__summary">
        <Icon name="chevron" size={14} />
        Parameters
      </summary>
      <Show when={open()}>
        <Rows model={props.model} />
      </Show>
    </details>
  );
};
