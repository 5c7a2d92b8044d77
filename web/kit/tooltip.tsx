/** One tooltip for the whole page: any element with `data-tip` has one, on hover and on keyboard focus. */
import { createSignal, onCleanup, onMount } from 'solid-js';
import type { JSX } from 'solid-js';
import './tooltip.css';

const DELAY = 350;
const MARGIN = 8;

export const TooltipLayer = (): JSX.Element => {
  const [text, setText] = createSignal('');
  let bubble!: HTMLDivElement;
  let anchor: Element | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const place = (): void => {
    if (anchor === null) return;
    const box = anchor.getBoundingClientRect();
    const own = bubble.getBoundingClientRect();
    const left = Math.min(Math.max(MARGIN, box.left + box.width / 2 - own.width / 2), innerWidth - own.width - MARGIN);
    const above = box.top - own.height - MARGIN;
    bubble.style.left = `${String(left)}px`;
    bubble.style.top = `${String(above >= MARGIN ? above : box.bottom + MARGIN)}px`;
  };
  const hide = (): void => {
    clearTimeout(timer);
    anchor = null;
    if (bubble.matches(':popover-open')) bubble.hidePopover();
  };
  const show = (target: Element, delay: number): void => {
    hide();
    anchor = target;
    timer = setTimeout(() => {
      const tip = target.getAttribute('data-tip');
      if (tip === null || tip === '' || !target.isConnected) return;
      setText(tip);
      bubble.showPopover();
      place();
    }, delay);
  };
  const tipped = (event: Event): Element | null =>
    event.target instanceof Element ? event.target.closest('[data-tip]') : null;

  const onOver = (event: PointerEvent): void => {
    const target = tipped(event);
    if (target === anchor) return;
    if (target === null || event.pointerType === 'touch') hide();
    else show(target, DELAY);
  };
  const onFocus = (event: FocusEvent): void => {
    const target = tipped(event);
    if (target?.matches(':focus-visible') === true) show(target, 0);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') hide();
  };

  onMount(() => {
    document.addEventListener('pointerover', onOver);
    document.addEventListener('focusin', onFocus);
    document.addEventListener('focusout', hide);
    document.addEventListener('pointerdown', hide);
    document.addEventListener('keydown', onKey);
    document.addEventListener('scroll', hide, { capture: true, passive: true });
  });
  onCleanup(() => {
    clearTimeout(timer);
    document.removeEventListener('pointerover', onOver);
    document.removeEventListener('focusin', onFocus);
    document.removeEventListener('focusout', hide);
    document.removeEventListener('pointerdown', hide);
    document.removeEventListener('keydown', onKey);
    document.removeEventListener('scroll', hide, { capture: true });
  });
  // Hidden from screen readers: whatever it says is also the element's label or description.
  return (
    <div ref={bubble} class="tooltip" popover="manual" aria-hidden="true">
      {text()}
    </div>
  );
};
