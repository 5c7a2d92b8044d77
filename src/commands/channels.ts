/** `channels:*` and `agents:*`. */
import type { MemberView } from '../contracts/channels.ts';
import { CHANNEL_LIMITS } from '../contracts/channels.ts';
import { connectionOf } from './connection.ts';
import type { Handlers } from './caller.ts';

const memberOf = (entityId: string | undefined, entityName: string | undefined): MemberView | null =>
  entityId === undefined ? null : { entityId, name: entityName ?? entityId };

export const channels: Handlers<'channels'> = {
  'channels:list': (services) => ({ channels: services.channels.list() }),
  'channels:subscribe': (services, _payload, caller) => {
    connectionOf(caller).join('channels');
    return { channels: services.channels.list(), agents: services.agents.list() };
  },
  'channels:unsubscribe': (_services, _payload, caller) => {
    connectionOf(caller).leave('channels');
    return { subscribed: false };
  },
  'channels:get': (services, { channelId }) => ({ channel: services.channels.get(channelId) }),
  'channels:create': async (services, wanted) => ({
    channel: await services.channels.create(wanted),
  }),
  'channels:join': async (
    services,
    { channelId, entityId, entityName, create, serverId, agentId, metadata },
    caller,
  ) => {
    const connection = connectionOf(caller);
    if (create) await services.channels.ensure({ id: channelId, serverId, agent: agentId ?? null, metadata });
    else services.channels.get(channelId);
    // The room before the history: a message that comes in between is in both, and its id says so.
    connection.joinChannel(channelId, memberOf(entityId, entityName));
    const page = await services.channels.page(channelId, { limit: CHANNEL_LIMITS.history });
    return { channel: services.channels.get(channelId), ...page, turns: services.channels.turns(channelId) };
  },
  'channels:leave': (_services, { channelId }, caller) => {
    connectionOf(caller).leaveChannel(channelId);
    return { left: channelId };
  },
  'channels:messages': (services, { channelId, ...filter }) => services.channels.page(channelId, filter),
  'channels:send': (services, message, { by }) => services.channels.send(message, by),
  'channels:typing': (services, { channelId, entityId, entityName = entityId }, { by }) => {
    services.channels.typing(channelId, { entityId, name: entityName }, by);
    return { told: true };
  },
  'channels:delete-message': async (services, { channelId, messageId }, { by }) => {
    await services.channels.deleteMessage(channelId, messageId, by);
    return { messageId };
  },
  'channels:restore-message': async (services, { channelId, messageId }, { by }) => ({
    message: await services.channels.restoreMessage(channelId, messageId, by),
  }),
  'channels:clear': async (services, { channelId }, { by }) => ({
    cleared: await services.channels.clear(channelId, by),
  }),
  'channels:update': async (services, { channelId, updates }, { by }) => ({
    channel: await services.channels.update(channelId, updates, by),
  }),
  'channels:delete': async (services, { channelId }, { by }) => {
    await services.channels.remove(channelId, by);
    return { channelId };
  },
  'channels:restore': async (services, { channelId }) => ({
    channel: await services.channels.restore(channelId),
  }),
  'channels:cancel': (services, { channelId, agentId }, { by }) => ({
    cancelled: services.channels.cancel(channelId, agentId ?? null, by),
  }),
  'channels:complete': (services, { channelId, serverId }) => {
    services.channels.complete(channelId, serverId);
    return { channelId };
  },
};

export const agents: Handlers<'agents'> = {
  'agents:list': (services) => ({ agents: services.agents.list() }),
  'agents:get': (services, { agentId }) => ({ agent: services.agents.get(agentId) }),
  'agents:save': async (services, { agentId, agent }, { by }) => ({
    agent: await services.agents.save(agentId ?? null, agent, by),
  }),
  'agents:delete': async (services, { agentId }, { by }) => ({ deletedId: await services.agents.remove(agentId, by) }),
};
