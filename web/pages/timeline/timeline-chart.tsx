import { A } from '@solidjs/router';
import { createMemo, createSignal, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { TimelineView } from '../../../src/contracts/activity.ts';
import { plural } from '../../format/numbers.ts';
import { brief } from '../../format/time.ts';
import { barsOf, barText, STATE_WORDS, sumOf, ticksOf } from './bars.ts';
import type { Bar } from './bars.ts';

type Lane = TimelineView['lanes'][number];

const sameKeys = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((key, index) => key === b[index]);
const share = (part: number, whole: number): string => `${((part / whole) * 100).toFixed(3)}%`;
const tickText = (at: number): string =>
  new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', hour12: false });

interface Pointed {
  name: string;
  text: string;
}

interface Window {
  since: number;
  until: number;
  /** When the server was asked. */
  asOf: number;
}

const LaneRow = (props: {
  lane: Lane;
  window: Window;
  name: string;
  onPoint: (pointed: Pointed) => void;
}): JSX.Element => {
  const [current, setCurrent] = createSignal<string | null>(null);
  const width = (): number => props.window.until - props.window.since;
  const bars = createMemo(
    () =>
      new Map(
        barsOf(props.lane.spans, props.window.since, props.window.until, props.window.asOf).map((bar) => [
          bar.key,
          bar,
        ]),
      ),
  );
  const keys = createMemo(() => [...bars().keys()], [] as string[], { equals: sameKeys });
  /** One stop for the tab key per lane; the arrows go from bar to bar. */
  const stop = (): string | undefined => {
    const chosen = current();
    return chosen !== null && bars().has(chosen) ? chosen : keys().at(-1);
  };
  const sum = createMemo(() => sumOf(props.lane.spans, props.window.since, props.window.until, props.window.asOf));
  const facts = (): string =>
    [
      sum().loaded > 0 ? `loaded ${brief(sum().loaded)}` : null,
      sum().loads > 0 ? plural(sum().loads, 'load') : null,
      sum().failures > 0 ? plural(sum().failures, 'failure') : null,
    ]
      .filter((fact) => fact !== null)
      .join(', ');
  const onKey = (event: KeyboardEvent & { currentTarget: HTMLElement }): void => {
    const all = [...event.currentTarget.querySelectorAll<HTMLElement>('.bar-span')];
    const at = all.findIndex((bar) => bar === document.activeElement);
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
    const bar = next === undefined ? undefined : all[next];
    if (bar === undefined) return;
    event.preventDefault();
    bar.focus();
  };
  const point = (bar: Bar): void => {
    setCurrent(bar.key);
    props.onPoint({ name: props.name, text: barText(bar) });
  };
  return (
    <li class="lane">
      <div class="lane__who">
        <A class="lane__name quiet-link" href={`/models?model=${encodeURIComponent(props.lane.modelId)}`}>
          {props.name}
        </A>
        <span class="lane__facts">{facts()}</span>
      </div>
      <div class="lane__track" role="group" aria-label={`${props.name}: ${facts()}`} onKeyDown={onKey}>
        <For each={keys()}>
          {(key) => (
            <Show when={bars().get(key)}>
              {(bar) => (
                <button
                  type="button"
                  class="bar-span"
                  data-tone={bar().state}
                  data-tip={barText(bar())}
                  data-several={bar().spans.length > 1 ? '' : undefined}
                  aria-label={barText(bar()).replaceAll('\n', ', ')}
                  tabindex={stop() === key ? 0 : -1}
                  style={{
                    left: share(bar().from - props.window.since, width()),
                    width: share(bar().to - bar().from, width()),
                  }}
                  onFocus={() => point(bar())}
                  onPointerEnter={() => props.onPoint({ name: props.name, text: barText(bar()) })}
                  onClick={() => point(bar())}
                />
              )}
            </Show>
          )}
        </For>
      </div>
    </li>
  );
};

/** Models against time: when each was loading, loaded, stopping or failed. */
export const TimelineChart = (props: {
  lanes: readonly Lane[];
  window: Window;
  nameOf: (modelId: string) => string;
}): JSX.Element => {
  const [pointed, setPointed] = createSignal<Pointed | null>(null);
  const ticks = createMemo(() =>
    ticksOf(props.window.since, props.window.until, new Date(props.window.until).getTimezoneOffset()),
  );
  const ids = createMemo(() => props.lanes.map(({ modelId }) => modelId), [] as string[], { equals: sameKeys });
  const at = (tick: number): string => share(tick - props.window.since, props.window.until - props.window.since);
  return (
    <figure class="timeline" aria-label="Models over time">
      <div class="timeline__chart">
        <div class="timeline__axis" aria-hidden="true">
          <For each={ticks()}>
            {(tick) => (
              <span class="timeline__tick" style={{ left: at(tick) }}>
                {tickText(tick)}
              </span>
            )}
          </For>
        </div>
        <ul class="lanes" aria-label="Models">
          <For each={ids()}>
            {(id) => (
              <Show when={props.lanes.find(({ modelId }) => modelId === id)}>
                {(lane) => <LaneRow lane={lane()} window={props.window} name={props.nameOf(id)} onPoint={setPointed} />}
              </Show>
            )}
          </For>
        </ul>
        <div class="timeline__grid" aria-hidden="true">
          <For each={ticks()}>{(tick) => <span class="timeline__line" style={{ left: at(tick) }} />}</For>
        </div>
      </div>
      <figcaption class="timeline__foot">
        <ul class="timeline__legend" aria-label="Colours">
          <For each={['loading', 'loaded', 'stopping', 'error'] as const}>
            {(state) => (
              <li data-tone={state}>
                <span class="timeline__swatch" aria-hidden="true" />
                {STATE_WORDS[state]}
              </li>
            )}
          </For>
        </ul>
        <p class="timeline__pointed">
          <Show when={pointed()} fallback="Point at a bar, or go through them with the arrow keys.">
            {(bar) => (
              <>
                <strong>{bar().name}</strong>
                {`\n${bar().text}`}
              </>
            )}
          </Show>
        </p>
      </figcaption>
    </figure>
  );
};
