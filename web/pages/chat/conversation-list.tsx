import { createMemo, createSignal, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { Button, IconButton } from '../../kit/button.tsx';
import { Moment } from '../../kit/moment.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { titleOf } from './types.ts';
import type { Conversation } from './types.ts';

/** From this many on a search is worth its place. */
const SEARCH_FROM = 6;

export interface ConversationListProps {
  conversations: readonly Conversation[];
  current: string | null;
  busy: (id: string) => boolean;
  problem: string | null;
  onOpen: (id: string) => void;
  onNew: () => void;
  onRemove: (conversation: Conversation) => void;
  onClose: () => void;
}

const matches = (conversation: Conversation, text: string): boolean =>
  text === '' ||
  titleOf(conversation).toLowerCase().includes(text) ||
  conversation.messages.some((message) => message.content.toLowerCase().includes(text));

export const ConversationList = (props: ConversationListProps): JSX.Element => {
  const [text, setText] = createSignal('');
  const shown = createMemo(() => props.conversations.filter((one) => matches(one, text().trim().toLowerCase())));
  return (
    <aside class="chat__list" aria-label="Conversations">
      <div class="chat__list-head">
        <Button icon="plus" onPress={() => props.onNew()}>
          New conversation
        </Button>
        <span class="chat__toggle">
          <IconButton icon="close" label="Close the conversations" onPress={() => props.onClose()} />
        </span>
      </div>
      <Show when={props.conversations.length >= SEARCH_FROM}>
        <SearchField label="Search conversations" value={text()} onInput={setText} />
      </Show>
      <ul class="conversations">
        <For each={shown()}>
          {(conversation) => (
            <li class="conversation" data-current={conversation.id === props.current ? '' : undefined}>
              <button
                type="button"
                class="conversation__open"
                aria-current={conversation.id === props.current ? 'page' : undefined}
                onClick={() => props.onOpen(conversation.id)}
              >
                <span class="conversation__title">{titleOf(conversation)}</span>
                <span class="conversation__at">
                  <Show when={props.busy(conversation.id)} fallback={<Moment at={conversation.updatedAt} />}>
                    answering…
                  </Show>
                </span>
              </button>
              <IconButton
                icon="trash"
                label={`Delete “${titleOf(conversation)}”`}
                onPress={() => props.onRemove(conversation)}
              />
            </li>
          )}
        </For>
      </ul>
      <p class="chat__note">
        {props.problem ??
          (props.conversations.length === 0
            ? 'Conversations are kept in this browser, nowhere else.'
            : shown().length === 0
              ? 'No conversation holds that.'
              : 'Kept in this browser only.')}
      </p>
    </aside>
  );
};
