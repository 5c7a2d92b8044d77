import {
  createEffect,
  createMemo,
  createResource,
  createSignal,
  For,
  on,
  onCleanup,
  onMount,
  Show,
  untrack,
} from 'solid-js';
import type { JSX } from 'solid-js';
import type { AgentView, ChannelView } from '../../../src/contracts/channels.ts';
import { plural } from '../../format/numbers.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Menu } from '../../kit/menu.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { ToEnd } from '../../kit/to-end.tsx';
import { useApp } from '../../state/app.tsx';
import { callMe, myName } from './me.ts';
import { SaidRow, TurnRow } from './said.tsx';
import { Say } from './say.tsx';
import { listed, saidOf, typingAt } from './talk.ts';
import type { Said } from './talk.ts';
import { createTalk } from './talk-store.ts';

/** Nearer to the end than this, px, and the page follows what is said. */
const AT_END = 80;
/** Messages of one sender within this time share their head, ms. */
const CLOSE = 5 * 60_000;

const follows = (before: Said | undefined, said: Said): boolean =>
  before?.senderId === said.senderId && said.createdAt - before.createdAt < CLOSE;

export interface ChannelViewProps {
  channel: ChannelView;
  agents: readonly AgentView[];
  list: JSX.Element;
  onEdit: () => void;
  onDelete: () => Promise<void>;
}

/** One channel; a new one is made when its id changes. */
export const OpenChannel = (props: ChannelViewProps): JSX.Element => {
  const app = useApp();
  // The caller gives each channel a component of its own.
  const channelId = untrack(() => props.channel.id);
  const store = createTalk(app, channelId);
  const [following, setFollowing] = createSignal(true);
  const [searching, setSearching] = createSignal(false);
  const [text, setText] = createSignal('');
  const [found] = createResource(
    () => (searching() && text().trim() !== '' ? text().trim() : null),
    async (wanted) => {
      const answer = await app.client.request('channels:messages', { channelId, text: wanted, limit: 100 });
      return answer.messages.map(saidOf);
    },
  );
  const isSearch = (): boolean => searching() && text().trim() !== '';
  const said = createMemo(() => (isSearch() ? (found.latest ?? []) : store.talk().said));
  const typing = (): string[] => typingAt(store.talk(), app.now());
  const members = (): AgentView[] =>
    props.channel.agents.flatMap((id) => props.agents.find((agent) => agent.id === id) ?? []);
  let box!: HTMLDivElement;
  let inner!: HTMLDivElement;
  const toEnd = (): void => {
    box.scrollTop = box.scrollHeight;
  };
  onMount(() => {
    const observer = new ResizeObserver(() => {
      if (following() && !isSearch()) toEnd();
    });
    observer.observe(inner);
    onCleanup(() => observer.disconnect());
  });
  createEffect(
    on(isSearch, (search) => {
      if (!search) queueMicrotask(toEnd);
    }),
  );

  const remove = async ({ id, text: words }: Said): Promise<void> => {
    await app.client.request('channels:delete-message', { channelId, messageId: id });
    app.toasts.show({
      tone: 'info',
      title: 'Message deleted',
      body: words.slice(0, 80),
      action: {
        label: 'Undo',
        run: () => app.client.request('channels:restore-message', { channelId, messageId: id }),
      },
    });
  };
  const clear = async (): Promise<void> => {
    const yes = await app.confirm.ask({
      title: `Clear “${props.channel.name}”?`,
      body: `${plural(props.channel.messages, 'message')} are deleted for everyone, and cannot be brought back.`,
      confirm: 'Clear',
    });
    if (yes) await app.client.request('channels:clear', { channelId });
  };
  const older = async (): Promise<void> => {
    const before = box.scrollHeight - box.scrollTop;
    setFollowing(false);
    await store.older();
    queueMicrotask(() => {
      box.scrollTop = box.scrollHeight - before;
    });
  };

  return (
    <section class="chat__main" aria-label={props.channel.name}>
      <header class="chat-head channel-head">
        {props.list}
        <div class="channel-head__words">
          <h2 class="channel-head__name">{props.channel.name}</h2>
          <p class="channel-head__about">
            <Show when={props.channel.topic !== ''}>
              <span>{props.channel.topic}</span>
            </Show>
            <span data-tip={listed(props.channel.members.map(({ name }) => name))}>
              {plural(props.channel.members.length, 'person', 'people')} here
            </span>
            <Show when={members().length > 0}>
              <span>{listed(members().map(({ name }) => name))}</span>
            </Show>
          </p>
        </div>
        <label class="channel-head__me">
          <span class="visually-hidden">Your name</span>
          <input
            class="input"
            maxlength="64"
            data-tip="Your name in channels"
            value={myName()}
            onChange={(event) => {
              callMe(event.currentTarget.value);
              event.currentTarget.value = myName();
            }}
          />
        </label>
        <IconButton
          icon="search"
          label="Search this channel"
          pressed={searching()}
          onPress={() => setSearching(!searching())}
        />
        <Menu
          label="More for this channel"
          items={[
            { label: 'Change', icon: 'edit', onPress: () => props.onEdit() },
            {
              label: 'Clear',
              icon: 'close',
              onPress: () => {
                clear().catch((error: unknown) => app.toasts.failure('The channel was not cleared', error));
              },
            },
            {
              label: 'Delete',
              icon: 'trash',
              onPress: () => {
                props.onDelete().catch((error: unknown) => app.toasts.failure('The channel was not deleted', error));
              },
            },
          ]}
        />
      </header>
      <Show when={searching()}>
        <div class="channel-search">
          <SearchField label="Search this channel" value={text()} onInput={setText} />
        </div>
      </Show>
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
          <div ref={inner} class="thread__inner talk">
            <Show when={store.talk().more && !isSearch()}>
              <div class="talk__older">
                <Button size="small" failure="Older messages were not fetched" onPress={older}>
                  Older messages
                </Button>
              </div>
            </Show>
            <Show when={store.problem()}>
              {(cause) => (
                <EmptyState title="This channel could not be opened">
                  <p>{cause()}</p>
                </EmptyState>
              )}
            </Show>
            <For
              each={said()}
              fallback={
                <Show when={store.ready() && store.talk().turns.length === 0}>
                  <EmptyState title={isSearch() ? 'Nothing matches' : 'Nothing was said yet'}>
                    <p>
                      {isSearch()
                        ? 'No message in this channel holds that.'
                        : members().length === 0
                          ? 'Whoever has this channel open reads along.'
                          : `${listed(members().map(({ name }) => name))} ${props.channel.type === 'DM' ? 'answers every message.' : 'answers when mentioned by name.'}`}
                    </p>
                  </EmptyState>
                </Show>
              }
            >
              {(one, index) => (
                <SaidRow
                  said={one}
                  follows={follows(said()[index() - 1], one)}
                  onDelete={() => {
                    remove(one).catch((error: unknown) => app.toasts.failure('The message was not deleted', error));
                  }}
                />
              )}
            </For>
            <Show when={!isSearch()}>
              <For each={store.talk().turns}>{(turn) => <TurnRow turn={turn} />}</For>
            </Show>
          </div>
        </div>
        <Show when={!following() && !isSearch() && said().length > 0}>
          <ToEnd
            onPress={() => {
              setFollowing(true);
              toEnd();
            }}
          />
        </Show>
      </div>
      <p class="talk__typing" role="status">
        <Show when={typing().length > 0}>
          {listed(typing())} {typing().length === 1 ? 'is' : 'are'} typing…
        </Show>
      </p>
      <Say
        name={props.channel.name}
        agents={props.channel.type === 'DM' ? [] : members()}
        working={store.talk().turns.length > 0}
        onSay={(words, attachments) => {
          setFollowing(true);
          return store.say(words, attachments);
        }}
        onType={() => store.type()}
        onStop={() => {
          store.stop().catch((error: unknown) => app.toasts.failure('The agents were not stopped', error));
        }}
      />
    </section>
  );
};
