import { useNavigate } from '@solidjs/router';
import { createMemo, createUniqueId, For, Match, onMount, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { Badge } from '../../kit/badge.tsx';
import { Banner } from '../../kit/banner.tsx';
import { Button, IconButton } from '../../kit/button.tsx';
import { CopyButton } from '../../kit/copy.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Moment } from '../../kit/moment.tsx';
import { useApp } from '../../state/app.tsx';
import { isUnusable } from '../../state/library.ts';
import { LiveStats, LoadingProgress } from './active-model.tsx';
import { EffectiveSection } from './effective-section.tsx';
import { ExplainPanel } from './explain-panel.tsx';
import { FactList, fileFacts, recordFacts } from './facts.tsx';
import { FailureNote } from './failure-note.tsx';
import { HistorySection } from './history-section.tsx';
import { MemorySection } from './memory-section.tsx';
import { ModelAction } from './model-action.tsx';
import { useCurl } from './model-menu.tsx';
import { FactLine } from './model-meta.tsx';
import { StateDiagram } from './state-ring.tsx';
import { badgeText, retryText } from './state-words.ts';
import { ModelLogs } from './model-logs.tsx';
import { RecordSection } from './record-form.tsx';
import './details-drawer.css';
import './drawer-parts.css';
import './fold.css';

const DECISIONS = {
  admitted: 'Admitted',
  evicted: 'Had to leave',
  yielded: 'Makes room for others that wait',
  queued: 'Had to wait',
  refused: 'Refused',
  restarted: 'Restarted',
  'gave-up': 'Given up',
} as const;
/** As many as tell the story; the full history is another page's task. */
const MOST_DECISIONS = 6;

const Decisions = (props: { modelId: string }): JSX.Element => {
  const app = useApp();
  const own = createMemo(() =>
    app.slices
      .decisions()
      .filter((decision) => decision.modelId === props.modelId)
      .slice(0, MOST_DECISIONS),
  );
  return (
    <Show when={own().length > 0}>
      <section>
        <h3 class="drawer__heading">What was decided</h3>
        <ol class="decisions">
          <For each={own()}>
            {(decision) => (
              <li class="decisions__item">
                <p class="decisions__head">
                  <strong>{DECISIONS[decision.kind]}</strong>
                  <Moment at={decision.at} />
                </p>
                <p class="decisions__reason">{decision.reason}</p>
              </li>
            )}
          </For>
        </ol>
      </section>
    </Show>
  );
};

const Content = (props: { model: ModelView; onClose: () => void }): JSX.Element => {
  const app = useApp();
  const navigate = useNavigate();
  const talks = (): boolean => props.model.metadata?.outputModalities.includes('text') !== false;
  const curl = useCurl();
  return (
    <div class="drawer__body">
      <StateDiagram state={props.model.state} progress={props.model.progress} still={!app.isLive()} />
      <Switch>
        <Match when={props.model.state === 'loading'}>
          <LoadingProgress model={props.model} />
        </Match>
        <Match when={props.model.state === 'loaded' || props.model.state === 'stopping'}>
          <LiveStats model={props.model} />
        </Match>
      </Switch>
      <Show when={props.model.problem}>
        {(problem) => (
          <Banner tone="stopping" title="This file cannot be used">
            {problem()}
          </Banner>
        )}
      </Show>
      <Show when={props.model.failure}>
        {(failure) => (
          <section class="drawer__failure">
            <FailureNote failure={failure()} retry={retryText(props.model, app.now())} />
          </section>
        )}
      </Show>
      <div class="drawer__actions">
        <ModelAction model={props.model} size="medium" prominent />
        <Show when={talks() && !isUnusable(props.model)}>
          <Button icon="chat" onPress={() => navigate(`/chat?model=${encodeURIComponent(props.model.id)}`)}>
            Chat
          </Button>
        </Show>
      </div>
      <Show when={(props.model.state === 'unloaded' || props.model.state === 'error') && !isUnusable(props.model)}>
        <ExplainPanel model={props.model} />
      </Show>
      <Show when={props.model.pendingChange !== false && props.model.pendingChange}>
        {(pending) => (
          <Banner tone="stopping" title="A change waits">
            {pending().keys.join(', ')}:{' '}
            {pending().when === 'when idle' ? 'it is loaded again when it is idle' : 'it is taken at the next load'}.
          </Banner>
        )}
      </Show>
      <Show when={!isUnusable(props.model)}>
        <MemorySection model={props.model} />
      </Show>
      <Decisions modelId={props.model.id} />
      <Show when={!isUnusable(props.model)}>
        <section>
          <h3 class="drawer__heading">Use it</h3>
          <div class="command">
            <pre tabindex="0" aria-label="Command that uses this model">
              {curl(props.model)}
            </pre>
            <CopyButton
              text={curl(props.model)}
              label="Copy the command"
              onFailure={(error) => app.toasts.failure('The command was not copied', error)}
            />
          </div>
        </section>
      </Show>
      <section>
        <h3 class="drawer__heading">The model</h3>
        <FactList facts={fileFacts(props.model)} />
      </section>
      <section>
        <h3 class="drawer__heading">On this machine</h3>
        <FactList facts={recordFacts(props.model)} />
      </section>
      <EffectiveSection model={props.model} />
      <HistorySection model={props.model} />
      <ModelLogs id={props.model.id} />
      <RecordSection model={props.model} onGone={() => props.onClose()} />
    </div>
  );
};

/** Everything about one model, beside the list. A native dialog: it traps the focus and closes on Escape. */
export const DetailsDrawer = (props: { id: string; onClose: () => void }): JSX.Element => {
  const app = useApp();
  const titleId = createUniqueId();
  let dialog!: HTMLDialogElement;
  onMount(() => {
    dialog.showModal();
  });
  const close = (): void => {
    dialog.close();
  };
  return (
    <dialog
      ref={dialog}
      class="drawer"
      aria-labelledby={titleId}
      onClose={() => props.onClose()}
      onClick={(event) => {
        // The dialog's own box is filled by its content: a click on the dialog itself is one on the backdrop.
        if (event.target === dialog) close();
      }}
    >
      <div class="drawer__box">
        <header class="drawer__head">
          <div class="drawer__title">
            {/* The focus starts at the title: a reader hears whose details these are before what can be done. */}
            <h2 id={titleId} tabindex="-1" autofocus>
              <Show when={app.live.model(props.id)} fallback="Model">
                {(model) => displayName(model())}
              </Show>
            </h2>
            <Show when={app.live.model(props.id)}>
              {(model) => (
                <>
                  <FactLine model={model()} />
                  <Badge tone={isUnusable(model()) ? 'stopping' : model().state}>{badgeText(model())}</Badge>
                </>
              )}
            </Show>
          </div>
          <IconButton icon="close" label="Close" onPress={close} />
        </header>
        <Show
          when={app.live.model(props.id)}
          fallback={
            <EmptyState title="This model is not here">
              <p>Its file and its record are gone, or the link is from another machine.</p>
            </EmptyState>
          }
        >
          {(model) => <Content model={model()} onClose={close} />}
        </Show>
      </div>
    </dialog>
  );
};
