import { describe, expect, it } from 'vitest';
import type { MessageView, TurnView } from '../../src/contracts/channels.ts';
import {
  EMPTY,
  listed,
  saidOf,
  typingAt,
  withChunk,
  withHistory,
  without,
  withSaid,
  withTurn,
  withTyping,
} from '../../web/pages/channels/talk.ts';

const message = (n: number, over: Partial<MessageView> = {}): MessageView => ({
  id: `m${n}`,
  channelId: 'one',
  serverId: 'server',
  senderId: 'ana',
  senderName: 'Ana',
  text: `message ${n}`,
  createdAt: n,
  source: 'client',
  clientMessageId: null,
  inReplyToMessageId: null,
  attachments: [],
  metadata: {},
  thought: null,
  actions: [],
  ...over,
});
const said = (n: number, over: Partial<MessageView> = {}) => saidOf(message(n, over));
const turn = (over: Partial<TurnView> = {}): TurnView => ({
  channelId: 'one',
  agentId: 'helper',
  agentName: 'Helper',
  state: 'thinking',
  note: null,
  messageId: 'answer',
  text: '',
  thought: '',
  pieces: 0,
  queued: 0,
  ...over,
});
const chunk = (index: number, text: string, thought = false) => ({
  channelId: 'one',
  messageId: 'answer',
  agentId: 'helper',
  index,
  chunk: text,
  thought,
});
const ids = (talk: typeof EMPTY): string[] => talk.said.map(({ id }) => id);

describe('a channel on the page', () => {
  it('holds each message once and in its order, whichever way and how often it comes', () => {
    let talk = withHistory(EMPTY, [message(2), message(3)], true);
    for (const n of [4, 3, 4]) talk = withSaid(talk, said(n));
    talk = withHistory(talk, [message(1), message(2)], false);
    expect(ids(talk)).toEqual(['m1', 'm2', 'm3', 'm4']);
    expect(talk.more).toBe(false);
    talk = withSaid(without(talk, 'm2'), said(2));
    expect(ids(talk)).toEqual(['m1', 'm2', 'm3', 'm4']);
  });

  it('reads along while an agent writes, and takes no piece twice', () => {
    let talk = withTurn(EMPTY, turn());
    for (const piece of [chunk(0, 'Hm.', true), chunk(1, 'Good '), chunk(1, 'Good '), chunk(2, 'day.')])
      talk = withChunk(talk, piece);
    expect(talk.turns).toMatchObject([{ thought: 'Hm.', text: 'Good day.', pieces: 3 }]);
    // News about the turn carry no text.
    talk = withTurn(talk, turn({ state: 'streaming', queued: 1 }));
    expect(talk.turns).toMatchObject([{ text: 'Good day.', queued: 1, state: 'streaming' }]);
    talk = withTurn(talk, turn({ messageId: 'next' }));
    expect(talk.turns).toMatchObject([{ text: '', messageId: 'next' }]);
    expect(withTurn(talk, turn({ state: 'idle', messageId: null })).turns).toEqual([]);
  });

  it('goes on from what was written when it came in the middle', () => {
    let talk = withTurn(EMPTY, turn({ state: 'streaming', text: 'Good ', pieces: 2 }));
    for (const piece of [chunk(1, 'Good '), chunk(2, 'day.')]) talk = withChunk(talk, piece);
    expect(talk.turns[0]?.text).toBe('Good day.');
  });

  it('forgets that somebody types when they have spoken, or after a while', () => {
    const talk = withTyping(withTyping(EMPTY, 'ana', 'Ana', 1000), 'ben', 'Ben', 2000);
    expect(typingAt(talk, 2500)).toEqual(['Ana', 'Ben']);
    expect(typingAt(withSaid(talk, said(1)), 2500)).toEqual(['Ben']);
    expect(typingAt(talk, 5500)).toEqual(['Ben']);
  });

  it('knows an answer from why there is none', () => {
    const failure = { code: 'X', message: 'It broke.' };
    expect(said(1, { source: 'agent', metadata: { failure, model: 'alpha' } })).toMatchObject({
      byAgent: true,
      failure: 'It broke.',
      model: 'alpha',
      incomplete: false,
    });
    expect(said(1, { metadata: { incomplete: true } }).incomplete).toBe(true);
  });

  it.each([
    [[], ''],
    [['Ana'], 'Ana'],
    [['Ana', 'Ben', 'Cai'], 'Ana, Ben and Cai'],
  ])('%j reads %j', (names, text) => expect(listed(names)).toBe(text));
});
