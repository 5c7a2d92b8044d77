import type { BodyScan, Scanned } from './body-scan.ts';

/** Longest value that is kept, and longest head of a part; what is looked for is shorter. */
const MAX_VALUE = 4096;
const MAX_PART_HEAD = 16 * 1024;
const MAX_BOUNDARY = 70;

const BOUNDARY = /;\s*boundary=(?:"([^"\r\n]{1,200})"|([^\s;]{1,200}))/i;
const FIELD_NAME = /^content-disposition:[^\r\n]*;\s*name=(?:"([^"\r\n]*)"|([^\s;]+))/im;

/** The boundary of a multipart form, or null when the body is something else. */
export const boundaryOf = (contentType: string | undefined): string | null => {
  if (contentType === undefined || !/^\s*multipart\/form-data\b/i.test(contentType)) return null;
  const match = BOUNDARY.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  return boundary !== undefined && boundary.length <= MAX_BOUNDARY ? boundary : null;
};

type State = 'preamble' | 'delimiter' | 'head' | 'content' | 'done' | 'invalid';

/**
 * Looks for a few fields of a multipart form (RFC 7578) while its bytes arrive. Files are skipped by searching for the next
 * delimiter, and of what was searched only the bytes are kept that could be the beginning of one: the size of an upload does not
 * matter. Of a repeated field the first counts.
 */
export class FormScan implements BodyScan {
  readonly found = new Map<string, Scanned>();
  problem: string | null = null;
  readonly format = 'a multipart form';
  readonly remedy = 'Send multipart/form-data with a "model" field';

  readonly #wanted: ReadonlySet<string>;
  readonly #delimiter: Buffer;
  #state: State = 'preamble';
  /** Bytes that were not understood yet. The first delimiter has no line before it, so one is imagined. */
  #rest = Buffer.from('\r\n');
  /** The wanted field whose value comes now. */
  #field: string | null = null;

  constructor(boundary: string, wanted: Iterable<string>) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    this.#wanted = new Set(wanted);
  }

  get settled(): boolean {
    return this.#state === 'done' || this.#state === 'invalid' || this.found.size === this.#wanted.size;
  }

  end(): void {
    if (this.#state !== 'done' && this.#state !== 'invalid') this.#break('it ends before its closing boundary');
  }

  feed(chunk: Buffer): void {
    if (this.settled) return;
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const next = this.#step(data);
      if (next === null) break;
      data = next;
    }
  }

  /** Takes one piece off the front and returns what is left, or keeps the front in `#rest` and returns null to wait for more. */
  #step(data: Buffer): Buffer | null {
    switch (this.#state) {
      case 'preamble':
      case 'content':
        return this.#skip(data);
      case 'delimiter':
        return this.#afterDelimiter(data);
      case 'head':
        return this.#head(data);
      case 'done':
      case 'invalid':
        this.#rest = Buffer.alloc(0);
        return null;
    }
  }

  #skip(data: Buffer): Buffer | null {
    const at = data.indexOf(this.#delimiter);
    if (at !== -1) {
      if (this.#state === 'content' && this.#field !== null) this.#keep(data.toString('utf8', 0, at));
      this.#state = 'delimiter';
      return data.subarray(at + this.#delimiter.length);
    }
    if (this.#field !== null) {
      if (data.length > MAX_VALUE + this.#delimiter.length)
        this.#break(`its "${this.#field}" is longer than ${MAX_VALUE} bytes`);
      return this.#wait(data);
    }
    return this.#wait(data.subarray(Math.max(0, data.length - this.#delimiter.length + 1)));
  }

  #afterDelimiter(data: Buffer): Buffer | null {
    const lineEnd = data.indexOf('\r\n');
    if (data.length >= 2 && data[0] === 0x2d && data[1] === 0x2d) {
      this.#state = 'done';
      return data;
    }
    if (lineEnd === -1) {
      if (data.length > MAX_PART_HEAD) this.#break('a boundary is not followed by a line end');
      return this.#wait(data);
    }
    this.#state = 'head';
    // The line end stays: a part without any header is then an empty line, too.
    return data.subarray(lineEnd);
  }

  #head(data: Buffer): Buffer | null {
    const end = data.indexOf('\r\n\r\n');
    if (end === -1) {
      if (data.length > MAX_PART_HEAD) this.#break('the headers of a part do not end');
      return this.#wait(data);
    }
    const match = FIELD_NAME.exec(data.toString('utf8', 0, end));
    const name = match?.[1] ?? match?.[2];
    this.#field = name !== undefined && this.#wanted.has(name) && !this.found.has(name) ? name : null;
    this.#state = 'content';
    // The empty line's end may be the beginning of the delimiter, when the value is empty.
    return data.subarray(end + 2);
  }

  #keep(text: string): void {
    if (this.#field === null) return;
    // The line end that belonged to the head.
    const value = text.startsWith('\r\n') ? text.slice(2) : text;
    this.found.set(this.#field, value === 'true' ? true : value === 'false' ? false : value);
    this.#field = null;
  }

  #wait(rest: Buffer): null {
    // A copy: a slice would keep the whole chunk in memory.
    this.#rest = this.#state === 'invalid' ? Buffer.alloc(0) : Buffer.from(rest);
    return null;
  }

  #break(problem: string): void {
    this.#state = 'invalid';
    this.problem = problem;
  }
}
