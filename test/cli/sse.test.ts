import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSse } from '../../src/cli/chat/sse.ts';
import type { SseEvent } from '../../src/cli/chat/sse.ts';

async function* chunked(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.min(cut, bytes.length);
    yield await Promise.resolve(bytes.slice(from, to));
    from = to;
  }
  yield bytes.slice(from);
}

const parse = async (text: string, cuts: readonly number[] = []): Promise<SseEvent[]> => {
  const events: SseEvent[] = [];
  for await (const event of parseSse(chunked(new TextEncoder().encode(text), cuts))) events.push(event);
  return events;
};
const data = async (text: string): Promise<string[]> => (await parse(text)).map((event) => event.data);

describe('event streams', () => {
  it('joins data lines and takes at most one blank after the colon', async () => {
    expect(await data('data: a\ndata:b\ndata:  c\n\n')).toEqual(['a\nb\n c']);
  });

  it('knows the three line ends', async () => {
    expect(await data('data: a\r\n\r\ndata: b\r\rdata: c\n\n')).toEqual(['a', 'b', 'c']);
  });

  it('skips comments, unknown fields and events without data', async () => {
    expect(await parse(': ping\n\nid: 3\nretry: 5\n\nevent: error\ndata: x\n\ndata\n\n')).toEqual([
      { event: 'error', data: 'x' },
      { event: 'message', data: '' },
    ]);
  });

  it('drops an event that was cut off', async () => {
    expect(await data('data: a\n\ndata: b\n')).toEqual(['a']);
  });

  it('ignores a byte order mark', async () => {
    expect(await data('\uFEFFdata: a\n\n')).toEqual(['a']);
  });

  it('reports every chunk, comments included', async () => {
    let chunks = 0;
    const stream = parseSse(chunked(new TextEncoder().encode(': a\n: b\n'), [4]), () => (chunks += 1));
    for await (const event of stream) expect(event).toBeUndefined();
    expect(chunks).toBe(2);
  });

  it('is the same however the bytes are cut', async () => {
    const text = 'data: Grüße 😀\r\n\r\n: ping\revent: x\rdata: 漢\r\rdata: [DONE]\n\n';
    const whole = await parse(text);
    expect(whole).toHaveLength(3);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 80 }), { maxLength: 20 }), async (cuts) => {
        expect(await parse(text, cuts)).toEqual(whole);
      }),
    );
  });
});
