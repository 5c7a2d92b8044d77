import { For, onCleanup, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { Icon } from '../../kit/icons.tsx';
import { useApp } from '../../state/app.tsx';
import type { SortKey } from '../../state/library.ts';
import { LibraryRow } from './library-row.tsx';
import type { Approach } from './library-row.tsx';
import type { Selection } from './selection.ts';
import './library.css';

const COLUMNS: readonly { key: SortKey; label: string }[] = [
  { key: 'name', label: 'Name' },
  { key: 'parameters', label: 'Params' },
  { key: 'quantization', label: 'Quant' },
  { key: 'size', label: 'Size' },
  { key: 'context', label: 'Context' },
  { key: 'state', label: 'State' },
];
/** Rows drawn in full before anything is measured: more than the tallest window shows. */
const EAGER = 40;
/** How far outside of the window a row is drawn. */
const NEAR = '800px 0px';

const createApproach = (): Approach => {
  const waiting = new Map<Element, () => void>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        observer.unobserve(entry.target);
        waiting.get(entry.target)?.();
        waiting.delete(entry.target);
      }
    },
    { rootMargin: NEAR },
  );
  onCleanup(() => {
    observer.disconnect();
  });
  return {
    watch: (element, near) => {
      waiting.set(element, near);
      observer.observe(element);
    },
    forget: (element) => {
      waiting.delete(element);
      observer.unobserve(element);
    },
  };
};

export interface LibraryListProps {
  ids: readonly string[];
  sort: SortKey;
  descending: boolean;
  onSort: (key: SortKey) => void;
  onOpen: (id: string) => void;
  selection: Selection;
}

export const LibraryList = (props: LibraryListProps): JSX.Element => {
  const app = useApp();
  const approach = createApproach();
  let list!: HTMLUListElement;

  /** Up and down move from name to name, as in any list. */
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0 || !(event.target instanceof Element) || !event.target.matches('.row__title')) return;
    const titles = [...list.querySelectorAll<HTMLElement>('.row__title')];
    const next = titles[titles.findIndex((title) => title === event.target) + step];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  };

  return (
    <div class="library">
      <div class="library__head" role="group" aria-label="Sort the models">
        <For each={COLUMNS}>
          {(column) => (
            <button
              type="button"
              class={`column column--${column.key}`}
              aria-pressed={props.sort === column.key}
              aria-label={`Sort by ${column.label.toLowerCase()}${props.sort === column.key ? (props.descending ? ', descending' : ', ascending') : ''}`}
              onClick={() => props.onSort(column.key)}
            >
              {column.label}
              <Show when={props.sort === column.key}>
                <span class="column__arrow" data-descending={props.descending ? '' : undefined}>
                  <Icon name="arrowUp" size={12} />
                </span>
              </Show>
            </button>
          )}
        </For>
      </div>
      <ul ref={list} class="rows" aria-label="All models" onKeyDown={onKey}>
        <For each={props.ids}>
          {(id, index) => (
            <Show when={app.live.model(id)}>
              {(model) => (
                <LibraryRow
                  model={model()}
                  approach={approach}
                  eager={index() < EAGER}
                  selection={props.selection}
                  onOpen={() => props.onOpen(id)}
                />
              )}
            </Show>
          )}
        </For>
      </ul>
    </div>
  );
};
