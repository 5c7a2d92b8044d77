import { createVirtualizer } from '@tanstack/solid-virtual';
import { createEffect, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { LogEntryView } from '../../../src/contracts/views.ts';
import { clock, exact } from '../../format/time.ts';
import { Button } from '../../kit/button.tsx';
import { LogMessage } from './log-message.tsx';

/** A line of one row, px; what is longer is measured when it is drawn. */
const ROW = 26;
const OVERSCAN = 24;
/** Nearer to the end than this, px, and the list follows it. */
const AT_END = 40;

const LEVEL_WORDS = { debug: 'debug', info: 'info', warn: 'warn', error: 'error' } as const;

export interface LogListHandle {
  /** Brings a line into view and stops following the end. */
  show: (index: number) => void;
  follow: () => void;
}

/** Only the lines in sight exist; the list follows its end until someone scrolls up. */
export const LogList = (props: {
  lines: readonly LogEntryView[];
  nameOf: (source: string) => string;
  /** What is searched for; it is marked in the messages. */
  text: string;
  ref?: (handle: LogListHandle) => void;
}): JSX.Element => {
  const [following, setFollowing] = createSignal(true);
  const [marked, setMarked] = createSignal<string | null>(null);
  let box!: HTMLDivElement;
  let all!: HTMLDivElement;
  const virtualizer = createVirtualizer<HTMLDivElement, HTMLDivElement>({
    get count() {
      return props.lines.length;
    },
    getScrollElement: () => box,
    estimateSize: () => ROW,
    overscan: OVERSCAN,
    // By name, not by place: what was measured stays true when the oldest lines leave.
    getItemKey: (index) => props.lines[index]?.id ?? index,
  });
  const toEnd = (): void => {
    box.scrollTop = box.scrollHeight;
  };
  /**
   * Measures a line when it is in the page, and again when its element shows another one. An element that is measured before
   * it is in the page would never be again.
   */
  const measured = (element: HTMLDivElement, id: () => string): void => {
    createEffect(
      on(id, () => {
        let frame = 0;
        const measure = (): void => {
          if (element.isConnected) virtualizer.measureElement(element);
          else frame = requestAnimationFrame(measure);
        };
        frame = requestAnimationFrame(measure);
        onCleanup(() => cancelAnimationFrame(frame));
      }),
    );
  };
  const follow = (): void => {
    setFollowing(true);
    toEnd();
  };
  onMount(() => {
    // Whatever makes the list longer, a new line or one that turns out to be taller than was thought, keeps its end in sight.
    const observer = new ResizeObserver(() => {
      if (following()) toEnd();
    });
    observer.observe(all);
    observer.observe(box);
    onCleanup(() => observer.disconnect());
    props.ref?.({
      show: (index) => {
        if (index < 0) return;
        setFollowing(false);
        setMarked(props.lines[index]?.id ?? null);
        virtualizer.scrollToIndex(index, { align: 'start' });
      },
      follow,
    });
  });
  /** Whoever scrolls up wants to read; whoever comes back to the end wants to follow. */
  const onScroll = (): void => {
    const left = box.scrollHeight - box.scrollTop - box.clientHeight;
    if (left < AT_END) setFollowing(true);
  };
  const onIntent = (): void => {
    queueMicrotask(() => {
      if (box.scrollHeight - box.scrollTop - box.clientHeight >= AT_END) setFollowing(false);
    });
  };

  return (
    <div class="log-frame">
      <div
        ref={box}
        class="log-list fades"
        role="region"
        aria-label="Log lines"
        tabindex="0"
        onScroll={onScroll}
        on:wheel={(event) => {
          if (event.deltaY < 0) setFollowing(false);
        }}
        on:touchmove={onIntent}
        onKeyDown={(event) => {
          if (event.key === 'End') follow();
          if (['ArrowUp', 'PageUp', 'Home'].includes(event.key)) setFollowing(false);
        }}
        onPointerDown={() => {
          // The scroll bar is grabbed: nobody can read a list that runs away.
          setFollowing(false);
        }}
      >
        <div ref={all} class="log-list__all" style={{ height: `${String(virtualizer.getTotalSize())}px` }}>
          <For each={virtualizer.getVirtualItems()}>
            {(item) => (
              <Show when={props.lines[item.index]}>
                {(line) => (
                  <div
                    ref={(element) => measured(element, () => line().id)}
                    class="log-line"
                    data-index={item.index}
                    data-level={line().level}
                    data-marked={marked() === line().id ? '' : undefined}
                    style={{ transform: `translateY(${String(item.start)}px)` }}
                  >
                    <time
                      class="log-line__at"
                      dateTime={new Date(line().timestamp).toISOString()}
                      data-tip={exact(line().timestamp)}
                    >
                      {clock(line().timestamp)}
                    </time>
                    <span class="log-line__level">{LEVEL_WORDS[line().level]}</span>
                    <span class="log-line__source">{props.nameOf(line().source)}</span>
                    <LogMessage text={line().message} marked={props.text} />
                  </div>
                )}
              </Show>
            )}
          </For>
        </div>
      </div>
      <Show when={!following()}>
        <div class="log-frame__end">
          <Button size="small" onPress={follow}>
            To the newest line
          </Button>
        </div>
      </Show>
    </div>
  );
};
