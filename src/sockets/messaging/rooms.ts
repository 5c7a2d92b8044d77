/** The rooms of channels, and what is told in them. */
import type { ChannelChange } from '../../commands/channel-services.ts';
import type { By } from '../../commands/services.ts';
import { messageBroadcast } from '../../contracts/channels.ts';
import type { Emitter } from '../emitter.ts';

export const CHANNELS_ROOM = '@channels';
export const roomOf = (channelId: string): string => `@channel:${channelId}`;

/** How the dialect of seed 004 confirms a message, by the form in which it came. */
const ACK_STATUS: Readonly<Record<string, string>> = { m: 'success', n: 'received_by_server_and_processing' };

/** The socket behind a call and the style of the call. */
const callerOf = (by: By | null): { style: string; socket: string } | null => {
  const [, style, socket] = /^([abmn]):(.+)$/.exec(by ?? '') ?? [];
  return style === undefined || socket === undefined ? null : { style, socket };
};

export const createChannelBroadcasts = (emitter: Emitter): ((change: ChannelChange) => void) => {
  const tellMessage = ({ message, repeated, by }: Extract<ChannelChange, { kind: 'channel.message' }>): void => {
    const sender = callerOf(by);
    // The order is part of the contract: the others, the sender, the confirmation.
    if (!repeated) {
      const except = sender?.socket;
      emitter.direct('messageBroadcast', messageBroadcast(message, false), roomOf(message.channelId), { except });
    }
    if (sender === null || sender.style === 'a') return;
    emitter.direct('messageBroadcast', messageBroadcast(message, true), sender.socket);
    const status = ACK_STATUS[sender.style];
    if (status === undefined) return;
    const { clientMessageId, id: messageId } = message;
    emitter.direct(
      'messageAck',
      { ...(clientMessageId === null ? {} : { clientMessageId }), messageId, status },
      sender.socket,
    );
  };

  return (change) => {
    switch (change.kind) {
      case 'channel.message':
        tellMessage(change);
        break;
      case 'channel.chunk':
        emitter.direct('messageStreamChunk', change.chunk, roomOf(change.chunk.channelId));
        break;
      case 'channel.turn':
        emitter.direct('channelTurn', change.turn, roomOf(change.turn.channelId));
        break;
      case 'channel.told': {
        const caller = callerOf(change.by);
        const isCaller = caller?.style === 'a' || change.event === 'channelTyping';
        const except = isCaller ? caller?.socket : undefined;
        emitter.direct(change.event, change.data, roomOf(change.data.channelId), { except });
        break;
      }
      case 'channel':
        emitter.broadcast('channels:updated', { channel: change.channel }, { room: CHANNELS_ROOM });
        break;
      case 'channel.removed':
        emitter.broadcast('channels:removed', { channelId: change.channelId }, { room: CHANNELS_ROOM });
        emitter.empty(roomOf(change.channelId));
        break;
      case 'agents':
        emitter.broadcast('agents:updated', { agents: change.agents }, { by: change.by });
        break;
    }
  };
};
