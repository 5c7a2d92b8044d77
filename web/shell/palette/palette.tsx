import { useNavigate } from '@solidjs/router';
import { createEffect, createMemo, createSignal, createUniqueId, For, on, onMount, Show, untrack } from 'solid-js';
import type { JSX } from 'solid-js';
import { Icon } from '../../kit/icons.tsx';
import { Modal } from '../../kit/modal.tsx';
import { useApp } from '../../state/app.tsx';
import { paletteEntries } from './entries.ts';
import type { PaletteEntry } from './entries.ts';
import { rankItems } from './rank.ts';
import './palette.css';

/** More than a person reads; the text narrows it. */
const MOST = 40;

/** Everything by name: type a few letters, press Enter. */
const Palette = (props: { text: string }): JSX.Element => {
  const app = useApp();
  const navigate = useNavigate();
  const listId = createUniqueId();
  const [text, setText] = createSignal(untrack(() => props.text));
  const [chosen, setChosen] = createSignal(0);
  let input!: HTMLInputElement;
  let list!: HTMLUListElement;
  const entries = createMemo(() => paletteEntries(app, (path) => navigate(path)));
  const found = createMemo(() => rankItems(entries(), text()).slice(0, MOST));
  createEffect(on(text, () => setChosen(0), { defer: true }));
  createEffect(() => {
    list.children[chosen()]?.scrollIntoView({ block: 'nearest' });
  });
  onMount(() => {
    input.select();
  });

  const run = (entry: PaletteEntry | undefined): void => {
    if (entry === undefined) return;
    app.overlays.closePalette();
    // After the dialog is gone: what opens next must not lie under it, and takes the focus itself.
    queueMicrotask(() => {
      Promise.resolve(entry.run()).catch((error: unknown) =>
        app.toasts.failure(`“${entry.title}” did not work`, error),
      );
    });
  };
  const onKey = (event: KeyboardEvent): void => {
    const count = found().length;
    const moves: Record<string, number> = { ArrowDown: chosen() + 1, ArrowUp: chosen() - 1 + count };
    const move = moves[event.key];
    if (move !== undefined && count > 0) {
      event.preventDefault();
      setChosen(move % count);
    } else if (event.key === 'Enter' && !event.isComposing) {
      event.preventDefault();
      run(found()[chosen()]);
    }
  };

  return (
    <Modal title="Find a page, a model or an action" bare onClose={app.overlays.closePalette}>
      <div class="palette">
        <div class="palette__field">
          <Icon name="search" size={18} />
          <input
            ref={input}
            class="palette__input"
            type="text"
            role="combobox"
            aria-label="Find a page, a model or an action"
            aria-expanded="true"
            aria-controls={listId}
            aria-activedescendant={found().length === 0 ? undefined : `${listId}-${String(chosen())}`}
            placeholder="Find a page, a model or an action"
            autocomplete="off"
            spellcheck={false}
            autofocus
            value={text()}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={onKey}
          />
        </div>
        <ul ref={list} id={listId} class="palette__list" role="listbox" aria-label="What was found">
          <For each={found()}>
            {(entry, index) => (
              <li
                id={`${listId}-${String(index())}`}
                class="palette__item"
                role="option"
                aria-selected={index() === chosen()}
                onClick={() => run(entry)}
                onPointerMove={() => setChosen(index())}
              >
                <Icon name={entry.icon} size={18} />
                <span class="palette__title">{entry.title}</span>
                <Show when={entry.aside}>
                  <span class="palette__aside">{entry.aside}</span>
                </Show>
              </li>
            )}
          </For>
        </ul>
        <Show when={found().length === 0}>
          <p class="palette__nothing">Nothing is called that.</p>
        </Show>
        <p class="palette__foot" aria-hidden="true">
          <kbd class="palette__kbd">↑↓</kbd> choose <kbd class="palette__kbd">Enter</kbd> do it{' '}
          <kbd class="palette__kbd">Esc</kbd> close
        </p>
      </div>
    </Modal>
  );
};

export default Palette;
