import { createSignal, createUniqueId, For, onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { IconButton } from './button.tsx';
import { Icon } from './icons.tsx';
import type { IconName } from './icon-paths.ts';
import './menu.css';

export interface MenuItem {
  label: string;
  icon: IconName;
  onPress: () => void;
}

const GAP = 4;

/** A button with a menu behind it. The list lives in the top layer, so that no scrolling box can cut it off. */
export const Menu = (props: { label: string; items: MenuItem[] }): JSX.Element => {
  const id = createUniqueId();
  const [open, setOpen] = createSignal(false);
  let host!: HTMLDivElement;

  const button = (): HTMLElement | null => host.querySelector('button');
  return (
    <div class="menu" ref={host}>
      <IconButton
        icon="more"
        label={props.label}
        menu
        expanded={open()}
        controls={id}
        onPress={() => setOpen(!open())}
      />
      <Show when={open()}>
        <MenuList id={id} items={props.items} label={props.label} anchor={button} onClose={() => setOpen(false)} />
      </Show>
    </div>
  );
};

interface ListProps {
  id: string;
  label: string;
  items: MenuItem[];
  anchor: () => HTMLElement | null;
  onClose: () => void;
}

/** Exists only while the menu is open: a thousand rows do not carry a thousand closed menus. */
const MenuList = (props: ListProps): JSX.Element => {
  let list!: HTMLDivElement;
  const entries = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>('[role=menuitem]')];

  const close = (): void => {
    const anchor = props.anchor();
    props.onClose();
    anchor?.focus();
  };
  const onOutside = (event: Event): void => {
    if (!(event.target instanceof Node)) return;
    if (!list.contains(event.target) && props.anchor()?.contains(event.target) !== true) props.onClose();
  };
  /** Below the button, or above it where there is no room; gone when the button is scrolled away. */
  const place = (): void => {
    const box = props.anchor()?.getBoundingClientRect();
    if (box === undefined || box.bottom < 0 || box.top > innerHeight) {
      props.onClose();
      return;
    }
    const own = list.getBoundingClientRect();
    const below = box.bottom + GAP + own.height <= innerHeight;
    list.style.left = `${String(Math.max(GAP, box.right - own.width))}px`;
    list.style.top = `${String(below ? box.bottom + GAP : Math.max(GAP, box.top - GAP - own.height))}px`;
  };
  const onKey = (event: KeyboardEvent): void => {
    const all = entries();
    const at = all.findIndex((entry) => entry === document.activeElement);
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    const move = moves[event.key];
    if (move !== undefined) {
      event.preventDefault();
      all.at(move % all.length)?.focus();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === 'Tab') {
      props.onClose();
    }
  };

  onMount(() => {
    list.showPopover();
    place();
    entries()[0]?.focus({ preventScroll: true });
    document.addEventListener('pointerdown', onOutside, true);
    document.addEventListener('scroll', place, { capture: true, passive: true });
    addEventListener('resize', place);
  });
  onCleanup(() => {
    document.removeEventListener('pointerdown', onOutside, true);
    document.removeEventListener('scroll', place, { capture: true });
    removeEventListener('resize', place);
  });

  return (
    <div
      ref={list}
      id={props.id}
      class="menu__list"
      popover="manual"
      role="menu"
      aria-label={props.label}
      onKeyDown={onKey}
    >
      <For each={props.items}>
        {(item) => (
          <button
            type="button"
            role="menuitem"
            tabindex="-1"
            class="menu__item"
            onClick={() => {
              close();
              item.onPress();
            }}
          >
            <Icon name={item.icon} />
            {item.label}
          </button>
        )}
      </For>
    </div>
  );
};
