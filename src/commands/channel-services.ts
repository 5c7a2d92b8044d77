/** What the commands of channels and agents need, and what these tell. */
import type { CommandPayload } from '../contracts/commands.ts';
import type {
  AgentView,
  ChannelEvents,
  ChannelView,
  MemberView,
  MessageChunk,
  MessageView,
  TurnView,
} from '../contracts/channels.ts';

/** As in `services.ts`. */
type By = string;

export interface ChannelPage {
  /** Oldest first. */
  messages: MessageView[];
  /** There are older ones. */
  more: boolean;
}

/** Every method refuses with a CodedError and changes nothing then; what it acknowledges is on disk. */
export interface ChannelsService {
  /** The latest used first. */
  list(): ChannelView[];
  get(id: string): ChannelView;
  create(wanted: CommandPayload<'channels:create'>): Promise<ChannelView>;
  /** Makes the channel if there is none. `agent` is an agent's id or name, of this server or of another. */
  ensure(wanted: {
    id: string;
    serverId: string;
    agent: string | null;
    metadata: Record<string, unknown>;
  }): Promise<ChannelView>;
  /** NOT_FOUND when `before` is not kept any more. */
  page(
    id: string,
    filter: { limit: number; before?: string | undefined; text?: string | undefined },
  ): Promise<ChannelPage>;
  /** Resolves when the message is durable. `repeated`: it had come before, over another connection. */
  send(message: CommandPayload<'channels:send'>, by: By): Promise<{ message: MessageView; repeated: boolean }>;
  typing(id: string, who: MemberView, by: By): void;
  deleteMessage(id: string, messageId: string, by: By): Promise<void>;
  restoreMessage(id: string, messageId: string, by: By): Promise<MessageView>;
  /** How many there were. */
  clear(id: string, by: By): Promise<number>;
  update(id: string, updates: CommandPayload<'channels:update'>['updates'], by: By): Promise<ChannelView>;
  remove(id: string, by: By): Promise<void>;
  restore(id: string): Promise<ChannelView>;
  /** How many turns are ended. */
  cancel(id: string, agentId: string | null, by: By): number;
  complete(id: string, serverId: string): void;
  turns(id: string): TurnView[];
  /** A connection takes part from now on; with no `who` it only listens. */
  enter(id: string, connection: string, who: MemberView | null): void;
  leave(id: string, connection: string): void;
  /** It is gone from all channels. */
  leaveAll(connection: string): void;
}

export interface AgentsService {
  list(): AgentView[];
  /** By id or name; NOT_FOUND with the nearest names. */
  get(ref: string): AgentView;
  save(id: string | null, draft: CommandPayload<'agents:save'>['agent'], by: By): Promise<AgentView>;
  remove(ref: string, by: By): Promise<string>;
}

type Told = Pick<
  ChannelEvents,
  | 'messageDeleted'
  | 'channelCleared'
  | 'channelUpdated'
  | 'channelDeleted'
  | 'channelTyping'
  | 'messageComplete'
  | 'controlMessage'
>;

/** Facts about channels; they are told in the order in which they became durable. */
export type ChannelChange =
  /** `repeated`: only the sender is answered, everybody else has it. */
  | { kind: 'channel.message'; message: MessageView; repeated: boolean; by: By | null }
  | { kind: 'channel.chunk'; chunk: MessageChunk }
  | { kind: 'channel.turn'; turn: TurnView }
  | { [E in keyof Told]: { kind: 'channel.told'; event: E; data: Told[E]; by: By | null } }[keyof Told]
  /** For those who follow the list of channels. */
  | { kind: 'channel'; channel: ChannelView }
  | { kind: 'channel.removed'; channelId: string }
  | { kind: 'agents'; agents: AgentView[]; by: By | null };
