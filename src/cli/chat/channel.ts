/** A channel in the terminal: what is said in it, agents included, and what the person says. */
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { LlamactorClient } from '../../client/index.ts';
import type { ChannelView, MessageBroadcast, MessageView } from '../../contracts/channels.ts';
import { CodedError } from '../../contracts/errors.ts';
import { UsageError } from '../exit.ts';
import type { Session } from '../session.ts';
import { oneLine, printable } from '../text/sanitize.ts';

export interface ChannelFlags {
  channel: string;
  as: string;
}

type Said = Pick<MessageView, 'id' | 'senderId' | 'senderName' | 'text' | 'createdAt'> | MessageBroadcast;

/** A channel by id or name; one that an agent is called by is a DM with it, which is made when there is none. */
const find = async (client: LlamactorClient, ref: string): Promise<ChannelView> => {
  const { channels } = await client.call('channels:list', {});
  const same = channels.filter(({ id, name }) => id === ref || name.toLowerCase() === ref.toLowerCase());
  const [found, another] = same;
  if (another !== undefined)
    throw new UsageError(
      `There are ${same.length} channels called "${ref}"; name one by its id: ${same.map(({ id }) => id).join(', ')}.`,
    );
  if (found !== undefined) return found;
  const { agents } = await client.call('agents:list', {});
  const agent = agents.find(({ id, name }) => id === ref || name.toLowerCase() === ref.toLowerCase());
  if (agent === undefined) {
    const names = channels.slice(0, 5).map(({ name }) => name);
    throw new CodedError(
      'NOT_FOUND',
      `There is no channel ${ref}${names.length === 0 ? '' : `; there are ${names.join(', ')}`}.`,
    );
  }
  return (await client.call('channels:create', { type: 'DM', agents: [agent.id] })).channel;
};

const print = (session: Session, said: Said): void => {
  if (session.asJson) session.jsonLine(said);
  else session.print(`${session.paint('cyan', oneLine(said.senderName))}: ${printable(said.text)}\n`);
};

/** Says one thing, and prints what the agents answer until all are done. */
const sayOnce = async (
  session: Session,
  client: LlamactorClient,
  channel: ChannelView,
  text: string,
  flags: ChannelFlags,
): Promise<void> => {
  const entityId = `cli-${flags.as}`;
  client.onDirect('messageBroadcast', (message) => {
    if (message.channelId === channel.id && message.senderId !== entityId) print(session, message);
  });
  const waits = channel.agents.length > 0;
  const done = new Promise<void>((resolve) => {
    client.onDirect('messageComplete', ({ channelId }) => {
      if (channelId === channel.id) resolve();
    });
    if (!waits) resolve();
  });
  await client.call('channels:join', { channelId: channel.id, entityId, entityName: flags.as });
  const message = {
    channelId: channel.id,
    text,
    entityId,
    entityName: flags.as,
    source: 'cli',
    messageId: randomUUID(),
  };
  const { message: sent } = await client.call('channels:send', message);
  if (!waits && session.asJson) session.jsonLine(sent);
  session.whenInterrupted('The agents go on answering in the channel.');
  await done;
};

/** Prints what is said and says each line that is typed, until the input ends. */
const takePart = async (
  session: Session,
  client: LlamactorClient,
  channel: ChannelView,
  flags: ChannelFlags,
): Promise<void> => {
  const entityId = `cli-${flags.as}`;
  const shown = new Set<string>();
  const show = (said: Said): void => {
    if (shown.has(said.id)) return;
    shown.add(said.id);
    print(session, said);
  };
  const join = async (): Promise<void> => {
    const { messages } = await client.call('channels:join', { channelId: channel.id, entityId, entityName: flags.as });
    messages.forEach(show);
  };
  client.onDirect('messageBroadcast', (message) => {
    if (message.channelId === channel.id) show(message);
  });
  client.onDirect('channelTurn', ({ channelId, agentName, note }) => {
    if (channelId === channel.id && note !== null && !session.asJson)
      session.note(session.paintError('dim', `${oneLine(agentName)}: ${note}`));
  });
  await join();
  client.onConnection((state) => {
    session.note(state === 'connected' ? 'Connected again.' : 'The connection was lost; waiting for the server.');
    if (state === 'connected') join().catch((error: unknown) => session.note(String(error)));
  });
  session.note(session.paintError('dim', `In ${oneLine(channel.name)} as ${flags.as}; Ctrl-D leaves.`));
  for await (const line of createInterface({ input: session.io.stdin })) {
    const text = line.trim();
    if (text === '') continue;
    await client.call('channels:send', { channelId: channel.id, text, entityId, entityName: flags.as, source: 'cli' });
  }
};

export const talkInChannel = async (session: Session, words: readonly string[], flags: ChannelFlags): Promise<void> => {
  const text = words.join(' ').trim();
  const client = await session.connect();
  const channel = await find(client, flags.channel);
  if (text !== '') await sayOnce(session, client, channel, text, flags);
  else await takePart(session, client, channel, flags);
};
