/**
 * The events of seed 004. They have no acknowledgements: what comes back are events, and `messageError` when something is wrong.
 * A function that a client passes all the same is called, so that nobody waits for ever.
 */
import type { Socket } from 'socket.io';
import { DEFAULT_SERVER_ID, isUuid } from '../../contracts/channels.ts';
import type { CommandInput, CommandName, CommandResult } from '../../contracts/commands.ts';
import { CodedError } from '../../contracts/errors.ts';
import { LogStreamFilter } from '../../contracts/log-stream.ts';
import type { Caller } from '../../commands/caller.ts';
import type { Registry } from '../../commands/registry.ts';
import { keptOf } from './kept.ts';
import type { EventLimiter } from './limiter.ts';
import type { LogStream } from './log-stream.ts';

export interface MessagingDeps {
  registry: Registry;
  limiter: EventLimiter;
  logs: LogStream;
}

export interface MessagingDialect {
  /** Whether it is an event of this dialect, which is then taken care of. */
  handle(socket: Socket, event: string, args: readonly unknown[], caller: () => Omit<Caller, 'by' | 'style'>): boolean;
}

type Fields = Readonly<Record<string, unknown>>;
interface Call {
  socket: Socket;
  fields: Fields;
  /** Runs a command as this socket; throws its refusal. */
  run<N extends CommandName>(command: N, input: CommandInput<N>): Promise<CommandResult<N>>;
}
type Handler = (call: Call) => Promise<void>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
/** The first of these fields that is a text. */
const first = (fields: Fields, ...names: string[]): string | undefined =>
  names.map((name) => text(fields[name])).find((value) => value !== undefined);
const given = <K extends string, T>(name: K, value: T | undefined): Partial<Record<K, T>> =>
  value === undefined ? {} : ({ [name]: value } as Record<K, T>);

const refuse = (message: string): never => {
  throw new CodedError('INVALID_PAYLOAD', message);
};
const channelOf = (fields: Fields, purpose: string): string =>
  first(fields, 'channelId', 'roomId') ?? refuse(`channelId is required for ${purpose}.`);
const uuidIn = (name: string, value: string | undefined): string => {
  if (value === undefined) return refuse(`${name} is required for sending.`);
  return isUuid(value) ? value : refuse(`${name} must be a UUID.`);
};
const clientIdOf = (fields: Fields): string | undefined => first(fields, 'messageId', 'clientMessageId');

const join: Handler = async ({ socket, fields, run }) => {
  const channelId = channelOf(fields, 'joining');
  const agentId = text(fields['agentId']);
  const server = first(fields, 'serverId', 'messageServerId');
  const history = await run('channels:join', {
    channelId,
    create: true,
    // A server's id matters for a channel that is made now; an unfit one is as good as none.
    serverId: server !== undefined && isUuid(server) ? server : DEFAULT_SERVER_ID,
    metadata: isFields(fields['metadata']) ? { ...fields['metadata'] } : {},
    ...given('agentId', agentId),
    ...given('entityId', first(fields, 'entityId', 'senderId')),
    ...given('entityName', first(fields, 'entityName', 'senderName')),
  });
  const joined = {
    message: `Joined the channel ${channelId}.`,
    channelId,
    roomId: channelId,
    ...given('agentId', agentId),
  };
  socket.emit('channel_joined', joined);
  socket.emit('room_joined', joined);
  const { messages, more } = history;
  socket.emit('channel_history', { channelId, roomId: channelId, messages, more });
};

const send: Handler = async ({ fields, run }) => {
  const channelId = uuidIn('channelId', first(fields, 'channelId', 'roomId'));
  const serverId = uuidIn('serverId', first(fields, 'serverId', 'messageServerId', 'server_id'));
  const entityId = first(fields, 'entityId', 'senderId', 'author_id') ?? refuse('entityId is required for sending.');
  const words = first(fields, 'text', 'message') ?? refuse('text is required for sending.');
  const { attachments, metadata } = fields;
  await run('channels:send', {
    channelId,
    serverId,
    entityId,
    text: words,
    ...given('entityName', first(fields, 'entityName', 'senderName')),
    ...given('messageId', clientIdOf(fields)),
    ...given('inReplyToMessageId', text(fields['inReplyToMessageId'])),
    ...given('source', text(fields['source'])),
    ...(attachments == null ? {} : { attachments: attachments as never }),
    ...(metadata == null ? {} : { metadata: metadata as Record<string, unknown> }),
  });
};

const LOG_WORDS = ['level', 'agentId', 'category'] as const;
/** `all` and null mean the same as nothing. */
const filterIn = (fields: Fields): LogStreamFilter => {
  const wanted = LOG_WORDS.map((name) => [name, fields[name]] as const);
  const parsed = LogStreamFilter.safeParse(
    Object.fromEntries(wanted.filter(([, value]) => value != null && value !== '' && value !== 'all')),
  );
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return refuse(`Invalid log filter: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trimEnd());
};
const filterOf = (socket: Socket): LogStreamFilter => keptOf(socket).logFilter ?? {};
const keepFilter = (socket: Socket, filter: LogStreamFilter): void => {
  keptOf(socket).logFilter = filter;
};

/** `n:` marks the older forms of a message, which are confirmed by another word. */
const OLDER_SEND = new Set(['2', 'message']);

export const createMessagingDialect = ({ registry, limiter, logs }: MessagingDeps): MessagingDialect => {
  const handlers: Readonly<Record<string, Handler>> = {
    join_channel: join,
    '1': join,
    send_message: send,
    '2': send,
    async message(call) {
      const { type, payload } = call.fields;
      const inner = { ...call, fields: isFields(payload) ? payload : call.fields };
      if (type === 1) return join(inner);
      if (type === 2) return send(inner);
      refuse('type must be 1 for joining or 2 for sending.');
    },
    async leave_channel({ socket, fields, run }) {
      const channelId = channelOf(fields, 'leaving');
      await run('channels:leave', { channelId });
      socket.emit('channel_left', { channelId, roomId: channelId });
    },
    async channel_history({ socket, fields, run }) {
      const channelId = channelOf(fields, 'its history');
      const limit = typeof fields['limit'] === 'number' ? fields['limit'] : undefined;
      const wanted = { channelId, ...given('before', text(fields['before'])), ...given('limit', limit) };
      const { messages, more } = await run('channels:messages', wanted);
      socket.emit('channel_history', { channelId, roomId: channelId, messages, more });
    },
    async delete_message({ fields, run }) {
      const channelId = channelOf(fields, 'deleting');
      await run('channels:delete-message', {
        channelId,
        messageId: text(fields['messageId']) ?? refuse('messageId is required for deleting.'),
      });
    },
    async clear_channel({ fields, run }) {
      await run('channels:clear', { channelId: channelOf(fields, 'clearing') });
    },
    async update_channel({ fields, run }) {
      const { channelId: _, roomId: __, updates, ...others } = fields;
      const wanted = isFields(updates) ? updates : others;
      await run('channels:update', { channelId: channelOf(fields, 'updating'), updates: { ...wanted } });
    },
    async delete_channel({ fields, run }) {
      await run('channels:delete', { channelId: channelOf(fields, 'deleting') });
    },
    async subscribe_logs({ socket, run }) {
      if (!logs.isFollowing(socket)) await run('logs:subscribe', filterOf(socket));
      socket.emit('log_subscription_confirmed', { subscribed: true, message: 'Successfully subscribed to log stream' });
    },
    async unsubscribe_logs({ socket, run }) {
      await run('logs:unsubscribe', {});
      const message = 'Successfully unsubscribed from log stream';
      socket.emit('log_subscription_confirmed', { subscribed: false, message });
    },
    set_log_filter({ socket, fields }) {
      const filter = filterIn(fields);
      keepFilter(socket, filter);
      if (logs.isFollowing(socket)) logs.follow(socket, filter, null);
      return Promise.resolve();
    },
    update_log_filters({ socket, fields }) {
      try {
        if (!logs.isFollowing(socket)) refuse('Not subscribed to the log stream; send subscribe_logs first.');
        // The alias says "update": what it does not name stays.
        const filters = filterIn({ ...filterOf(socket), ...fields });
        keepFilter(socket, filters);
        logs.follow(socket, filters, null);
        socket.emit('log_filters_updated', { success: true, filters });
      } catch (error) {
        socket.emit('log_filters_updated', { success: false, error: (error as Error).message });
      }
      return Promise.resolve();
    },
  };

  const fail = (socket: Socket, fields: Fields, error: unknown): void => {
    // The registry never throws, so anything else is a refusal of this file.
    const { message, code, retryAfter } =
      error instanceof CodedError ? error : new CodedError('INTERNAL', 'Something failed inside the server.');
    const clientMessageId = clientIdOf(isFields(fields['payload']) ? fields['payload'] : fields);
    socket.emit('messageError', {
      error: message,
      code,
      ...given('clientMessageId', clientMessageId),
      ...given('retryAfter', retryAfter),
    });
  };

  return {
    handle(socket, event, args, caller) {
      const handler = Object.hasOwn(handlers, event) ? handlers[event] : undefined;
      if (handler === undefined) return false;
      const [payload] = args;
      const last = args.at(-1);
      const ack = typeof last === 'function' ? (last as (reply: unknown) => void) : null;
      const fields = isFields(payload) ? payload : {};
      const by = `${OLDER_SEND.has(event) ? 'n' : 'm'}:${socket.id}`;
      const run: Call['run'] = async (command, input) => {
        const outcome = await registry.execute(command, input, { ...caller(), by, style: 'b' });
        if (!outcome.ok) throw outcome.error;
        return outcome.result;
      };
      const work = async (): Promise<void> => {
        const wait = await limiter.take(socket.handshake.address);
        if (wait !== null) {
          const message = `Too many events from this address; try again in ${wait} s.`;
          throw new CodedError('RATE_LIMITED', message, { retryAfter: wait });
        }
        await handler({ socket, fields, run });
      };
      work().then(
        () => ack?.({ success: true, timestamp: new Date().toISOString() }),
        (error: unknown) => {
          fail(socket, fields, error);
          const message = error instanceof Error ? error.message : String(error);
          ack?.({ success: false, error: message, timestamp: new Date().toISOString() });
        },
      );
      return true;
    },
  };
};
