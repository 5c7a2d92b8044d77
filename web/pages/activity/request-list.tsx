import { createWindowVirtualizer } from '@tanstack/solid-virtual';
import { createEffect, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ActivityView } from '../../../src/contracts/activity.ts';
import { grouped } from '../../format/numbers.ts';
import { brief, clockTime, exact } from '../../format/time.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { causeOf, speed, statusText, tokenFlow, toneOf } from './request-words.ts';

/** Heights of a row, px: one line of a table, or on a phone a small card (`activity.css` says the same). */
const WIDE = 52;
const NARROW = 78;
const PHONE = '(max-width: 48rem)';
const OVERSCAN = 12;
/** Nearer to the end than so many rows, and older ones are asked for. */
const NEAR_END = 20;

const COLUMNS = ['When', 'Model', 'Status', 'Tokens', 'Speed', 'Wait', 'First byte', 'Took', 'Key'] as const;

const Cell = (props: { name: string; label: string; tip?: string | undefined; children: JSX.Element }): JSX.Element => (
  <span class={`request__cell request__cell--${props.name}`} role="cell" data-tip={props.tip}>
    <span class="visually-hidden">{props.label} </span>
    {props.children}
  </span>
);

const Row = (props: {
  request: ActivityView;
  nameOf: (modelId: string | null) => string;
  onOpen: () => void;
}): JSX.Element => (
  <>
    <span class="request__cell request__cell--when" role="cell">
      <time dateTime={new Date(props.request.startedAt).toISOString()} data-tip={exact(props.request.startedAt)}>
        {clockTime(props.request.startedAt)}
      </time>
    </span>
    <span class="request__cell request__cell--model" role="cell">
      <button type="button" class="request__name" onClick={() => props.onOpen()}>
        {props.nameOf(props.request.modelId)}
      </button>
      <span class="request__route">{props.request.route}</span>
    </span>
    <span class="request__cell request__cell--status" role="cell">
      <Badge tone={toneOf(props.request)}>{statusText(props.request)}</Badge>
      <Show when={causeOf(props.request)}>
        {(cause) => (
          <span class="request__cause" data-tip={cause()}>
            {cause()}
          </span>
        )}
      </Show>
    </span>
    <Cell
      name="tokens"
      label="Tokens in and out"
      tip={
        props.request.cachedTokens === null
          ? undefined
          : `${grouped(props.request.cachedTokens)} tokens of the prompt came from the cache`
      }
    >
      {tokenFlow(props.request)}
    </Cell>
    <Cell name="speed" label="Speed">
      {speed(props.request.tokensPerSecond)}
    </Cell>
    <Cell name="wait" label="Waited">
      {brief(props.request.queuedMs)}
    </Cell>
    <Cell name="first" label="First byte after">
      {props.request.firstByteMs === null ? '–' : brief(props.request.firstByteMs)}
    </Cell>
    <Cell name="took" label="Took">
      {brief(props.request.durationMs)}
    </Cell>
    <Cell name="key" label="Key">
      {props.request.key ?? '–'}
    </Cell>
  </>
);

/** The finished requests, newest first. Only those in sight exist; it scrolls with the page. */
export const RequestList = (props: {
  rows: readonly ActivityView[];
  more: boolean;
  loading: boolean;
  onOlder: () => void;
  onOpen: (request: ActivityView) => void;
  nameOf: (modelId: string | null) => string;
}): JSX.Element => {
  let body!: HTMLDivElement;
  const phone = matchMedia(PHONE);
  const [narrow, setNarrow] = createSignal(phone.matches);
  const [offset, setOffset] = createSignal(0);
  /** Id of the newest row that is shown while the person reads further down; null at the top, where new ones simply come in. */
  const [held, setHeld] = createSignal<string | null>(null);
  const shown = (): readonly ActivityView[] => {
    const from = held() === null ? 0 : props.rows.findIndex(({ id }) => id === held());
    return from <= 0 ? props.rows : props.rows.slice(from);
  };
  const newer = (): number => props.rows.length - shown().length;
  const virtualizer = createWindowVirtualizer<HTMLDivElement>({
    get count() {
      return shown().length;
    },
    get scrollMargin() {
      return offset();
    },
    estimateSize: () => (narrow() ? NARROW : WIDE),
    overscan: OVERSCAN,
    getItemKey: (index) => shown()[index]?.id ?? index,
  });
  const look = (): void => {
    setOffset(body.getBoundingClientRect().top + scrollY);
    setHeld((before) => (body.getBoundingClientRect().top >= 0 ? null : (before ?? props.rows[0]?.id ?? null)));
  };
  onMount(() => {
    const onWidth = (): void => {
      setNarrow(phone.matches);
      virtualizer.measure();
    };
    // What stands above the list grows and shrinks with what runs.
    const observer = new ResizeObserver(look);
    observer.observe(document.body);
    phone.addEventListener('change', onWidth);
    addEventListener('scroll', look, { passive: true });
    look();
    onCleanup(() => {
      observer.disconnect();
      phone.removeEventListener('change', onWidth);
      removeEventListener('scroll', look);
    });
  });
  createEffect(
    on(
      () => [virtualizer.getVirtualItems().at(-1)?.index ?? 0, props.rows.length, props.more] as const,
      ([last, , more]) => {
        if (more && last >= shown().length - NEAR_END) props.onOlder();
      },
    ),
  );

  return (
    <div
      class="requests"
      role="table"
      aria-label="Finished requests"
      aria-rowcount={props.more ? -1 : props.rows.length}
    >
      <div class="requests__head" role="row">
        <For each={COLUMNS}>
          {(label) => (
            <span role="columnheader" class={`request__cell--${label.toLowerCase().replace(' byte', '')}`}>
              {label}
            </span>
          )}
        </For>
      </div>
      <Show when={newer() > 0}>
        <div class="requests__newer">
          <Button size="small" onPress={() => scrollTo({ top: Math.max(0, offset() - 160) })}>
            {`${grouped(newer())} newer`}
          </Button>
        </div>
      </Show>
      <div
        ref={body}
        class="requests__body"
        role="rowgroup"
        style={{ height: `${String(virtualizer.getTotalSize())}px` }}
      >
        <For each={virtualizer.getVirtualItems()}>
          {(item) => (
            <Show when={shown()[item.index]}>
              {(request) => (
                <div
                  class="request"
                  role="row"
                  data-outcome={toneOf(request())}
                  style={{ transform: `translateY(${String(item.start - offset())}px)` }}
                >
                  <Row request={request()} nameOf={props.nameOf} onOpen={() => props.onOpen(request())} />
                </div>
              )}
            </Show>
          )}
        </For>
      </div>
      <Show when={props.loading && props.rows.length > 0}>
        <p class="requests__more" role="status">
          Fetching older ones…
        </p>
      </Show>
    </div>
  );
};
