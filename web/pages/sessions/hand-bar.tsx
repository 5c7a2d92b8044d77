/** What goes with having the browser in hand: an address, keys that the page keeps for itself, and giving it back. */
import { createEffect, createSignal, For, on } from 'solid-js';
import type { JSX } from 'solid-js';
import type { SessionInput, SessionView } from '../../../src/contracts/sessions.ts';
import { Banner } from '../../kit/banner.tsx';
import { Button } from '../../kit/button.tsx';
import { useApp } from '../../state/app.tsx';

const KEYS = [
  { key: 'Tab', label: 'Tab' },
  { key: 'Enter', label: 'Enter' },
  { key: 'Escape', label: 'Esc' },
  { key: 'Backspace', label: 'Backspace' },
] as const;
/** Most of a screen, so that a line of the last one stays. */
const SCROLL = 600;

/** The address of a browser in hand: written and opened like in any other. */
export const HandAddress = (props: { session: SessionView; onInput: (input: SessionInput) => void }): JSX.Element => {
  const [url, setUrl] = createSignal('');
  createEffect(
    on(
      () => props.session.page?.url,
      (at) => setUrl(at ?? ''),
    ),
  );
  return (
    <form
      class="browser__address"
      onSubmit={(event) => {
        event.preventDefault();
        if (url().trim() !== '') props.onInput({ kind: 'navigate', url: url().trim() });
      }}
    >
      <Button
        size="small"
        variant="quiet"
        icon="undo"
        label="Back to the page before"
        onPress={() => props.onInput({ kind: 'back' })}
      >
        Back
      </Button>
      <input
        class="input"
        type="text"
        inputmode="url"
        aria-label="Address"
        autocomplete="off"
        spellcheck={false}
        value={url()}
        onInput={(event) => setUrl(event.currentTarget.value)}
      />
    </form>
  );
};

export const HandBar = (props: { session: SessionView; onInput: (input: SessionInput) => void }): JSX.Element => {
  const app = useApp();
  const [text, setText] = createSignal('');
  const [note, setNote] = createSignal('');
  const scroll = (dy: number): void => props.onInput({ kind: 'scroll', x: 640, y: 400, dx: 0, dy });
  const type = (): void => {
    if (text() === '') return;
    props.onInput({ kind: 'type', text: text() });
    setText('');
  };
  return (
    <div class="hand">
      <Banner tone="loading" title="You have the browser">
        Click, type and scroll on the picture; the model waits until you give it back.
      </Banner>
      <div class="hand__keys" role="group" aria-label="For the browser">
        <form
          class="hand__type"
          onSubmit={(event) => {
            event.preventDefault();
            type();
          }}
        >
          <input
            class="input"
            type="text"
            aria-label="Text to type into the page"
            placeholder="Type into the page"
            autocomplete="off"
            value={text()}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <Button size="small" onPress={type}>
            Type
          </Button>
        </form>
        <For each={KEYS}>
          {(each) => (
            <Button
              size="small"
              label={`Press ${each.label}`}
              onPress={() => props.onInput({ kind: 'press', key: each.key })}
            >
              {each.label}
            </Button>
          )}
        </For>
        <Button size="small" label="Scroll up" onPress={() => scroll(-SCROLL)}>
          ↑
        </Button>
        <Button size="small" label="Scroll down" onPress={() => scroll(SCROLL)}>
          ↓
        </Button>
      </div>
      <div class="hand__back">
        <input
          class="input"
          type="text"
          aria-label="What you did, for the model"
          placeholder="What you did, for the model"
          maxLength={10_000}
          value={note()}
          onInput={(event) => setNote(event.currentTarget.value)}
        />
        <Button
          variant="primary"
          icon="undo"
          failure="The browser was not given back"
          disabledReason={app.blocked()}
          onPress={() => app.client.request('sessions:give-back', { id: props.session.id, note: note() })}
        >
          Give back
        </Button>
      </div>
    </div>
  );
};
