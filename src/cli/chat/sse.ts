export interface SseEvent {
  /** "message" unless the stream names another one. */
  event: string;
  data: string;
}

/** Splits complete lines off a text; a final CR is kept back because an LF may follow in the next chunk. */
const takeLines = (text: string): { lines: string[]; rest: string } => {
  const lines: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i];
    if (char !== '\n' && char !== '\r') continue;
    if (char === '\r' && i === text.length - 1) break;
    lines.push(text.slice(start, i));
    if (char === '\r' && text[i + 1] === '\n') i += 1;
    start = i + 1;
  }
  return { lines, rest: text.slice(start) };
};

/**
 * Parses a `text/event-stream` body (https://html.spec.whatwg.org/multipage/server-sent-events.html). Comments and the fields `id`
 * and `retry` are skipped; an event without its closing blank line is dropped, as the standard asks. `onBytes` is called for every
 * chunk, comments included, so that a caller can tell a slow stream from a dead one.
 */
export async function* parseSse(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: () => void = () => undefined,
): AsyncGenerator<SseEvent, void, undefined> {
  const decoder = new TextDecoder('utf-8');
  let buffer = '';
  let event = '';
  let data: string[] = [];
  for await (const chunk of chunks) {
    onBytes();
    const { lines, rest } = takeLines(buffer + decoder.decode(chunk, { stream: true }));
    buffer = rest;
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { event: event === '' ? 'message' : event, data: data.join('\n') };
        event = '';
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const field = colon === -1 ? line : line.slice(0, colon);
      const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'data') data.push(value);
      else if (field === 'event') event = value;
    }
  }
}
