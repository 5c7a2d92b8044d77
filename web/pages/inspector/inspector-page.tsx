import { useSearchParams } from '@solidjs/router';
import { createEffect, createMemo, createSignal, Match, on, onCleanup, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { createInspector } from '../../state/inspector.ts';
import { actorsAfter, stepMatches, treeOf } from '../../state/inspection.ts';
import type { StepFilter } from '../../state/inspection.ts';
import { useApp } from '../../state/app.tsx';
import { ActorTree, toneOf } from './actor-tree.tsx';
import { Diagram, isDrawn } from './diagram.tsx';
import { ReplayBar } from './replay-bar.tsx';
import { Snapshot } from './snapshot.tsx';
import { openStately } from './stately.ts';
import type { StatelyWindow } from './stately.ts';
import { MOST_ROWS, StepList } from './step-list.tsx';
import '../../kit/page.css';
import './inspector.css';

const exportSteps = (steps: unknown): void => {
  const url = URL.createObjectURL(new Blob([JSON.stringify(steps, null, 2)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `llamactor-steps-${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}.json`;
  link.click();
  URL.revokeObjectURL(url);
};

/** The state machines as they run: who is in which state, what happened, and what each of them knows. */
const InspectorPage = (): JSX.Element => {
  const app = useApp();
  const inspector = createInspector(app);
  const [params, setParams] = useSearchParams<{ actor?: string; only?: string }>();
  /** Steps applied; null follows the newest. */
  const [position, setPosition] = createSignal<number | null>(null);
  const [filter, setFilter] = createSignal<Omit<StepFilter, 'actor'>>({ changesOnly: false, text: '' });
  const [stately, setStately] = createSignal<StatelyWindow | null>(null);

  const held = inspector.inspection;
  const count = (): number => held().frames.length;
  const at = (): number => Math.min(position() ?? count(), count());
  const actors = createMemo(() => actorsAfter(held(), at()));
  const rows = createMemo(() => treeOf(actors()));
  const named = createMemo(() => new Map([...actors().values()].map((actor) => [actor.name, actor])));
  const selected = createMemo(() => {
    const chosen = params.actor === undefined ? undefined : named().get(params.actor);
    return chosen ?? rows().find(({ actor }) => actor.machine !== null)?.actor ?? null;
  });
  /** The last step that the selected actor took, within what is shown. */
  const lastStep = createMemo(() => {
    const id = selected()?.id;
    const seen = held().frames.slice(0, at());
    return seen.findLast((frame) => frame.actor.id === id && frame.actor.machine !== null) ?? null;
  });
  /** What the same actor knew one step earlier, so that the page can mark what the last step changed. */
  const contextBefore = createMemo(() => {
    const last = lastStep();
    if (last === null) return null;
    const earlier = held().frames.findLast((frame) => frame.seq < last.seq && frame.actor.id === last.actor.id);
    return (earlier?.actor ?? held().base.get(last.actor.id))?.context ?? null;
  });
  const steps = createMemo(() => {
    const actor = params.only === undefined ? null : (selected()?.id ?? null);
    const wanted = { ...filter(), actor };
    return held()
      .frames.slice(0, at())
      .filter((frame) => stepMatches(frame, wanted))
      .slice(-MOST_ROWS);
  });

  createEffect(
    on(held, (now, before) => {
      const fresh = before === undefined ? [] : now.frames.filter((frame) => frame.seq > before.seq);
      stately()?.frames(fresh);
    }),
  );
  onCleanup(() => stately()?.stop());

  const goTo = (seq: number): void => {
    const index = held().frames.findIndex((frame) => frame.seq === seq);
    const frame = held().frames[index];
    if (frame === undefined) return;
    setPosition(index + 1);
    if (frame.actor.machine !== null) setParams({ actor: frame.actor.name }, { replace: true });
  };
  const select = (id: string): void => {
    setParams({ actor: actors().get(id)?.name ?? null }, { replace: true });
  };
  const openInStately = async (): Promise<void> => {
    const { machines } = await app.client.request('inspector:machines', {});
    stately()?.stop();
    setStately(await openStately(held(), new Map(machines.map(({ id, definition }) => [id, definition]))));
  };

  return (
    <div class="page inspector">
      <header class="page__head">
        <div class="page__title">
          <h1>Inspector</h1>
          <p class="page__summary">The state machines as they run. Nothing is recorded while nobody looks.</p>
        </div>
        <div class="inspector__tools">
          <Button
            size="small"
            variant="quiet"
            onPress={openInStately}
            failure="Stately’s inspector did not open"
            label="Open in Stately Inspector, in a new window; needs the internet"
          >
            Open in Stately
          </Button>
          <Button
            size="small"
            variant="quiet"
            onPress={() => exportSteps(held().frames)}
            disabledReason={count() === 0 ? 'Nothing has happened yet' : null}
          >
            Export
          </Button>
          <Button
            size="small"
            variant="quiet"
            onPress={() => {
              setPosition(null);
              inspector.restart();
            }}
          >
            Clear
          </Button>
        </div>
      </header>
      <Switch fallback={<p class="inspector__wait">Looking at the actors…</p>}>
        <Match when={!app.live.ready() && app.live.connection().phase === 'offline'}>
          <Unreachable />
        </Match>
        <Match when={inspector.problem()}>
          {(problem) => (
            <EmptyState
              title="The actors cannot be shown"
              actions={<Button onPress={inspector.restart}>Try again</Button>}
            >
              <p>{problem()}</p>
            </EmptyState>
          )}
        </Match>
        <Match when={inspector.ready()}>
          <ReplayBar count={count()} position={position()} missed={held().missed} onMove={setPosition} />
          <div class="inspector__panes">
            <div class="inspector__side">
              <section class="pane" aria-labelledby="pane-actors">
                <h2 id="pane-actors" class="pane__title">
                  Actors
                </h2>
                <ActorTree rows={rows()} selected={selected()?.id ?? null} onSelect={select} />
              </section>
              <section class="pane" aria-labelledby="pane-steps">
                <h2 id="pane-steps" class="pane__title">
                  Steps
                </h2>
                <div class="steps__filter">
                  <input
                    type="search"
                    placeholder="Filter by event or actor"
                    aria-label="Filter steps by event or actor"
                    value={filter().text}
                    onInput={(event) => setFilter({ ...filter(), text: event.currentTarget.value })}
                  />
                  <label>
                    <input
                      type="checkbox"
                      checked={filter().changesOnly}
                      onChange={(event) => setFilter({ ...filter(), changesOnly: event.currentTarget.checked })}
                    />
                    Only changes of state
                  </label>
                  <label>
                    <input
                      type="checkbox"
                      checked={params.only !== undefined}
                      onChange={(event) =>
                        setParams({ only: event.currentTarget.checked ? '1' : null }, { replace: true })
                      }
                    />
                    Only {selected()?.name ?? 'this actor'}
                  </label>
                </div>
                <Show
                  when={steps().length > 0}
                  fallback={
                    <p class="inspector__wait">
                      {count() === 0 ? 'Nothing has moved yet: load a model and watch.' : 'No step fits this filter.'}
                    </p>
                  }
                >
                  <StepList
                    frames={steps()}
                    actors={actors()}
                    selected={position() === null ? null : (held().frames[at() - 1]?.seq ?? null)}
                    follow={position() === null}
                    onSelect={goTo}
                  />
                </Show>
              </section>
            </div>
            <section class="pane" aria-labelledby="pane-machine">
              <Show when={selected()} fallback={<p class="inspector__wait">Choose an actor.</p>}>
                {(actor) => (
                  <>
                    <h2 id="pane-machine" class="pane__title">
                      {actor().name}
                      <span class="actors__state" data-tone={toneOf(actor().state)}>
                        {actor().state}
                      </span>
                    </h2>
                    <Show when={actor().machine} keyed>
                      {(machine) => (
                        <Show when={isDrawn(machine)}>
                          <Diagram machine={machine} state={actor().state} before={lastStep()?.before ?? null} />
                        </Show>
                      )}
                    </Show>
                    <Snapshot actor={actor()} frame={lastStep()} before={contextBefore()} />
                  </>
                )}
              </Show>
            </section>
          </div>
        </Match>
      </Switch>
    </div>
  );
};

export default InspectorPage;
