import { onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { IconButton } from './button.tsx';
import { Icon } from './icons.tsx';
import { isTyping } from './typing.ts';
import './search-field.css';

/** A search box that `/` leads to from anywhere on its page, and Escape empties. */
export const SearchField = (props: { label: string; value: string; onInput: (text: string) => void }): JSX.Element => {
  let search!: HTMLInputElement;
  const onSlash = (event: KeyboardEvent): void => {
    const inDialog = event.target instanceof Element && event.target.closest('dialog') !== null;
    if (event.key !== '/' || inDialog || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey)
      return;
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
    <search class="search">
      <Icon name="search" />
      <input
        ref={search}
        class="search__input"
        type="search"
        placeholder={props.label}
        aria-label={props.label}
        aria-keyshortcuts="/"
        autocomplete="off"
        spellcheck={false}
        value={props.value}
        onInput={(event) => props.onInput(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') props.onInput('');
        }}
      />
      <Show
        when={props.value !== ''}
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
            props.onInput('');
            search.focus();
          }}
        />
      </Show>
    </search>
  );
};
