import { A, useNavigate, useParams } from '@solidjs/router';
import { createEffect, createMemo, For, on, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { AgentView } from '../../../src/contracts/channels.ts';
import { displayName } from '../../format/model.ts';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Page } from '../../kit/page.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { useApp } from '../../state/app.tsx';
import { createChannelsStore } from '../channels/channels-store.ts';
import { Face } from '../channels/said.tsx';
import { AgentEditor } from './agent-editor.tsx';
import '../chat/chat.css';
import '../channels/channels.css';
import './agents.css';

/** The address of an agent that does not exist yet. */
const NEW = '~new';
const pathOf = (id: string): string => `/channels/agents/${encodeURIComponent(id)}`;

const AgentsPage = (): JSX.Element => {
  const app = useApp();
  const store = createChannelsStore(app);
  const navigate = useNavigate();
  const params = useParams<{ id?: string }>();
  const opened = createMemo(() => (params.id === undefined ? undefined : decodeURIComponent(params.id)));
  const agent = (): AgentView | undefined => store.agent(opened() ?? '');
  createEffect(
    on([store.ready, opened], ([ready, id]) => {
      const [first] = store.agents();
      if (ready && id === undefined && first !== undefined) navigate(pathOf(first.id), { replace: true });
    }),
  );
  const modelOf = ({ model }: AgentView): string => {
    if (model === null) return 'whichever model is loaded';
    const known = app.live.model(model);
    return known === undefined ? model : displayName(known);
  };

  const remove = async (gone: AgentView): Promise<void> => {
    await app.client.request('agents:delete', { agentId: gone.id });
    navigate('/channels/agents');
    const { id: _, createdAt: __, updatedAt: ___, ...draft } = gone;
    app.toasts.show({
      tone: 'info',
      title: `${gone.name} is deleted`,
      body: 'What it said stays in its channels.',
      action: {
        label: 'Undo',
        run: async () => {
          const again = await app.client.request('agents:save', { agent: draft });
          navigate(pathOf(again.agent.id));
        },
      },
    });
  };
  /** The direct channel with it, made if there is none. */
  const talk = async ({ id }: AgentView): Promise<void> => {
    const known = store.channels().find(({ type, agents }) => type === 'DM' && agents.length === 1 && agents[0] === id);
    const channel = known ?? (await app.client.request('channels:create', { type: 'DM', agents: [id] })).channel;
    navigate(`/channels/${encodeURIComponent(channel.id)}`);
  };

  return (
    <Page
      title="Agents"
      summary="Each is a name, instructions and a model of this machine; they answer in channels."
      actions={
        <>
          <A class="quiet-link" href="/channels/tools">
            Tools
          </A>
          <A class="quiet-link" href="/channels">
            Channels
          </A>
        </>
      }
    >
      <Show when={app.live.ready() || app.live.connection().phase !== 'offline'} fallback={<Unreachable />}>
        <Show
          when={store.problem() === null}
          fallback={
            <EmptyState
              title="The agents could not be fetched"
              actions={<Button onPress={store.again}>Try again</Button>}
            >
              <p>{store.problem()}</p>
            </EmptyState>
          }
        >
          <div class="agents fades">
            <aside class="agents__list" aria-label="Agents">
              <Button icon="plus" onPress={() => navigate(pathOf(NEW))}>
                New agent
              </Button>
              <ul>
                <For each={store.agents()}>
                  {(one) => (
                    <li>
                      <button
                        type="button"
                        class="agent-entry"
                        aria-current={one.id === opened() ? 'page' : undefined}
                        onClick={() => navigate(pathOf(one.id))}
                      >
                        <Face name={one.name} id={one.id} agent />
                        <span class="agent-entry__words">
                          <span class="conversation__title">{one.name}</span>
                          <span class="channel-entry__last">{modelOf(one)}</span>
                        </span>
                      </button>
                    </li>
                  )}
                </For>
              </ul>
            </aside>
            <Show
              when={(opened() === NEW && NEW) || agent()?.id}
              keyed
              fallback={
                <Show when={store.ready()}>
                  <EmptyState
                    title={store.agents().length === 0 ? 'No agents yet' : 'There is no such agent'}
                    actions={
                      <Button variant="primary" icon="plus" onPress={() => navigate(pathOf(NEW))}>
                        New agent
                      </Button>
                    }
                  >
                    <p>Give one a name and instructions, try it out here, and invite it into a channel.</p>
                  </EmptyState>
                </Show>
              }
            >
              {(id) => (
                <AgentEditor
                  agent={id === NEW ? null : (agent() ?? null)}
                  onSaved={(saved) => navigate(pathOf(saved.id), { replace: true })}
                  onDelete={() => {
                    const gone = agent();
                    return gone === undefined ? undefined : remove(gone);
                  }}
                  onTalk={() => {
                    const whom = agent();
                    return whom === undefined ? undefined : talk(whom);
                  }}
                />
              )}
            </Show>
          </div>
        </Show>
      </Show>
    </Page>
  );
};

export default AgentsPage;
