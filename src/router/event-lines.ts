const LINE_END = 0x0a;
const PREFIX = 'data:';
/** Longest line that is read; an engine's are far shorter. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Takes an event stream apart into what stands behind `data:`, whatever way its bytes were cut. */
export class EventLines {
  #rest: Buffer[] = [];
  #restBytes = 0;

  /** The data of the lines that are complete now. Throws when one is longer than 16 MB. */
  feed(chunk: Buffer): string[] {
    const found: string[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LINE_END); at !== -1; at = chunk.indexOf(LINE_END, from)) {
      const line = Buffer.concat([...this.#rest, chunk.subarray(from, at)]).toString('utf8');
      this.#rest = [];
      this.#restBytes = 0;
      from = at + 1;
      if (line.startsWith(PREFIX)) found.push(line.slice(PREFIX.length).trim());
    }
    if (from < chunk.length) {
      this.#rest.push(chunk.subarray(from));
      this.#restBytes += chunk.length - from;
      if (this.#restBytes > MOST_BYTES) throw new Error('a line of the event stream is too long');
    }
    return found;
  }
}
