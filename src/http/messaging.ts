/** `/api/messaging`: channels and messages over plain HTTP, for agents and scripts that live elsewhere. Each route is a command. */
import { Hono } from 'hono';
import type { Context } from 'hono';
import { DEFAULT_SERVER_ID } from '../contracts/channels.ts';
import type { CommandName } from '../contracts/commands.ts';

export interface MessagingRoutes {
  /** Runs a command for whoever sent the request, and answers. */
  run(context: Context, command: CommandName, payload: unknown): Promise<Response>;
  /** Throws INVALID_PAYLOAD for text that is not JSON. */
  bodyOf(context: Context): Promise<unknown>;
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (body: unknown): Fields =>
  typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Fields) : {};

/** The first of these fields that is there. */
const first = (fields: Fields, ...names: string[]): unknown =>
  names.map((name) => fields[name]).find((value) => value != null);

/** Older clients write these fields in other words. */
const messageIn = (channelId: unknown, fields: Fields): Record<string, unknown> => ({
  channelId,
  serverId: first(fields, 'serverId', 'server_id', 'messageServerId') ?? DEFAULT_SERVER_ID,
  text: first(fields, 'text', 'content', 'message'),
  entityId: first(fields, 'entityId', 'author_id', 'senderId'),
  entityName: first(fields, 'entityName', 'author_name', 'senderName', 'author_display_name'),
  messageId: first(fields, 'messageId', 'clientMessageId', 'client_message_id'),
  inReplyToMessageId: first(fields, 'inReplyToMessageId', 'in_reply_to_message_id'),
  attachments: first(fields, 'attachments'),
  metadata: first(fields, 'metadata'),
  source: first(fields, 'source', 'source_type') ?? 'rest',
});

const without = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

export const createMessagingApi = ({ run, bodyOf }: MessagingRoutes): Hono => {
  const api = new Hono();
  const idOf = (context: Context): string => context.req.param('id') ?? '';

  const channels = new Hono();
  channels.get('/', (context) => run(context, 'channels:list', {}));
  channels.post('/', async (context) => run(context, 'channels:create', await bodyOf(context)));
  channels.get('/:id', (context) => run(context, 'channels:get', { channelId: idOf(context) }));
  channels.patch('/:id', async (context) =>
    run(context, 'channels:update', { channelId: idOf(context), updates: await bodyOf(context) }),
  );
  channels.delete('/:id', (context) => run(context, 'channels:delete', { channelId: idOf(context) }));
  channels.get('/:id/messages', (context) => {
    const { limit, before, text } = context.req.query();
    // What is no number is refused by the command, with its reason.
    const wanted = { channelId: idOf(context), before, text, limit: limit === undefined ? undefined : Number(limit) };
    return run(context, 'channels:messages', without(wanted));
  });
  channels.post('/:id/messages', async (context) =>
    run(context, 'channels:send', without(messageIn(idOf(context), fieldsOf(await bodyOf(context))))),
  );
  channels.delete('/:id/messages', (context) => run(context, 'channels:clear', { channelId: idOf(context) }));
  channels.delete('/:id/messages/:messageId', (context) =>
    run(context, 'channels:delete-message', { channelId: idOf(context), messageId: context.req.param('messageId') }),
  );
  api.route('/channels', channels);
  // The older clients' name for the same.
  api.route('/central-channels', channels);

  api.post('/submit', async (context) => {
    const fields = fieldsOf(await bodyOf(context));
    return run(context, 'channels:send', without(messageIn(first(fields, 'channelId', 'channel_id'), fields)));
  });
  api.post('/complete', async (context) => {
    const fields = fieldsOf(await bodyOf(context));
    const wanted = {
      channelId: first(fields, 'channelId', 'channel_id'),
      serverId: first(fields, 'serverId', 'server_id'),
    };
    return run(context, 'channels:complete', without(wanted));
  });
  return api;
};
