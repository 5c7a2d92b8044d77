import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { RunPieceView } from '../../../src/contracts/runs.ts';
import { grouped } from '../../format/numbers.ts';
import { ToEnd } from '../../kit/to-end.tsx';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { createOutputText } from './output-text.ts';
import type { OutputBlock, OutputLine, OutputText } from './output-text.ts';

/** Nearer to the end than this, px, and the page follows it. */
const AT_END = 40;

const Line = (props: { line: OutputLine }): JSX.Element => (
  <div class="run-output__line log-message" data-stream={props.line.stream}>
    <For each={props.line.spans}>
      {(span) => (
        <span data-colour={span.colour ?? undefined} data-bold={span.bold ? '' : undefined}>
          {span.text}
        </span>
      )}
    </For>
    {'\n'}
  </div>
);

/** What a run wrote and writes, with its terminal colours; it follows the end until somebody scrolls up. */
export const RunOutput = (props: { id: string; ended: boolean }): JSX.Element => {
  const app = useApp();
  const [blocks, setBlocks] = createSignal<readonly OutputBlock[]>([]);
  const [dropped, setDropped] = createSignal(0);
  const [problem, setProblem] = createSignal<string | null>(null);
  const [ready, setReady] = createSignal(false);
  const [following, setFollowing] = createSignal(true);
  let box!: HTMLDivElement;
  let all!: HTMLDivElement;

  createEffect(
    on(
      () => props.id,
      (id) => {
        const text: OutputText = createOutputText();
        let pending: RunPieceView[] = [];
        let frame = 0;
        setBlocks([]);
        setReady(false);
        setProblem(null);
        setFollowing(true);
        const draw = (): void => {
          frame = 0;
          text.add(pending);
          pending = [];
          setBlocks(text.blocks());
          setDropped(text.dropped());
        };
        const follower = app.client.followRun(
          id,
          (piece) => {
            pending.push(piece);
            // However much comes, the page is drawn once per frame.
            if (frame === 0) frame = requestAnimationFrame(draw);
          },
          (error) => setProblem(messageOf(error)),
        );
        follower.ready.then(
          () => setReady(true),
          (error: unknown) => setProblem(messageOf(error)),
        );
        onCleanup(() => {
          cancelAnimationFrame(frame);
          follower.stop();
        });
      },
    ),
  );

  const isAtEnd = (): boolean => box.scrollHeight - box.scrollTop - box.clientHeight < AT_END;
  const toEnd = (): void => {
    box.scrollTop = box.scrollHeight;
  };
  onMount(() => {
    const observer = new ResizeObserver(() => {
      if (following()) toEnd();
    });
    observer.observe(all);
    observer.observe(box);
    onCleanup(() => observer.disconnect());
  });

  return (
    <div class="run-output">
      <div
        ref={box}
        class="run-output__box"
        role="region"
        aria-label="Output"
        tabindex="0"
        onScroll={() => {
          if (isAtEnd()) setFollowing(true);
        }}
        on:wheel={(event) => {
          if (event.deltaY < 0) setFollowing(false);
        }}
        on:touchmove={() =>
          queueMicrotask(() => {
            if (!isAtEnd()) setFollowing(false);
          })
        }
        onKeyDown={(event) => {
          if (event.key === 'End') setFollowing(true);
          if (['ArrowUp', 'PageUp', 'Home'].includes(event.key)) setFollowing(false);
        }}
        onPointerDown={() => {
          // The scroll bar is grabbed, or text is chosen: nobody can do that in what runs away.
          setFollowing(false);
        }}
      >
        <div ref={all}>
          <Show when={dropped() > 0}>
            <p class="run-output__note">
              {grouped(dropped())} earlier lines are not shown; save the output to read them.
            </p>
          </Show>
          <For each={blocks().map(({ id }) => id)}>
            {(id) => {
              // By its number, so that a block that grows keeps the lines that are drawn already.
              const lines = createMemo(() => blocks().find((block) => block.id === id)?.lines ?? []);
              return (
                <div class="run-output__block">
                  <For each={lines()}>{(line) => <Line line={line} />}</For>
                </div>
              );
            }}
          </For>
          <Show when={problem()}>
            {(text) => (
              <p class="run-output__note" role="alert">
                {text()}
              </p>
            )}
          </Show>
          <Show when={ready() && blocks().length === 0 && problem() === null}>
            <p class="run-output__note">{props.ended ? 'It wrote nothing.' : 'It has written nothing yet.'}</p>
          </Show>
        </div>
      </div>
      <Show when={!following()}>
        <ToEnd
          onPress={() => {
            setFollowing(true);
            toEnd();
          }}
        />
      </Show>
    </div>
  );
};
