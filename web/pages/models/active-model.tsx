import { Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { bytes, exactBytes, grouped, percent, tokens } from '../../format/numbers.ts';
import { duration, exact } from '../../format/time.ts';
import { Badge } from '../../kit/badge.tsx';
import { ProgressBar } from '../../kit/progress-bar.tsx';
import { useApp } from '../../state/app.tsx';
import { FailureNote } from './failure-note.tsx';
import { ModelAction } from './model-action.tsx';
import { ModelMenu } from './model-menu.tsx';
import { FactLine, parametersOf } from './model-meta.tsx';
import { StateRing } from './state-ring.tsx';
import { retryText, STATE_WORDS, stageText } from './state-words.ts';
import './active-model.css';

const Stat = (props: { label: string; children: JSX.Element; tip?: string | undefined }): JSX.Element => (
  <div class="stat">
    <dt class="stat__label">{props.label}</dt>
    <dd class="stat__value" data-tip={props.tip}>
      {props.children}
    </dd>
  </div>
);

/** What a loaded model costs and does now. */
export const LiveStats = (props: { model: ModelView }): JSX.Element => {
  const app = useApp();
  const memory = (): number | null => app.slices.memoryOf(props.model.id);
  return (
    <dl class="stats">
      <Stat label="Memory" tip={memory() === null ? 'Not measured yet' : exactBytes(memory() ?? 0)}>
        {memory() === null ? '–' : bytes(memory() ?? 0)}
      </Stat>
      <Stat
        label="Context"
        tip={
          props.model.contextSize === null
            ? undefined
            : `${grouped(props.model.contextSize)} tokens in each of ${String(props.model.slots ?? 1)} slots`
        }
      >
        {props.model.contextSize === null ? '–' : tokens(props.model.contextSize)}
        <Show when={(props.model.slots ?? 1) > 1}>
          <span class="stat__aside"> ×{props.model.slots}</span>
        </Show>
      </Stat>
      <Stat label="Up" tip={props.model.loadedAt === null ? undefined : `Since ${exact(props.model.loadedAt)}`}>
        {props.model.loadedAt === null ? '–' : duration(app.now() - props.model.loadedAt)}
      </Stat>
      <Stat label="In flight" tip="Requests being answered now">
        {props.model.inFlight}
      </Stat>
    </dl>
  );
};

export const LoadingProgress = (props: { model: ModelView }): JSX.Element => {
  const app = useApp();
  return (
    <div class="load-progress">
      <ProgressBar value={props.model.progress} label={`Loading ${displayName(props.model)}`} still={!app.isLive()} />
      <p class="load-progress__text">
        <Show when={props.model.progress !== null}>
          <strong>{percent(props.model.progress ?? 0)}</strong>
        </Show>
        <span>{stageText(props.model.stage)}</span>
      </p>
    </div>
  );
};

/** A model with which something happens, or should. */
export const ActiveModel = (props: { model: ModelView; onOpen: () => void }): JSX.Element => {
  const app = useApp();
  return (
    <li class="running" data-tone={props.model.state}>
      <StateRing state={props.model.state} progress={props.model.progress} size={48} still={!app.isLive()} />
      <div class="running__who">
        <h3 class="running__name">
          <button type="button" class="name-button" onClick={() => props.onOpen()}>
            {displayName(props.model)}
          </button>
        </h3>
        <div class="running__facts">
          <Badge tone={props.model.state}>{STATE_WORDS[props.model.state]}</Badge>
          <FactLine
            model={props.model}
            facts={[parametersOf(props.model), props.model.metadata?.quantization ?? null].filter(
              (fact) => fact !== null,
            )}
          />
        </div>
      </div>
      <div class="running__body">
        <Switch fallback={<LiveStats model={props.model} />}>
          <Match when={props.model.state === 'loading'}>
            <LoadingProgress model={props.model} />
          </Match>
          <Match when={props.model.state === 'error' && props.model.failure}>
            {(failure) => <FailureNote failure={failure()} retry={retryText(props.model, app.now())} />}
          </Match>
        </Switch>
      </div>
      <div class="running__actions">
        <ModelAction model={props.model} prominent />
        <ModelMenu model={props.model} onOpen={() => props.onOpen()} />
      </div>
    </li>
  );
};
