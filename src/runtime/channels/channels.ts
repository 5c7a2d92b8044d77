/** The service behind `channels:*`: what is said is durable first, then told, then answered by the agents it concerns. */
import { randomUUID } from 'node:crypto';
import type { By, ChannelChange, ChannelsService } from '../../commands/services.ts';
import { CHANNEL_LIMITS } from '../../contracts/channels.ts';
import type {
  AgentView,
  ChannelRecord,
  ChannelSummary,
  ChannelType,
  ChannelView,
  MessageView,
} from '../../contracts/channels.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { ChannelBook } from './channel-book.ts';
import type { History } from './history.ts';
import { createPresence } from './presence.ts';
import type { AgentTurns } from './turns.ts';

export interface ChannelsOptions {
  book: ChannelBook;
  /** By id or name. */
  agent(ref: string): AgentView | undefined;
  /** NOT_FOUND with the nearest names. */
  needAgent(ref: string): AgentView;
  turns: AgentTurns;
  publish(change: ChannelChange): void;
  now(): number;
  newId?: () => string;
  log(level: 'warn' | 'error', message: string): void;
}

export type Channels = ChannelsService & {
  /** Says what an agent has to say; `onDurable` runs when it is on disk, before it is told. */
  post(message: MessageView): Promise<void>;
  /** The newest messages, oldest first. */
  recent(channelId: string, count: number): Promise<MessageView[]>;
  record(channelId: string): Readonly<ChannelRecord> | undefined;
  close(): Promise<void>;
};

/** How long changes of the list are collected, ms. */
const TOUCH_MS = 250;
/** How often summaries are written, ms. */
const SUMMARY_MS = 5000;
/** Within this time the same message over another connection is a repetition, ms. */
const REPEAT_MS = 10 * 60_000;
const PURGE_EVERY_MS = 60_000;

const shorten = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

/** What the older clients' metadata say of the kind of channel; null when they say nothing. */
const typeIn = (metadata: Record<string, unknown>): ChannelType | null => {
  const { isDm, channelType, type } = metadata;
  if (isDm === true) return 'DM';
  const word = [channelType, type].find((each) => typeof each === 'string');
  if (word === undefined) return isDm === false ? 'GROUP' : null;
  return word.toUpperCase() === 'DM' ? 'DM' : 'GROUP';
};

export const createChannels = (options: ChannelsOptions): Channels => {
  const { book, turns, publish, now, log, newId = randomUUID } = options;
  const presence = createPresence();
  /** The connection that sent a message, for as long as a repetition of it may come. */
  const origins = new Map<string, { by: By; at: number }>();
  /** Messages on their way to the disk, by sender and their own id. */
  const sending = new Map<string, Promise<MessageView>>();
  const summaries = new Map<string, ChannelSummary>();
  const touched = new Set<string>();
  const unsaved = new Set<string>();
  let touching: NodeJS.Timeout | null = null;
  let saving: NodeJS.Timeout | null = null;

  const view = ({ deletedAt: _, summary, ...record }: Readonly<ChannelRecord>): ChannelView => ({
    ...record,
    agents: [...record.agents],
    ...(summaries.get(record.id) ?? summary),
    updatedAt: summaries.get(record.id)?.lastMessage?.createdAt ?? record.updatedAt,
    members: presence.members(record.id),
  });

  /** The list is told of a busy channel a few times a second, not at each message. */
  const touch = (id: string): void => {
    touched.add(id);
    touching ??= setTimeout(() => {
      touching = null;
      for (const each of touched) {
        const record = book.record(each);
        if (record !== undefined) publish({ kind: 'channel', channel: view(record) });
      }
      touched.clear();
    }, TOUCH_MS).unref();
  };
  const saveSummaries = async (): Promise<void> => {
    if (saving !== null) clearTimeout(saving);
    saving = null;
    const ids = [...unsaved].filter((id) => book.record(id) !== undefined);
    unsaved.clear();
    for (const id of ids) {
      const summary = summaries.get(id);
      if (summary === undefined) continue;
      const updatedAt = summary.lastMessage?.createdAt;
      await book.change(id, { summary, ...(updatedAt === undefined ? {} : { updatedAt }) });
    }
  };
  const summarise = (id: string, history: History): void => {
    const newest = history.newest;
    const lastMessage =
      newest === undefined
        ? null
        : { senderName: newest.senderName, text: shorten(newest.text), createdAt: newest.createdAt };
    summaries.set(id, { messages: history.length, lastMessage });
    unsaved.add(id);
    touch(id);
    saving ??= setTimeout(() => {
      saveSummaries().catch((error: unknown) => log('warn', `The list of channels was not saved: ${String(error)}`));
    }, SUMMARY_MS).unref();
  };

  const historyOf = async (id: string): Promise<History> => {
    const { id: known } = book.need(id);
    return book.history(known);
  };

  const make = async (wanted: Partial<ChannelRecord> & Pick<ChannelRecord, 'id' | 'serverId' | 'type'>) => {
    const at = now();
    const name = wanted.name ?? `Channel ${wanted.id.slice(0, 8)}`;
    const defaults = { topic: '', metadata: {}, agents: [], summary: { messages: 0, lastMessage: null } };
    const record = await book.add({ ...defaults, ...wanted, name, createdAt: at, updatedAt: at, deletedAt: null });
    touch(record.id);
    return record;
  };

  /** Those who wait for an agent's answer are told that none comes. */
  const complete = (channelId: string, serverId: string): void =>
    publish({ kind: 'channel.told', event: 'messageComplete', data: { channelId, serverId }, by: null });
  const expectsAgent = ({ agents, metadata }: Readonly<ChannelRecord>): boolean =>
    agents.length > 0 || typeof metadata['agentId'] === 'string';

  /** At the moment a message is durable. */
  const said = (history: History, message: MessageView, by: By | null): void => {
    publish({ kind: 'channel.message', message, repeated: false, by });
    summarise(message.channelId, history);
    const record = book.record(message.channelId);
    if (record === undefined || message.source === 'agent') return;
    if (!turns.consider(record, message) && expectsAgent(record)) complete(message.channelId, message.serverId);
  };

  const forgetOrigins = (): void => {
    for (const [id, { at }] of origins) {
      if (now() - at < REPEAT_MS) return;
      origins.delete(id);
    }
  };
  /** The message that this one repeats: the same words under the same id, sent again after its connection was lost. */
  const repetition = async (history: History, message: MessageView, by: By): Promise<MessageView | null> => {
    const { senderId, clientMessageId, text } = message;
    if (clientMessageId === null) return null;
    const before = sending.get(JSON.stringify([message.channelId, senderId, clientMessageId]));
    const known = (await before?.catch(() => undefined)) ?? history.sent(senderId, clientMessageId);
    if (known === undefined || known.text !== text || now() - known.createdAt >= REPEAT_MS) return null;
    return origins.get(known.id)?.by === by ? null : known;
  };

  const purging = setInterval(() => {
    book.purge().catch((error: unknown) => log('warn', `Deleted channels are still on disk: ${String(error)}`));
  }, PURGE_EVERY_MS).unref();

  const service: Channels = {
    list: () =>
      book
        .records()
        .map(view)
        .toSorted((a, b) => b.updatedAt - a.updatedAt),
    get: (id) => view(book.need(id)),
    record: book.record,
    async create({ channelId = newId(), agents, name, ...wanted }) {
      if (book.record(channelId) !== undefined)
        throw new CodedError('INVALID_STATE', `There is a channel ${channelId} already; choose another id.`);
      const members = agents.map((ref) => options.needAgent(ref));
      const named = name ?? (members.length > 0 ? members.map((agent) => agent.name).join(', ') : undefined);
      const record = await make({
        ...wanted,
        id: channelId,
        agents: members.map(({ id }) => id),
        ...(named === undefined ? {} : { name: named }),
      });
      publish({ kind: 'channel', channel: view(record) });
      return view(record);
    },
    async ensure({ id, serverId, agent: ref, metadata }) {
      const known = book.record(id);
      const agent = ref === null ? undefined : options.agent(ref);
      const elsewhere = ref !== null && agent === undefined ? { agentId: ref } : {};
      if (known === undefined) {
        // Who joins with nothing but an agent wants to talk with it.
        const type = typeIn(metadata) ?? (ref === null ? 'GROUP' : 'DM');
        const { name } = metadata;
        const named = typeof name === 'string' && name.length <= 256 ? name : agent?.name;
        const agents = agent === undefined ? [] : [agent.id];
        const more = named === undefined ? {} : { name: named };
        return view(await make({ id, serverId, type, agents, metadata: { ...metadata, ...elsewhere }, ...more }));
      }
      if (agent === undefined || known.agents.includes(agent.id)) return view(known);
      const record = await book.change(id, { agents: [...known.agents, agent.id] });
      touch(id);
      return view(record);
    },
    async page(id, filter) {
      return (await historyOf(id)).page(filter);
    },
    async recent(id, count) {
      return (await historyOf(id)).last(count);
    },
    async send({ channelId, serverId, text, entityId, entityName, messageId, ...rest }, by) {
      const message: MessageView = {
        id: newId(),
        channelId,
        serverId,
        senderId: entityId,
        senderName: entityName ?? entityId,
        text,
        createdAt: now(),
        // Only this server's own agents are agents to it.
        source: rest.source === undefined || rest.source === 'agent' ? 'client' : rest.source,
        clientMessageId: messageId ?? null,
        inReplyToMessageId: rest.inReplyToMessageId ?? null,
        attachments: rest.attachments ?? [],
        metadata: rest.metadata ?? {},
        thought: null,
        actions: [],
      };
      if (JSON.stringify(message).length > CHANNEL_LIMITS.messageBytes)
        throw new CodedError(
          'INVALID_PAYLOAD',
          'The message is larger than 4 MiB with its attachments; send less at once.',
        );
      if (book.record(channelId) === undefined) await make({ id: channelId, serverId, type: 'GROUP' });
      const history = await historyOf(channelId);
      const known = await repetition(history, message, by);
      if (known !== null) {
        publish({ kind: 'channel.message', message: known, repeated: true, by });
        return { message: known, repeated: true };
      }
      const work = history.add(message, () => said(history, message, by)).then(() => message);
      if (messageId === undefined) await work;
      else {
        const key = JSON.stringify([channelId, entityId, messageId]);
        sending.set(key, work);
        origins.set(message.id, { by, at: message.createdAt });
        forgetOrigins();
        try {
          await work;
        } finally {
          if (sending.get(key) === work) sending.delete(key);
        }
      }
      return { message, repeated: false };
    },
    async post(message) {
      const history = await historyOf(message.channelId);
      await history.add(message, () => said(history, message, null));
    },
    typing: (id, { entityId, name }, by) =>
      publish({ kind: 'channel.told', event: 'channelTyping', data: { channelId: id, entityId, name }, by }),
    async deleteMessage(channelId, messageId, by) {
      const history = await historyOf(channelId);
      await history.delete(messageId);
      publish({ kind: 'channel.told', event: 'messageDeleted', data: { messageId, channelId }, by });
      summarise(channelId, history);
    },
    async restoreMessage(channelId, messageId, by) {
      const history = await historyOf(channelId);
      const message = await history.restore(messageId);
      publish({ kind: 'channel.message', message, repeated: false, by });
      summarise(channelId, history);
      return message;
    },
    async clear(channelId, by) {
      const history = await historyOf(channelId);
      const count = await history.clear();
      publish({ kind: 'channel.told', event: 'channelCleared', data: { channelId }, by });
      summarise(channelId, history);
      return count;
    },
    async update(channelId, { name, topic, type, metadata, agents, ...others }, by) {
      const before = book.need(channelId);
      const ids = agents?.map((ref) => options.needAgent(ref).id);
      // What the seed calls "any other property" is kept beside the other metadata.
      const merged = { ...before.metadata, ...metadata, ...others };
      if (JSON.stringify(merged).length > CHANNEL_LIMITS.metadataBytes)
        throw new CodedError('INVALID_PAYLOAD', 'The metadata of a channel may be 16 KiB; send less.');
      const patch = {
        ...(name === undefined ? {} : { name }),
        ...(topic === undefined ? {} : { topic }),
        ...(type === undefined ? {} : { type }),
        ...(ids === undefined ? {} : { agents: ids }),
        metadata: merged,
        updatedAt: now(),
      };
      const record = await book.change(channelId, patch);
      for (const id of before.agents) if (!record.agents.includes(id)) turns.end(channelId, id);
      const updates = {
        ...others,
        ...(name === undefined ? {} : { name }),
        ...(topic === undefined ? {} : { topic }),
        ...(type === undefined ? {} : { type }),
        ...(ids === undefined ? {} : { agents: ids }),
        ...(metadata === undefined ? {} : { metadata }),
      };
      publish({ kind: 'channel.told', event: 'channelUpdated', data: { channelId, updates }, by });
      publish({ kind: 'channel', channel: view(record) });
      return view(record);
    },
    async remove(channelId, by) {
      await book.change(channelId, { deletedAt: now() });
      turns.end(channelId, null);
      publish({ kind: 'channel.told', event: 'channelDeleted', data: { channelId }, by });
      publish({ kind: 'channel.removed', channelId });
    },
    async restore(channelId) {
      const record = await book.restore(channelId);
      publish({ kind: 'channel', channel: view(record) });
      return view(record);
    },
    cancel(channelId, agentId, by) {
      book.need(channelId);
      return turns.cancel(channelId, agentId, by);
    },
    complete(channelId, serverId) {
      book.need(channelId);
      complete(channelId, serverId);
    },
    turns: (channelId) => turns.list(channelId),
    enter(id, connection, who) {
      presence.enter(id, connection, who);
      touch(id);
    },
    leave(id, connection) {
      presence.leave(id, connection);
      touch(id);
    },
    leaveAll: (connection) => presence.leaveAll(connection).forEach(touch),
    async close() {
      clearInterval(purging);
      if (touching !== null) clearTimeout(touching);
      await saveSummaries().catch((error: unknown) => log('warn', String(error)));
      await book.close();
    },
  };
  return service;
};
