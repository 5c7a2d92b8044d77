/** What a session's browser shows: live while somebody looks, the last picture otherwise; in a person's hands it takes clicks and keys. */
import { createEffect, createMemo, createSignal, on, onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { sessionHasEnded } from '../../../src/contracts/sessions.ts';
import type { SessionFrame, SessionInput, SessionView } from '../../../src/contracts/sessions.ts';
import { Icon } from '../../kit/icons.tsx';
import { useApp } from '../../state/app.tsx';
import { keyOf, placeOf } from './hand.ts';

const VIEWPORT = { width: 1280, height: 800 };

/** `picture` is the address of the last one that was taken; null when there is none. */
export const LiveView = (props: {
  session: SessionView;
  picture: string | null;
  onInput: (input: SessionInput) => void;
}): JSX.Element => {
  const app = useApp();
  const [frame, setFrame] = createSignal<SessionFrame | null>(null);
  const [onScreen, setOnScreen] = createSignal(false);
  const [inFront, setInFront] = createSignal(document.visibilityState === 'visible');
  let surface!: HTMLDivElement;
  let image: HTMLImageElement | undefined;

  const watches = createMemo(
    () => app.live.connection().connected && onScreen() && inFront() && !sessionHasEnded(props.session.status),
  );
  createEffect(
    on([watches, () => props.session.id], ([watching, id]) => {
      if (!watching) return;
      const end = app.client.onDirect('sessions:frame', (next) => {
        if (next.id === id) setFrame(next);
      });
      app.client.request('sessions:watch', { id }).catch(() => {
        // Its end or a lost connection is told where it belongs; without frames the last picture stays.
      });
      onCleanup(() => {
        end();
        if (app.live.connection().connected) app.client.request('sessions:unwatch', { id }).catch(() => undefined);
      });
    }),
  );
  onMount(() => {
    const observer = new IntersectionObserver(([entry]) => setOnScreen(entry?.isIntersecting === true));
    observer.observe(surface);
    const onVisibility = (): void => {
      setInFront(document.visibilityState === 'visible');
    };
    document.addEventListener('visibilitychange', onVisibility);
    onCleanup(() => {
      observer.disconnect();
      document.removeEventListener('visibilitychange', onVisibility);
    });
  });

  const isLive = (): boolean => watches() && frame() !== null;
  /** A frame is newer than any picture while the session goes on; at its end the last picture shows how it ended. */
  const source = (): string | null => {
    const held = frame();
    if (held !== null && (isLive() || props.picture === null)) return `data:image/jpeg;base64,${held.jpeg}`;
    return props.picture;
  };
  const name = (): string => {
    const { page } = props.session;
    return page === null ? 'The browser' : `The browser shows ${page.title === '' ? page.url : page.title}`;
  };
  const viewport = (): { width: number; height: number } => frame() ?? VIEWPORT;
  const byHand = (): boolean => props.session.byHand;
  const place = (event: MouseEvent): { x: number; y: number } | null =>
    image === undefined || frame() === null
      ? null
      : placeOf({ x: event.clientX, y: event.clientY }, image.getBoundingClientRect(), viewport());

  const onClick = (event: MouseEvent): void => {
    const at = byHand() ? place(event) : null;
    if (at !== null) props.onInput({ kind: 'click', ...at });
  };
  const onWheel = (event: WheelEvent): void => {
    const at = byHand() ? place(event) : null;
    if (at === null) return;
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1;
    props.onInput({ kind: 'scroll', ...at, dx: event.deltaX * unit, dy: event.deltaY * unit });
  };
  const onKey = (event: KeyboardEvent): void => {
    if (!byHand() || event.isComposing) return;
    const input = keyOf(event);
    if (input === null) return;
    event.preventDefault();
    // The dashboard has shortcuts of its own.
    event.stopPropagation();
    props.onInput(input);
  };
  const onPaste = (event: ClipboardEvent): void => {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (!byHand() || text === '') return;
    event.preventDefault();
    props.onInput({ kind: 'type', text: text.slice(0, 10_000) });
  };

  return (
    <div
      ref={surface}
      class="live-view"
      style={{ 'aspect-ratio': `${String(viewport().width)} / ${String(viewport().height)}` }}
      data-hand={byHand() ? '' : undefined}
      role={byHand() ? 'application' : undefined}
      aria-label={byHand() ? `${name()}: clicks, keys and the wheel go to it, Tab leaves it` : undefined}
      tabindex={byHand() ? 0 : undefined}
      on:click={onClick}
      on:keydown={onKey}
      on:paste={onPaste}
      on:wheel={{ handleEvent: onWheel, passive: false }}
    >
      <Show
        when={source()}
        fallback={
          <div class="live-view__nothing">
            <Icon name="globe" size={32} />
            <p>{sessionHasEnded(props.session.status) ? 'No picture was taken.' : 'The browser opens.'}</p>
          </div>
        }
      >
        {(src) => (
          <img ref={(made) => (image = made)} class="live-view__picture" src={src()} alt={name()} draggable={false} />
        )}
      </Show>
      <Show when={source() !== null}>
        <span class="live-view__mark" data-live={isLive() ? '' : undefined}>
          {isLive() ? 'Live' : 'Last picture'}
        </span>
      </Show>
    </div>
  );
};
