/** Channels, their messages and the agents in them. Times are epoch milliseconds. */
import { z } from 'zod';
import { AgentToolRule } from './agent-tools.ts';

/** The server id of whoever names none. */
export const DEFAULT_SERVER_ID = '00000000-0000-0000-0000-000000000000';

/** Any eight-four-four-four-twelve hex form, whatever its version: the default server's id has none. */
export const isUuid = (text: string): boolean => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

export const CHANNEL_LIMITS = {
  /** Messages sent on joining. */
  history: 50,
  /** Most messages of one page. */
  page: 200,
  textLength: 100_000,
  /** One message with everything in it, as JSON; room for an image that a browser has scaled down. */
  messageBytes: 4 * 1024 * 1024,
  /** Kept of one channel, besides the number of messages in the configuration. */
  channelBytes: 64 * 1024 * 1024,
  metadataBytes: 16 * 1024,
} as const;

const fits = (bytes: number) => (value: unknown) => JSON.stringify(value).length <= bytes;

export const ChannelMetadata = z
  .record(z.string().max(128), z.unknown())
  .refine(fits(CHANNEL_LIMITS.metadataBytes), 'is larger than 16 KiB');

export const CHANNEL_TYPES = ['DM', 'GROUP'] as const;
/** In a DM its agents answer everything, in a group what mentions them. */
export type ChannelType = (typeof CHANNEL_TYPES)[number];

export const Attachment = z.looseObject({
  url: z.string().max(CHANNEL_LIMITS.messageBytes),
  type: z.string().max(256),
});
export type Attachment = z.infer<typeof Attachment>;

const ChannelSummary = z.object({
  /** Messages that are kept. */
  messages: z.number(),
  /** The newest, its text cut; null in an empty channel. */
  lastMessage: z.object({ senderName: z.string(), text: z.string(), createdAt: z.number() }).nullable(),
});
export type ChannelSummary = z.infer<typeof ChannelSummary>;

/** A channel as it is kept; its messages lie in a file of their own. */
export const ChannelRecord = z.object({
  id: z.string().min(1).max(256),
  serverId: z.string().min(1).max(256),
  name: z.string().max(256),
  topic: z.string().max(2048).default(''),
  type: z.enum(CHANNEL_TYPES),
  metadata: ChannelMetadata.default({}),
  /** Ids of its agents. */
  agents: z.array(z.string().max(64)).max(64).default([]),
  createdAt: z.number(),
  updatedAt: z.number(),
  /** A deleted one can be brought back for a while; null for one that is there. */
  deletedAt: z.number().nullable().default(null),
  /** What its messages were a moment before the last write; they themselves are the truth. */
  summary: ChannelSummary.default({ messages: 0, lastMessage: null }),
});
export type ChannelRecord = z.infer<typeof ChannelRecord>;

export const ChannelsDocument = z.object({ channels: z.array(ChannelRecord).default([]) });
export type ChannelsDocument = z.infer<typeof ChannelsDocument>;

/** Why an agent's turn brought no answer, or only a part of one. */
export interface TurnFailureView {
  code: string;
  /** One sentence for a person. */
  message: string;
}

export const MessageRecord = z.object({
  id: z.string().min(1).max(256),
  channelId: z.string(),
  serverId: z.string(),
  senderId: z.string(),
  senderName: z.string(),
  text: z.string(),
  createdAt: z.number(),
  /** Who wrote it by which way: `client`, `rest`, `cli`, `dashboard`, `agent`, or the sender's own word. */
  source: z.string(),
  /** The sender's own id of it. */
  clientMessageId: z.string().nullable(),
  inReplyToMessageId: z.string().nullable(),
  attachments: z.array(Attachment),
  metadata: z.record(z.string(), z.unknown()),
  /** What a reasoning model thought before it answered. */
  thought: z.string().nullable(),
  actions: z.array(z.unknown()),
});
export type MessageView = z.infer<typeof MessageRecord>;

export interface MemberView {
  entityId: string;
  name: string;
}

export interface ChannelView extends Omit<ChannelRecord, 'deletedAt' | 'summary'>, ChannelSummary {
  /** Who is connected to it now. */
  members: MemberView[];
}

export const TURN_STATES = ['idle', 'thinking', 'streaming'] as const;

/** What one agent does in one channel now. */
export interface TurnView {
  channelId: string;
  agentId: string;
  agentName: string;
  state: (typeof TURN_STATES)[number];
  /** What it waits for, for a person: "waiting for the model: 2nd". */
  note: string | null;
  /** The id that its answer will have; null while it is idle. */
  messageId: string | null;
  /** What it has written and thought so far, for those who come in the middle. */
  text: string;
  thought: string;
  /** Pieces in which that was sent; the next one has this number. */
  pieces: number;
  /** Messages that came meanwhile and are answered together in the next turn. */
  queued: number;
}

/** A piece of an answer that is being written. Pieces of one message count from 0 and come in order. */
export interface MessageChunk {
  channelId: string;
  messageId: string;
  agentId: string;
  index: number;
  chunk: string;
  /** Whether the piece belongs to what it thinks in place of what it says. */
  thought: boolean;
}

export const ANSWER_RULES = ['usual', 'always', 'never'] as const;

const sampling = z.object({
  temperature: z.number().min(0).max(5).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().min(0).max(10_000).optional(),
  min_p: z.number().min(0).max(1).optional(),
  repeat_penalty: z.number().min(0).max(5).optional(),
  seed: z.int().min(-1).max(4_294_967_295).optional(),
});

/** An agent as a person writes it. */
export const AgentDraft = z.object({
  name: z
    .string()
    .trim()
    .min(1, 'is required')
    .max(64)
    .regex(/^[^@\r\n]+$/, 'must be one line without @'),
  description: z.string().max(1024).default(''),
  /** A model by id, name or alias; null is whichever is loaded, else the first there is. */
  model: z.string().min(1).max(512).nullable().default(null),
  systemPrompt: z.string().max(100_000).default(''),
  sampling: sampling.default({}),
  /** Longest answer in tokens; null leaves it to the model's context. */
  maxTokens: z.int().min(1).max(1_000_000).nullable().default(null),
  /** `usual` is everything in a DM and what mentions it in a group. */
  answers: z.enum(ANSWER_RULES).default('usual'),
  /** Most messages of the channel that it is given; as many of these as fit its model's context. */
  memoryMessages: z.int().min(1).max(1000).default(50),
  /** Seconds that one answer may take, waiting for the model included. */
  timeout: z.int().min(1).max(86_400).default(600),
  /** Tools of MCP servers that it may use; the rule that says most about a tool counts. */
  tools: z.array(AgentToolRule).max(128).default([]),
  /** Tools of which their server says that they only read are allowed unless a rule says otherwise. */
  trustReadOnly: z.boolean().default(false),
});
export type AgentDraft = z.infer<typeof AgentDraft>;

export const AgentRecord = AgentDraft.extend({
  id: z.string().min(1).max(64),
  createdAt: z.number(),
  updatedAt: z.number(),
});
export type AgentView = z.infer<typeof AgentRecord>;

export const AgentsDocument = z.object({ agents: z.array(AgentRecord).default([]) });
export type AgentsDocument = z.infer<typeof AgentsDocument>;

/** A message as the channel's clients receive it. */
export interface MessageBroadcast {
  id: string;
  senderId: string;
  senderName: string;
  text: string;
  channelId: string;
  /** The same as `channelId`, for older clients. */
  roomId: string;
  serverId: string;
  createdAt: number;
  source: string;
  /** Only to the one who sent it. */
  clientMessageId?: string;
  inReplyToMessageId?: string;
  thought?: string;
  actions?: unknown[];
  attachments?: Attachment[];
  metadata?: Record<string, unknown>;
}

/** What the members of a channel hear. */
export interface ChannelEvents {
  messageBroadcast: MessageBroadcast;
  messageStreamChunk: MessageChunk;
  messageComplete: { channelId: string; serverId: string };
  messageDeleted: { messageId: string; channelId: string };
  channelCleared: { channelId: string };
  channelUpdated: { channelId: string; updates: Record<string, unknown> };
  channelDeleted: { channelId: string };
  channelTurn: TurnView;
  channelTyping: { channelId: string; entityId: string; name: string };
  controlMessage: { action: 'enable_input' | 'disable_input'; channelId: string };
}

/** Pure. */
export const messageBroadcast = (message: MessageView, withClientId: boolean): MessageBroadcast => {
  const { id, senderId, senderName, text, channelId, serverId, createdAt, source } = message;
  return {
    id,
    senderId,
    senderName,
    text,
    channelId,
    roomId: channelId,
    serverId,
    createdAt,
    source,
    ...(withClientId && message.clientMessageId !== null ? { clientMessageId: message.clientMessageId } : {}),
    ...(message.inReplyToMessageId === null ? {} : { inReplyToMessageId: message.inReplyToMessageId }),
    ...(message.thought === null ? {} : { thought: message.thought }),
    ...(message.actions.length === 0 ? {} : { actions: message.actions }),
    ...(message.attachments.length === 0 ? {} : { attachments: message.attachments }),
    ...(Object.keys(message.metadata).length === 0 ? {} : { metadata: message.metadata }),
  };
};
