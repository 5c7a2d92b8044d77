import { A } from '@solidjs/router';
import { createMemo, createSignal, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ChannelView } from '../../../src/contracts/channels.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { Moment } from '../../kit/moment.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Face } from './said.tsx';

/** From this many on a search is worth its place. */
const SEARCH_FROM = 6;

/** What somebody said, without the marks of its form. */
const plain = (text: string): string => text.replaceAll(/[*`#>_]+/g, '').replaceAll(/\s+/g, ' ');

const lastWords = ({ lastMessage, topic }: ChannelView): string =>
  lastMessage === null ? topic || 'Nothing was said yet' : `${lastMessage.senderName}: ${plain(lastMessage.text)}`;

export const ChannelList = (props: {
  channels: readonly ChannelView[];
  current: string | null;
  onOpen: (id: string) => void;
  onNew: () => void;
  onClose: () => void;
}): JSX.Element => {
  const [text, setText] = createSignal('');
  const shown = createMemo(() => {
    const wanted = text().trim().toLowerCase();
    return props.channels.filter(
      (one) =>
        wanted === '' || one.name.toLowerCase().includes(wanted) || lastWords(one).toLowerCase().includes(wanted),
    );
  });
  return (
    <aside class="chat__list" aria-label="Channels">
      <div class="chat__list-head">
        <Button icon="plus" onPress={() => props.onNew()}>
          New channel
        </Button>
        <span class="chat__toggle">
          <IconButton icon="close" label="Close the channels" onPress={() => props.onClose()} />
        </span>
      </div>
      <Show when={props.channels.length >= SEARCH_FROM}>
        <SearchField label="Search channels" value={text()} onInput={setText} />
      </Show>
      <ul class="conversations">
        <For each={shown()}>
          {(channel) => (
            <li class="conversation" data-current={channel.id === props.current ? '' : undefined}>
              <button
                type="button"
                class="channel-entry"
                aria-current={channel.id === props.current ? 'page' : undefined}
                onClick={() => props.onOpen(channel.id)}
              >
                <Face name={channel.name} id={channel.id} agent={channel.type === 'DM'} />
                <span class="channel-entry__words">
                  <span class="channel-entry__head">
                    <span class="conversation__title">{channel.name}</span>
                    <span class="conversation__at">
                      <Moment at={channel.updatedAt} />
                    </span>
                  </span>
                  <span class="channel-entry__last">{lastWords(channel)}</span>
                </span>
              </button>
            </li>
          )}
        </For>
      </ul>
      <p class="chat__note">
        <A class="quiet-link" href="/channels/agents">
          Agents
        </A>{' '}
        answer in channels with the models of this machine, and with{' '}
        <A class="quiet-link" href="/channels/tools">
          tools
        </A>
        .
      </p>
    </aside>
  );
};
