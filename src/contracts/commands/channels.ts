/** `channels:*` and `agents:*`. */
import { z } from 'zod';
import {
  AgentDraft,
  Attachment,
  CHANNEL_LIMITS,
  CHANNEL_TYPES,
  ChannelMetadata,
  DEFAULT_SERVER_ID,
  isUuid,
} from '../channels.ts';
import type { AgentView, ChannelView, MessageView, TurnView } from '../channels.ts';
import { empty, returns } from './define.ts';

const uuid = z.string().refine(isUuid, 'must be a UUID');
const channelId = z.string().trim().min(1, 'is required').max(256);
const channel = z.object({ channelId });
const messageId = z.string().min(1).max(256);
const one = z.object({ channelId, messageId });
const who = { entityId: z.string().min(1).max(256), entityName: z.string().min(1).max(256).optional() };
const agentId = z.string().min(1).max(64);
const updates = z
  .looseObject({
    name: z.string().trim().min(1).max(256).optional(),
    topic: z.string().max(2048).optional(),
    type: z.enum(CHANNEL_TYPES).optional(),
    metadata: ChannelMetadata.optional(),
    /** Ids or names. */
    agents: z.array(z.string().min(1).max(64)).max(64).optional(),
  })
  .refine((given) => Object.keys(given).length > 0, 'must not be empty');

export const channelsCommands = {
  'channels:list': returns<{ channels: ChannelView[] }>()('observe', empty, 'All channels, the latest used first.'),
  'channels:subscribe': returns<{ channels: ChannelView[]; agents: AgentView[] }>()(
    'observe',
    empty,
    'All channels and agents, then channels:updated and channels:removed for this socket.',
    { socketOnly: true },
  ),
  'channels:unsubscribe': returns<{ subscribed: false }>()(
    'observe',
    empty,
    'Ends channels:updated and channels:removed for this socket.',
    { socketOnly: true },
  ),
  'channels:get': returns<{ channel: ChannelView }>()('observe', channel, 'One channel.'),
  'channels:create': returns<{ channel: ChannelView }>()(
    'infer',
    z.object({
      channelId: uuid.optional(),
      serverId: uuid.default(DEFAULT_SERVER_ID),
      name: z.string().trim().min(1).max(256).optional(),
      topic: z.string().max(2048).default(''),
      type: z.enum(CHANNEL_TYPES).default('GROUP'),
      agents: z.array(z.string().min(1).max(64)).max(64).default([]),
      metadata: ChannelMetadata.default({}),
    }),
    'Makes a channel; `agents` by id or name.',
  ),
  'channels:join': returns<{ channel: ChannelView; messages: MessageView[]; more: boolean; turns: TurnView[] }>()(
    'observe',
    z.object({
      channelId,
      entityId: who.entityId.optional(),
      entityName: who.entityName,
      /** Make it if there is none; the rest is for that. */
      create: z.boolean().default(false),
      serverId: uuid.default(DEFAULT_SERVER_ID),
      agentId: z.string().min(1).max(64).optional(),
      metadata: ChannelMetadata.default({}),
    }),
    'Its newest messages, then what is said in it, for this socket; with `create` it is made if there is none.',
    { socketOnly: true },
  ),
  'channels:leave': returns<{ left: string }>()('observe', channel, 'Ends what `channels:join` began.', {
    socketOnly: true,
  }),
  'channels:messages': returns<{ messages: MessageView[]; more: boolean }>()(
    'observe',
    z.object({
      channelId,
      limit: z.int().min(1).max(CHANNEL_LIMITS.page).default(CHANNEL_LIMITS.history),
      before: messageId.optional(),
      text: z.string().max(512).optional(),
    }),
    'Messages, oldest first: the newest ones, or those before `before`; with `text` those that contain it.',
  ),
  'channels:send': returns<{ message: MessageView; repeated: boolean }>()(
    'infer',
    z.object({
      channelId: uuid,
      serverId: uuid.default(DEFAULT_SERVER_ID),
      text: z.string().min(1, 'is required').max(CHANNEL_LIMITS.textLength),
      ...who,
      messageId: messageId.optional(),
      inReplyToMessageId: messageId.optional(),
      attachments: z.array(Attachment).max(32).optional(),
      metadata: ChannelMetadata.optional(),
      source: z.string().min(1).max(64).optional(),
    }),
    'Says something in a channel, which is made if there is none; answers when it is on disk. `messageId` is the sender’s own: the same one from another connection is the same message.',
  ),
  'channels:typing': returns<{ told: true }>()(
    'infer',
    z.object({ channelId, ...who }),
    'Tells the other members that somebody is typing.',
  ),
  'channels:delete-message': returns<{ messageId: string }>()('operate', one, 'Deletes a message.'),
  'channels:restore-message': returns<{ message: MessageView }>()(
    'operate',
    one,
    'Brings back a message that was deleted a moment ago.',
  ),
  'channels:clear': returns<{ cleared: number }>()('operate', channel, 'Deletes all messages of a channel.'),
  'channels:update': returns<{ channel: ChannelView }>()(
    'operate',
    z.object({ channelId, updates }),
    'Renames a channel, changes its topic, its agents, or its metadata.',
  ),
  'channels:delete': returns<{ channelId: string }>()('operate', channel, 'Deletes a channel with its messages.'),
  'channels:restore': returns<{ channel: ChannelView }>()(
    'operate',
    channel,
    'Brings back a channel that was deleted in the last ten minutes.',
  ),
  'channels:cancel': returns<{ cancelled: number }>()(
    'infer',
    z.object({ channelId, agentId: agentId.optional() }),
    'Ends the turns of its agents, or of one of them; what was written so far stays.',
  ),
  'channels:complete': returns<{ channelId: string }>()(
    'infer',
    z.object({ channelId: uuid, serverId: uuid.default(DEFAULT_SERVER_ID) }),
    'Tells the members that an agent which lives elsewhere is done.',
  ),
  'agents:list': returns<{ agents: AgentView[] }>()('observe', empty, 'All agents by name.'),
  'agents:get': returns<{ agent: AgentView }>()('observe', z.object({ agentId }), 'One agent, by id or name.'),
  'agents:save': returns<{ agent: AgentView }>()(
    'operate',
    z.object({ agentId: agentId.optional(), agent: AgentDraft }),
    'Makes an agent, or changes the one with that id or name.',
  ),
  'agents:delete': returns<{ deletedId: string }>()(
    'operate',
    z.object({ agentId }),
    'Deletes an agent; its turns end, its messages stay.',
  ),
} as const;
