import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { grouped } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { Select } from '../../kit/field.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { SORT_KEYS, STATE_FILTERS } from '../../state/library.ts';
import type { LibraryQuery, SortKey, StateFilter } from '../../state/library.ts';
import { STATE_WORDS } from './state-words.ts';
import '../../kit/chips.css';
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
  selecting: boolean;
  onSelecting: (selecting: boolean) => void;
}

/** States always have their chip, so that it never jumps; trouble with files only where there is any. */
const chips = (counts: Record<StateFilter, number>, chosen: StateFilter): StateFilter[] =>
  STATE_FILTERS.filter((filter) => filter !== 'unusable' || counts.unusable > 0 || chosen === filter);

export const Toolbar = (props: ToolbarProps): JSX.Element => (
  <div class="toolbar">
    <SearchField label="Search models" value={props.query.text} onInput={(text) => props.onChange({ text })} />
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
    <Select
      label="Sort by"
      value={props.query.sort}
      choices={SORT_KEYS.map((value) => ({ value, label: SORTS[value] }))}
      onChange={(sort) => props.onChange({ sort })}
    />
    <Button icon={props.selecting ? 'close' : 'select'} onPress={() => props.onSelecting(!props.selecting)}>
      {props.selecting ? 'Done' : 'Select'}
    </Button>
  </div>
);
