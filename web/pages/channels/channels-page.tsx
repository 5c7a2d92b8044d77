import { useNavigate, useParams } from '@solidjs/router';
import { createEffect, createSignal, on, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ChannelView } from '../../../src/contracts/channels.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { useApp } from '../../state/app.tsx';
import { ChannelForm } from './channel-form.tsx';
import type { ChannelWish } from './channel-form.tsx';
import { ChannelList } from './channel-list.tsx';
import { OpenChannel } from './channel-view.tsx';
import { createChannelsStore } from './channels-store.ts';
import '../chat/chat.css';
import './channels.css';

const pathOf = (id: string): string => `/channels/${encodeURIComponent(id)}`;

const ChannelsPage = (): JSX.Element => {
  const app = useApp();
  const store = createChannelsStore(app);
  const navigate = useNavigate();
  const params = useParams<{ id?: string }>();
  const [listOpen, setListOpen] = createSignal(false);
  /** The channel whose form is open; null for that of a new one, undefined for none. */
  const [form, setForm] = createSignal<ChannelView | null | undefined>(undefined);
  const opened = (): string | undefined => (params.id === undefined ? undefined : decodeURIComponent(params.id));
  const current = (): ChannelView | undefined => store.channel(opened() ?? '');
  // The page opens on the channel that was used last.
  createEffect(
    on([store.ready, opened], ([ready, id]) => {
      const [latest] = store.channels();
      if (ready && id === undefined && latest !== undefined) navigate(pathOf(latest.id), { replace: true });
    }),
  );

  const save = async ({ name, topic, type, agents }: ChannelWish): Promise<void> => {
    const changed = form();
    const named = name.trim() === '' ? {} : { name: name.trim() };
    if (changed != null) {
      await app.client.request('channels:update', {
        channelId: changed.id,
        updates: { ...named, topic, type, agents },
      });
      return;
    }
    const { channel } = await app.client.request('channels:create', { ...named, topic, type, agents });
    navigate(pathOf(channel.id));
  };
  const remove = async ({ id, name }: ChannelView): Promise<void> => {
    await app.client.request('channels:delete', { channelId: id });
    navigate('/channels');
    app.toasts.show({
      tone: 'info',
      title: 'Channel deleted',
      body: name,
      action: {
        label: 'Undo',
        run: async () => {
          await app.client.request('channels:restore', { channelId: id });
          navigate(pathOf(id));
        },
      },
    });
  };
  const toggle = (
    <span class="chat__toggle">
      <IconButton
        icon="side"
        label={listOpen() ? 'Hide the channels' : 'Show the channels'}
        expanded={listOpen()}
        onPress={() => setListOpen(!listOpen())}
      />
    </span>
  );

  return (
    <Show
      when={app.live.ready() || app.live.connection().phase !== 'offline'}
      fallback={
        <div class="page">
          <h1 class="visually-hidden">Channels</h1>
          <Unreachable />
        </div>
      }
    >
      <div class="chat channels" data-list={listOpen() ? '' : undefined}>
        <h1 class="visually-hidden">Channels</h1>
        <ChannelList
          channels={store.channels()}
          current={opened() ?? null}
          onOpen={(id) => {
            setListOpen(false);
            navigate(pathOf(id));
          }}
          onNew={() => {
            setListOpen(false);
            setForm(null);
          }}
          onClose={() => setListOpen(false)}
        />
        <Show
          when={current()?.id}
          keyed
          fallback={
            <section class="chat__main" aria-label="Channel">
              <header class="chat-head">{toggle}</header>
              <Show when={store.ready() || store.problem() !== null}>
                <Show
                  when={store.problem() === null}
                  fallback={
                    <EmptyState
                      title="The channels could not be fetched"
                      actions={<Button onPress={store.again}>Try again</Button>}
                    >
                      <p>{store.problem()}</p>
                    </EmptyState>
                  }
                >
                  <EmptyState
                    title={opened() === undefined ? 'No channels yet' : 'There is no such channel'}
                    actions={
                      <>
                        <Button variant="primary" icon="plus" onPress={() => setForm(null)}>
                          New channel
                        </Button>
                        <Button onPress={() => navigate('/channels/agents')}>Agents</Button>
                      </>
                    }
                  >
                    <p>
                      In a channel several people talk, and agents answer with the models of this machine. What is said
                      stays on this machine.
                    </p>
                  </EmptyState>
                </Show>
              </Show>
            </section>
          }
        >
          {(id) => (
            <Show when={store.channel(id)}>
              {(channel) => (
                <OpenChannel
                  channel={channel()}
                  agents={store.agents()}
                  list={toggle}
                  onEdit={() => setForm(channel())}
                  onDelete={() => remove(channel())}
                />
              )}
            </Show>
          )}
        </Show>
      </div>
      <Show when={form() !== undefined}>
        <ChannelForm
          channel={form() ?? null}
          agents={store.agents()}
          onSave={save}
          onClose={() => setForm(undefined)}
        />
      </Show>
    </Show>
  );
};

export default ChannelsPage;
