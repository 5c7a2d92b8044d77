/** All channels and agents, kept by broadcasts while a page shows them. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { AgentView, ChannelView } from '../../../src/contracts/channels.ts';
import type { App } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';

export interface ChannelsStore {
  /** The latest used first. */
  channels: Accessor<readonly ChannelView[]>;
  /** By name. */
  agents: Accessor<readonly AgentView[]>;
  channel: (id: string) => ChannelView | undefined;
  agent: (id: string) => AgentView | undefined;
  /** The first answer has come. */
  ready: Accessor<boolean>;
  problem: Accessor<string | null>;
  again: () => void;
}

const byUse = (all: readonly ChannelView[]): readonly ChannelView[] =>
  [...all].sort((a, b) => b.updatedAt - a.updatedAt);

export const createChannelsStore = (app: Pick<App, 'client' | 'live'>): ChannelsStore => {
  const [channels, setChannels] = createSignal<readonly ChannelView[]>([]);
  const [agents, setAgents] = createSignal<readonly AgentView[]>([]);
  const [ready, setReady] = createSignal(false);
  const [problem, setProblem] = createSignal<string | null>(null);

  const again = (): void => {
    setProblem(null);
    app.client.request('channels:subscribe', {}).then(
      (answer) => {
        setChannels(byUse(answer.channels));
        setAgents(answer.agents);
        setReady(true);
      },
      (error: unknown) => {
        if (app.live.connection().connected) setProblem(messageOf(error));
      },
    );
  };
  createEffect(
    on(
      () => app.live.connection().connected,
      (connected) => {
        if (connected) again();
      },
    ),
  );
  const ends = [
    app.client.on('channels:updated', ({ channel }) =>
      setChannels((held) => byUse([channel, ...held.filter(({ id }) => id !== channel.id)])),
    ),
    app.client.on('channels:removed', ({ channelId }) =>
      setChannels((held) => held.filter(({ id }) => id !== channelId)),
    ),
    app.client.on('agents:updated', (data) => setAgents(data.agents)),
  ];
  onCleanup(() => {
    for (const end of ends) end();
    if (app.live.connection().connected)
      app.client.request('channels:unsubscribe', {}).catch(() => {
        // The connection is gone, and the subscription with it.
      });
  });
  return {
    channels,
    agents,
    channel: (id) => channels().find((one) => one.id === id),
    agent: (id) => agents().find((one) => one.id === id),
    ready,
    problem,
    again,
  };
};
