import { A } from '@solidjs/router';
import { createEffect, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { bytes } from '../../format/numbers.ts';
import { EmptyState } from '../../kit/empty-state.tsx';
import { ToEnd } from '../../kit/to-end.tsx';
import { Logo } from '../../shell/logo.tsx';
import { Message } from './message.tsx';
import type { Conversation } from './types.ts';

const SUGGESTIONS = [
  'Explain how a large language model writes its next word, in three sentences.',
  'Write a short, friendly reply that turns down an invitation.',
  'Give me a regular expression for dates like 2025-11-24, and say how it works.',
];

/** Nearer to the end than this, px, and the thread follows the answer. */
const AT_END = 80;

export interface ThreadProps {
  conversation: Conversation;
  model: ModelView | null;
  /** Whether the server has said which models there are. */
  known: boolean;
  /** The address names a conversation that this browser does not have. */
  missing: boolean;
  busy: boolean;
  onAgain: (from: string, words?: string) => void;
  onSuggest: (text: string) => void;
}

const Beginning = (props: Pick<ThreadProps, 'model' | 'known' | 'onSuggest'>): JSX.Element => (
  <Show
    when={props.model}
    fallback={
      <Show
        when={props.known}
        fallback={
          <p class="thread__wait" role="status">
            Looking at the models…
          </p>
        }
      >
        <EmptyState title="No model can talk yet" art={<Logo size={56} />} actions={<A href="/">Get a first model</A>}>
          <p>Put a GGUF file with a chat template into the models folder; it shows up here by itself.</p>
        </EmptyState>
      </Show>
    }
  >
    {(model) => (
      <EmptyState title={`Talk to ${displayName(model())}`} art={<Logo size={56} />}>
        <p>
          {model().state === 'loaded'
            ? 'It is loaded and answers at once.'
            : `It loads with your first question (${bytes(model().size)}).`}{' '}
          What you write stays on this machine.
        </p>
        <div class="suggestions">
          <For each={SUGGESTIONS}>
            {(text) => (
              <button type="button" class="suggestion" onClick={() => props.onSuggest(text)}>
                {text}
              </button>
            )}
          </For>
        </div>
      </EmptyState>
    )}
  </Show>
);

export const Thread = (props: ThreadProps): JSX.Element => {
  const [following, setFollowing] = createSignal(true);
  let box!: HTMLDivElement;
  let inner!: HTMLDivElement;
  const toEnd = (): void => {
    box.scrollTop = box.scrollHeight;
  };
  onMount(() => {
    // Whatever makes the thread grow (a token, an image, a table) keeps its end in sight.
    const observer = new ResizeObserver(() => {
      if (following()) toEnd();
    });
    observer.observe(inner);
    onCleanup(() => observer.disconnect());
  });
  createEffect(
    on([() => props.conversation.id, () => props.conversation.messages.length], () => {
      setFollowing(true);
      queueMicrotask(toEnd);
    }),
  );
  return (
    <div class="thread">
      <div
        ref={box}
        class="thread__scroll"
        tabindex="0"
        role="log"
        aria-label="Messages"
        aria-live="off"
        onScroll={() => setFollowing(box.scrollHeight - box.scrollTop - box.clientHeight < AT_END)}
      >
        <div ref={inner} class="thread__inner">
          <Show
            when={!props.missing}
            fallback={
              <EmptyState title="This conversation is not in this browser">
                <p>
                  Conversations are kept where they were held. It may have been deleted, or held in another browser.
                </p>
              </EmptyState>
            }
          >
            <Show
              when={props.conversation.messages.length > 0}
              fallback={<Beginning model={props.model} known={props.known} onSuggest={props.onSuggest} />}
            >
              <For each={props.conversation.messages}>
                {(message, index) => (
                  <Message
                    message={message}
                    last={index() === props.conversation.messages.length - 1}
                    busy={props.busy}
                    onAgain={(words) => props.onAgain(message.id, words)}
                  />
                )}
              </For>
            </Show>
          </Show>
        </div>
      </div>
      <Show when={!following() && props.conversation.messages.length > 0}>
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
