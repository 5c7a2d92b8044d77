import { For, onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { grouped } from '../../format/numbers.ts';
import { IconButton } from '../../kit/button.tsx';
import { Icon } from '../../kit/icons.tsx';
import { isSortKey, STATE_FILTERS } from '../../state/library.ts';
import type { LibraryQuery, SortKey, StateFilter } from '../../state/library.ts';
import { STATE_WORDS } from './state-words.ts';
import './toolbar.css';

const SORTS: Readonly<Record<SortKey, string>> = {
  name: 'Name',
  parameters: 'Parameters',
  quantization: 'Quantisation',
  size: 'Size',
  context: 'Context',
  state: 'State',
  used: 'Last used',
};

export interface ToolbarProps {
  query: LibraryQuery;
  counts: Record<StateFilter, number>;
  onChange: (change: Partial<LibraryQuery>) => void;
}

/** States always have their chip, so that it never jumps; trouble with files only where there is any. */
const chips = (counts: Record<StateFilter, number>, chosen: StateFilter): StateFilter[] =>
  STATE_FILTERS.filter((filter) => filter !== 'unusable' || counts.unusable > 0 || chosen === filter);

export const Toolbar = (props: ToolbarProps): JSX.Element => {
  let search!: HTMLInputElement;
  const onSlash = (event: KeyboardEvent): void => {
    const typing = event.target instanceof Element && event.target.closest('input, textarea, select, dialog') !== null;
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    search.focus();
    search.select();
  };
  onMount(() => {
    document.addEventListener('keydown', onSlash);
  });
  onCleanup(() => {
    document.removeEventListener('keydown', onSlash);
  });

  return (
    <div class="toolbar">
      <search class="search">
        <Icon name="search" />
        <input
          ref={search}
          class="search__input"
          type="search"
          placeholder="Search models"
          aria-label="Search models"
          aria-keyshortcuts="/"
          autocomplete="off"
          spellcheck={false}
          value={props.query.text}
          onInput={(event) => props.onChange({ text: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === 'Escape') props.onChange({ text: '' });
          }}
        />
        <Show
          when={props.query.text !== ''}
          fallback={
            <kbd class="search__key" aria-hidden="true">
              /
            </kbd>
          }
        >
          <IconButton
            icon="close"
            label="Clear the search"
            onPress={() => {
              props.onChange({ text: '' });
              search.focus();
            }}
          />
        </Show>
      </search>
      <div class="chips" role="group" aria-label="Show by state">
        <For each={chips(props.counts, props.query.filter)}>
          {(filter) => (
            <button
              type="button"
              class="chip"
              aria-pressed={props.query.filter === filter}
              data-tone={filter === 'all' ? 'neutral' : filter === 'unusable' ? 'stopping' : filter}
              data-empty={props.counts[filter] === 0 ? '' : undefined}
              onClick={() => props.onChange({ filter: props.query.filter === filter ? 'all' : filter })}
            >
              <Show when={filter !== 'all'}>
                <span class="chip__dot" aria-hidden="true" />
              </Show>
              {STATE_WORDS[filter]}
              <span class="chip__count">{grouped(props.counts[filter])}</span>
            </button>
          )}
        </For>
      </div>
      <label class="sort">
        <select
          class="sort__select"
          aria-label="Sort by"
          onChange={(event) => {
            if (isSortKey(event.currentTarget.value)) props.onChange({ sort: event.currentTarget.value });
          }}
        >
          <For each={Object.entries(SORTS)}>
            {([key, label]) => (
              <option value={key} selected={props.query.sort === key}>
                {label}
              </option>
            )}
          </For>
        </select>
        <Icon name="chevron" size={14} />
      </label>
    </div>
  );
};
