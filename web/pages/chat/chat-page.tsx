import { useNavigate, useParams, useSearchParams } from '@solidjs/router';
import { createEffect, createMemo, createSignal, on, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { IconButton } from '../../kit/button.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { useApp } from '../../state/app.tsx';
import { readStored, writeStored } from '../../state/stored.ts';
import { Ask } from './ask.tsx';
import { useChats } from './chats.ts';
import { ChatHead } from './chat-head.tsx';
import { ConversationList } from './conversation-list.tsx';
import { chatModels, usualModel } from './models.ts';
import { SamplingPanel } from './sampling-panel.tsx';
import { Thread } from './thread.tsx';
import { newConversation, NOTHING_ATTACHED, titleOf } from './types.ts';
import type { Attachments, Conversation } from './types.ts';
import '../../kit/page.css';
import './chat.css';

const ChatPage = (): JSX.Element => {
  const app = useApp();
  const chats = useChats();
  const navigate = useNavigate();
  const params = useParams<{ id?: string }>();
  const [search] = useSearchParams<{ model?: string }>();
  const [listOpen, setListOpen] = createSignal(false);
  const [tuning, setTuning] = createSignal(false);

  const models = createMemo(() => chatModels(app.live.models()));
  /** The conversation that begins with the next question; kept out of the list until then. */
  const [draft, setDraft] = createSignal<Conversation>(newConversation(null));
  const current = createMemo(() => (params.id === undefined ? undefined : chats.find(params.id)) ?? draft());
  createEffect(
    on([() => params.id, () => search.model], () => {
      if (params.id === undefined) setDraft(newConversation(search.model ?? null, draft()));
    }),
  );
  const model = createMemo(() => usualModel(models(), current().model, readStored('chat-model')));

  const change = (part: Partial<Conversation>): void => {
    if (params.id !== undefined && chats.find(params.id) !== undefined) chats.change(params.id, part);
    else setDraft((held) => ({ ...held, ...part }));
  };
  const chooseModel = (id: string): void => {
    writeStored('chat-model', id);
    change({ model: id });
  };
  const send = (content: string, attached: Attachments = NOTHING_ATTACHED): void => {
    const chosen = model();
    if (chosen === null) return;
    const conversation = current();
    if (chats.find(conversation.id) === undefined) {
      chats.put({ ...conversation, model: chosen.id });
      setDraft(newConversation(chosen.id, conversation));
      navigate(`/chat/${conversation.id}`, { replace: true });
    }
    void chats.send(conversation.id, chosen.id, { content, ...attached });
  };
  const remove = async (conversation: Conversation): Promise<void> => {
    const copy = JSON.parse(JSON.stringify(conversation)) as Conversation;
    if (params.id === conversation.id) navigate('/chat');
    await chats.remove(conversation.id);
    app.toasts.show({
      tone: 'info',
      title: 'Conversation deleted',
      body: titleOf(copy),
      action: { label: 'Undo', run: () => chats.put(copy) },
    });
  };

  return (
    <Show
      when={app.live.ready() || app.live.connection().phase !== 'offline'}
      fallback={
        <div class="page">
          <h1 class="visually-hidden">Chat</h1>
          <Unreachable />
        </div>
      }
    >
      <div class="chat" data-list={listOpen() ? '' : undefined}>
        <h1 class="visually-hidden">Chat</h1>
        <ConversationList
          conversations={chats.list()}
          current={params.id ?? null}
          busy={chats.busy}
          problem={chats.problem()}
          onOpen={(id) => {
            setListOpen(false);
            navigate(`/chat/${id}`);
          }}
          onNew={() => {
            setListOpen(false);
            navigate('/chat');
          }}
          onRemove={(conversation) => void remove(conversation)}
          onClose={() => setListOpen(false)}
        />
        <section class="chat__main" aria-label="Conversation">
          <ChatHead
            conversation={current()}
            models={models()}
            model={model()}
            onModel={chooseModel}
            onTitle={(title) => change({ title })}
            tuning={tuning()}
            onTuning={() => setTuning(!tuning())}
            list={
              <span class="chat__toggle">
                <IconButton
                  icon="side"
                  label={listOpen() ? 'Hide the conversations' : 'Show the conversations'}
                  expanded={listOpen()}
                  onPress={() => setListOpen(!listOpen())}
                />
              </span>
            }
          />
          <Show when={tuning()}>
            <SamplingPanel conversation={current()} onChange={change} />
          </Show>
          <Thread
            conversation={current()}
            model={model()}
            known={app.live.ready()}
            missing={chats.ready() && params.id !== undefined && chats.find(params.id) === undefined}
            busy={chats.busy(current().id)}
            onAgain={(from, words) => {
              const chosen = model();
              if (chosen !== null) void chats.again(current().id, chosen.id, from, words);
            }}
            onSuggest={(text) => send(text)}
          />
          <Ask
            model={model()}
            busy={chats.busy(current().id)}
            onSend={send}
            onStop={() => chats.stop(current().id)}
            key={current().id}
          />
        </section>
      </div>
    </Show>
  );
};

export default ChatPage;
