import { describe, expect, it } from 'vitest';
import { AgentDraft } from '../../src/contracts/channels.ts';
import type { AgentView, MessageView } from '../../src/contracts/channels.ts';
import { createThoughtSplitter } from '../../src/io/agents/thought-splitter.ts';
import { promptOf } from '../../src/runtime/channels/prompt.ts';
import { ordinal } from '../../src/io/agents/waiting.ts';

const agent: AgentView = {
  ...AgentDraft.parse({ name: 'Helper', systemPrompt: 'Be brief.' }),
  id: 'helper',
  createdAt: 0,
  updatedAt: 0,
};
const said = (senderId: string, text: string, over: Partial<MessageView> = {}): MessageView => ({
  id: text,
  channelId: 'one',
  serverId: 'server',
  senderId,
  senderName: senderId.charAt(0).toUpperCase() + senderId.slice(1),
  text,
  createdAt: 0,
  source: senderId === 'helper' ? 'agent' : 'client',
  clientMessageId: null,
  inReplyToMessageId: null,
  attachments: [],
  metadata: {},
  thought: null,
  actions: [],
  ...over,
});
const talk = [said('ana', 'Hello'), said('helper', 'Good day.'), said('ben', 'Tea?'), said('ana', 'Or coffee?')];
const prompt = (over: Partial<Parameters<typeof promptOf>[0]> = {}) =>
  promptOf({ agent, isDm: true, messages: talk, seesImages: false, characters: 10_000, ...over });

describe('what a model is given of a channel', () => {
  it('are the instructions and the messages, in roles that take turns', () => {
    expect(prompt().messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Good day.' },
      { role: 'user', content: 'Tea?\nOr coffee?' },
    ]);
  });

  it('names who speaks in a group, and says who it is', () => {
    const { messages } = prompt({ isDm: false });
    expect(messages.at(-1)).toEqual({ role: 'user', content: 'Ben: Tea?\nAna: Or coffee?' });
    expect(messages[0]?.content).toMatch(/^Be brief\.\n\nYou are Helper in a group chat/);
  });

  it('is as much as fits, the newest first, and never begins with an answer', () => {
    const fewer = prompt({ characters: 130 });
    expect(fewer.messages.map(({ content }) => content)).toEqual(['Be brief.', 'Tea?\nOr coffee?']);
    expect(fewer.length).toBeLessThanOrEqual(130);
    expect(fewer.kept).toBe(2);
  });

  it('holds the end of a last message that is too long by itself', () => {
    const { messages } = prompt({ messages: [said('ana', `${'long '.repeat(100)}end?`)], characters: 100 });
    expect(messages.at(-1)?.content).toMatch(/^[long ]{1,55}end\?$/);
  });

  it('leaves out why earlier answers failed, and remembers no more than the agent shall', () => {
    const failed = said('helper', 'I could not answer: x.', { metadata: { failure: { code: 'X', message: 'x.' } } });
    expect(JSON.stringify(prompt({ messages: [...talk, failed] }).messages)).not.toContain('could not');
    const { messages } = prompt({ agent: { ...agent, memoryMessages: 1 } });
    expect(messages.map(({ content }) => content)).toEqual(['Be brief.', 'Or coffee?']);
  });

  it('shows pictures to a model that sees, and tells any other that there are some', () => {
    const withPicture = [
      said('ana', 'Look', { attachments: [{ url: 'data:image/png;base64,AA==', type: 'image/png' }] }),
    ];
    expect(prompt({ messages: withPicture, seesImages: true }).messages.at(-1)?.content).toEqual([
      { type: 'text', text: 'Look' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
    ]);
    expect(prompt({ messages: withPicture }).messages.at(-1)?.content).toBe('Look\n[1 attachment that you cannot see]');
  });
});

describe('what a model thinks', () => {
  const split = (pieces: string[]): [string, string] => {
    const splitter = createThoughtSplitter();
    const all = [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.end()];
    const of = (thought: boolean): string =>
      all.flatMap((piece) => (piece.thought === thought ? [piece.text] : [])).join('');
    return [of(true), of(false)];
  };
  it.each([
    ['<think>Hm.</think>Yes.', 'Hm.', 'Yes.'],
    ['\n<think>\nHm.\n</think>\n\nYes.', '\nHm.\n', 'Yes.'],
    ['Yes.', '', 'Yes.'],
    ['<b>Yes</b> <think>no</think>', '', '<b>Yes</b> <think>no</think>'],
    ['<think>never ends', 'never ends', ''],
    ['<thi', '', '<thi'],
    ['a < b', '', 'a < b'],
    ['<think>a</thin b</think>c', 'a</thin b', 'c'],
  ])('%j is told apart wherever it is cut', (text, thought, answer) => {
    expect(split([text])).toEqual([thought, answer]);
    expect(split(text.split(''))).toEqual([thought, answer]);
    for (let at = 0; at <= text.length; at += 1)
      expect(split([text.slice(0, at), text.slice(at)])).toEqual([thought, answer]);
  });
});

it.each([
  [1, '1st'],
  [2, '2nd'],
  [3, '3rd'],
  [4, '4th'],
  [11, '11th'],
  [22, '22nd'],
])('%d is said as %s', (n, word) => expect(ordinal(n)).toBe(word));
