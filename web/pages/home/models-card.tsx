import { A } from '@solidjs/router';
import { createMemo, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { LIFECYCLE_STATES } from '../../../src/contracts/views.ts';
import type { ModelView } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { bytes, grouped, percent, plural } from '../../format/numbers.ts';
import { Card } from '../../kit/page.tsx';
import { useApp } from '../../state/app.tsx';
import { activeModels } from '../../state/library.ts';
import { ModelAction } from '../models/model-action.tsx';
import { StateRing } from '../models/state-ring.tsx';
import { retryText, STATE_WORDS } from '../models/state-words.ts';

const MOST = 6;

const linkTo = (model: ModelView): string => `/models?model=${encodeURIComponent(model.id)}`;

const Line = (props: { model: ModelView }): JSX.Element => {
  const app = useApp();
  const note = (): string => {
    const model = props.model;
    if (model.state === 'error')
      return [retryText(model, app.now()), model.failure?.message].filter(Boolean).join(' · ');
    if (model.state === 'loading') return model.progress === null ? 'Loading' : `Loading ${percent(model.progress)}`;
    if (model.state === 'stopping') return 'Stopping';
    const memory = app.slices.memoryOf(model.id);
    return [memory === null ? null : bytes(memory), model.inFlight > 0 ? plural(model.inFlight, 'request') : 'idle']
      .filter((part) => part !== null)
      .join(' · ');
  };
  return (
    <li class="model-line" data-tone={props.model.state}>
      <StateRing state={props.model.state} progress={props.model.progress} size={32} still={!app.isLive()} />
      <div class="model-line__words">
        <A class="model-line__name" href={linkTo(props.model)}>
          {displayName(props.model)}
        </A>
        <p class="model-line__note">{note()}</p>
      </div>
      <ModelAction model={props.model} />
    </li>
  );
};

/** How many models are in which state, and those with which something happens. */
export const ModelsCard = (): JSX.Element => {
  const app = useApp();
  const counts = createMemo(() =>
    LIFECYCLE_STATES.map((state) => ({
      state,
      count: app.live.models().filter((model) => model.state === state).length,
    })).filter(({ count, state }) => count > 0 || state === 'loaded'),
  );
  const active = createMemo(() => activeModels(app.live.models(), MOST).slice(0, MOST));
  return (
    <Card
      title="Models"
      aside={
        <A class="quiet-link" href="/models">
          All {grouped(app.live.ids().length)}
        </A>
      }
    >
      <div class="states">
        <div class="states__bar" aria-hidden="true">
          <For each={counts().filter(({ count }) => count > 0)}>
            {({ state, count }) => (
              <span class="states__part" data-tone={state} style={{ 'flex-grow': String(count) }} />
            )}
          </For>
        </div>
        <ul class="states__legend">
          <For each={counts()}>
            {({ state, count }) => (
              <li>
                <A class="states__entry" data-tone={state} href={`/models?state=${state}`}>
                  <span class="states__dot" aria-hidden="true" />
                  {STATE_WORDS[state]} <strong>{grouped(count)}</strong>
                </A>
              </li>
            )}
          </For>
        </ul>
      </div>
      <Show
        when={active().length > 0}
        fallback={
          <p class="card__empty">
            Nothing is loaded. A model loads when a request asks for it, or when you press Load.
          </p>
        }
      >
        <ul class="model-lines" aria-label="Active models">
          <For each={active()}>
            {(id) => <Show when={app.live.model(id)}>{(model) => <Line model={model()} />}</Show>}
          </For>
        </ul>
      </Show>
    </Card>
  );
};
