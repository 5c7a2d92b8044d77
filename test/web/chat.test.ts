/** The chat's reducers: requests, stream, markdown, titles. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { asMarkdown, apiMessages, apiSampling } from '../../web/pages/chat/requests.ts';
import { chatModels, readsImages, usualModel } from '../../web/pages/chat/models.ts';
import { blocksOf, safeLink } from '../../web/pages/chat/markdown-blocks.ts';
import { highlight } from '../../web/pages/chat/highlight.ts';
import { sseEvents } from '../../web/pages/chat/sse.ts';
import { statsFrom, streamChat } from '../../web/pages/chat/stream.ts';
import type { ChatDelta } from '../../web/pages/chat/stream.ts';
import { statsText } from '../../web/pages/chat/stats-text.ts';
import { newConversation, newMessage, NO_SAMPLING, titleOf } from '../../web/pages/chat/types.ts';
import { aModel, metadata } from '../browser/fixture-models.ts';

const bodyOf = (parts: readonly string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });

const collect = async (parts: readonly string[]): Promise<string[]> => {
  const all: string[] = [];
  for await (const data of sseEvents(bodyOf(parts))) all.push(data);
  return all;
};

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('an event stream', () => {
  it('is read across any cut, without comments', async () => {
    expect(await collect([': waiting\n\ndata: {"a"', ':1}\n', '\ndata: [DONE]\r\n\r\n'])).toEqual([
      '{"a":1}',
      '[DONE]',
    ]);
    expect(await collect(['data: one\ndata: two\n\n', 'data: unfinished'])).toEqual(['one\ntwo']);
  });
});

describe('an answer', () => {
  const request = { model: 'm', messages: [], sampling: NO_SAMPLING, signal: new AbortController().signal };
  const stub = (parts: readonly string[], status = 200): void => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(bodyOf(parts), { status })));
  };
  const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;
  const delta = (parts: object, finish: string | null = null) =>
    event({ choices: [{ delta: parts, finish_reason: finish }] });

  it('arrives piece by piece, thoughts apart, with the engine’s measurements', async () => {
    stub([
      delta({ reasoning_content: 'Hm.' }),
      delta({ content: 'Hel' }),
      delta({ content: 'lo' }, 'stop'),
      event({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 2 }, timings: { predicted_per_second: 50 } }),
      'data: [DONE]\n\n',
    ]);
    const deltas: ChatDelta[] = [];
    const stats = await streamChat(request, (one) => deltas.push(one));
    expect(deltas.map(({ content }) => content).join('')).toBe('Hello');
    expect(deltas.map(({ reasoning }) => reasoning).join('')).toBe('Hm.');
    expect(stats).toMatchObject({ promptTokens: 9, tokens: 2, tokensPerSecond: 50 });
  });

  it('that breaks off says why', async () => {
    stub([delta({ content: 'Hel' }), event({ error: { message: 'The model crashed.' } })]);
    await expect(streamChat(request, () => undefined)).rejects.toThrow('The model crashed.');
    stub([delta({ content: 'Hel' })]);
    await expect(streamChat(request, () => undefined)).rejects.toThrow('The connection ended before the answer did.');
  });

  it('that is refused carries the server’s sentence', async () => {
    stub(['{"error":{"message":"It does not fit."}}'], 507);
    await expect(streamChat(request, () => undefined)).rejects.toThrow('It does not fit.');
    stub(['Bad gateway'], 502);
    await expect(streamChat(request, () => undefined)).rejects.toThrow('Bad gateway');
  });

  it('is measured from here where the engine says nothing', () => {
    const none = { timings: null, usage: null };
    expect(statsFrom(none, { tokens: 11, firstTokenMs: 100, totalMs: 1100 })).toMatchObject({
      tokens: 11,
      tokensPerSecond: 10,
    });
    expect(statsFrom(none, { tokens: 0, firstTokenMs: null, totalMs: 5 })).toMatchObject({ tokensPerSecond: null });
    const stats = { promptTokens: 1, tokens: 212, tokensPerSecond: 41.75, firstTokenMs: 840, totalMs: 6240 };
    expect(statsText(stats)).toBe('41.8\u00a0tokens/s · 212\u00a0tokens · first after 840\u00a0ms · 6.2\u00a0s');
  });
});

describe('a request', () => {
  it('holds the system prompt, images and whole answers, and only the sampling that was chosen', () => {
    const messages = [
      newMessage('user', { content: 'Look', images: ['data:image/png;base64,AA'] }),
      newMessage('assistant', { error: 'Out of memory' }),
      newMessage('user', { content: 'Again' }),
    ];
    expect(apiMessages(' Be brief. ', messages)).toEqual([
      { role: 'system', content: ' Be brief. ' },
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } },
          { type: 'text', text: 'Look' },
        ],
      },
      { role: 'user', content: 'Again' },
    ]);
    expect(apiMessages('', [])).toEqual([]);
    const sound = { name: 'a.mp3', url: 'data:audio/mpeg;base64,QUI=', format: 'mp3' } as const;
    expect(apiMessages('', [newMessage('user', { sounds: [sound], files: [{ name: 'x', text: 'y' }] })])).toEqual([
      {
        role: 'user',
        content: [
          { type: 'input_audio', input_audio: { data: 'QUI=', format: 'mp3' } },
          { type: 'text', text: 'x:\n```\ny\n```' },
        ],
      },
    ]);
    expect(apiSampling({ ...NO_SAMPLING, temperature: 0, top_k: 40 })).toEqual({ temperature: 0, top_k: 40 });
  });
});

describe('a conversation', () => {
  it('is called by its first words until it has a name', () => {
    const conversation = newConversation('m');
    expect(titleOf(conversation)).toBe('New conversation');
    conversation.messages.push(newMessage('user', { content: `${'word '.repeat(30)}\nmore` }));
    expect(titleOf(conversation)).toMatch(/^word word.{40,}…$/);
    expect(titleOf({ ...conversation, title: 'Mine' })).toBe('Mine');
    expect(titleOf({ title: '', messages: [newMessage('user', { images: ['x'] })] })).toBe('About an image');
  });

  it('is exported as a document', () => {
    const conversation = newConversation('m');
    conversation.system = 'Be brief.';
    conversation.messages.push(
      newMessage('user', { content: 'Hi' }),
      newMessage('assistant', { content: 'Yo', model: 'm' }),
    );
    expect(asMarkdown(conversation, () => 'Model M')).toBe('# Hi\n\n> Be brief.\n\n## You\n\nHi\n\n## Model M\n\nYo\n');
  });
});

describe('models to talk to', () => {
  const models = [
    aModel('z-unloaded'),
    aModel('loaded', { state: 'loaded' }),
    aModel('embed', { metadata: metadata({ outputModalities: ['embedding'] }) }),
    aModel('broken', { problem: 'cut off' }),
    aModel('eyes', { metadata: metadata({ inputModalities: ['text', 'image'] }) }),
  ];

  it('answer in text, the loaded ones first', () => {
    expect(chatModels(models).map(({ id }) => id)).toEqual(['loaded', 'eyes', 'z-unloaded']);
    expect(models.filter(readsImages).map(({ id }) => id)).toEqual(['eyes']);
    expect(readsImages(null)).toBe(false);
  });

  it('are the conversation’s own, else the last, else one that is loaded', () => {
    const able = chatModels(models);
    expect(usualModel(able, 'eyes', 'z-unloaded')?.id).toBe('eyes');
    expect(usualModel(able, 'gone', 'z-unloaded')?.id).toBe('z-unloaded');
    expect(usualModel(able, null, null)?.id).toBe('loaded');
    expect(usualModel([], null, null)).toBeNull();
  });
});

describe('code', () => {
  it('is taken apart into pieces that make the same text', () => {
    const code = 'const a = `x ${b}`; // é <b>';
    const pieces = highlight(code, 'js') ?? [];
    expect(pieces.map(({ text }) => text).join('')).toBe(code);
    expect(pieces).toContainEqual({ text: 'const', scope: 'hljs-keyword' });
    expect(pieces.at(-1)).toEqual({ text: '// é <b>', scope: 'hljs-comment' });
    expect(highlight('echo hi', 'console')).not.toBeNull();
    expect(highlight('qapla', 'klingon')).toBeNull();
  });
});

describe('markdown', () => {
  it('keeps blocks that did not change while the answer grows', () => {
    const before = blocksOf('# Title\n\nFirst.\n\nSec');
    const after = blocksOf('# Title\n\nFirst.\n\nSecond');
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(after).toHaveLength(3);
  });

  it.each([
    ['https://example.org/x', 'https://example.org/x'],
    ['mailto:ana@example.org', 'mailto:ana@example.org'],
    ['javascript:alert(1)', null],
    [' JavaScript:alert(1)', null],
    ['data:text/html,x', null],
    ['/local/path', null],
    ['vbscript:x', null],
  ])('links to %s: %s', (href, wanted) => {
    expect(safeLink(href)).toBe(wanted);
  });
});
