import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  NINE,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  ZERO,
  SCALAR,
  indexOr,
  isEscape,
  isScalarByte,
  isSpace,
  unescapeText,
} from './json-bytes.ts';
import { NESTED } from './body-scan.ts';
import type { BodyScan, Scanned } from './body-scan.ts';

const MAX_DEPTH = 10_000;
/** Longest name or value that is kept; no field that is looked for is longer. */
const MAX_CAPTURE = 4096;
type State =
  | 'start'
  | 'value'
  | 'valueOrEnd'
  | 'key'
  | 'keyOrEnd'
  | 'colon'
  | 'after'
  | 'string'
  | 'escape'
  | 'scalar'
  | 'done'
  | 'invalid';

/**
 * Looks for a few fields of a JSON object while its bytes arrive, so that a request can be routed before its body is complete
 * and without ever being parsed. It checks the structure and the scalars; the inside of strings (control characters, hex
 * digits) is left to the engine, which parses the body anyway. Of a repeated key the first counts.
 */
export class JsonScan implements BodyScan {
  /** The wanted fields seen so far. */
  readonly found = new Map<string, Scanned>();
  /** What is wrong with the JSON, as the end of a sentence; null while it is fine. */
  problem: string | null = null;
  readonly format = 'JSON';
  readonly remedy = 'Send one JSON object';

  readonly #wanted: readonly string[];
  #state: State = 'start';
  /** One entry per open bracket: true for an object. */
  readonly #stack: boolean[] = [];
  #field: string | null = null;
  #stringIsKey = false;
  #capturing = false;
  #captured: Buffer[] = [];
  #capturedBytes = 0;
  #digitsOnly = false;
  #offset = 0;

  constructor(wanted: readonly string[]) {
    this.#wanted = wanted;
  }

  /** True when nothing more can be learnt: every field is known, or the JSON is broken. */
  get settled(): boolean {
    return this.#state === 'invalid' || this.found.size === this.#wanted.length;
  }

  /** The body is over. */
  end(): void {
    if (this.#state === 'done' || this.#state === 'invalid') return;
    this.#break(this.#offset === 0 ? 'it is empty' : `it ends too early, after ${this.#offset} bytes`);
  }

  feed(chunk: Buffer): void {
    const length = chunk.length;
    // Next quote and next backslash at or after `i`; both are looked up lazily, so every byte is searched once for each.
    let quote = -1;
    let slash = -1;
    let from = 0;
    let i = 0;
    while (i < length && this.#state !== 'invalid') {
      if (this.#state === 'string') {
        if (quote < i) quote = indexOr(chunk, QUOTE, i, length);
        if (slash < i) slash = indexOr(chunk, BACKSLASH, i, length);
        if (slash < quote) {
          this.#state = 'escape';
          i = slash + 1;
        } else if (quote < length) {
          this.#endString(this.#textUpTo(chunk, from, quote));
          i = quote + 1;
        } else {
          i = length;
        }
        continue;
      }
      const byte = chunk[i] ?? 0;
      if (this.#state === 'escape') {
        if (!isEscape(byte)) this.#unexpected(i);
        else this.#state = 'string';
        i++;
        continue;
      }
      if (this.#state === 'scalar') {
        if (isScalarByte(byte)) {
          if (byte < ZERO || byte > NINE) this.#digitsOnly = false;
          i++;
          continue;
        }
        this.#endScalar(this.#textUpTo(chunk, from, i), i);
        continue;
      }
      if (!isSpace(byte)) {
        this.#token(byte, i);
        from = (this.#state as State) === 'string' ? i + 1 : i;
      }
      i++;
    }
    if (this.#state === 'string' || this.#state === 'escape' || this.#state === 'scalar')
      this.#capture(chunk, from, length);
    this.#offset += length;
  }

  /** A byte that is neither space nor inside a string or scalar. */
  #token(byte: number, at: number): void {
    switch (this.#state) {
      case 'start':
        if (byte === OPEN_OBJECT) return this.#open(true, at);
        return this.#break('it must be an object');
      case 'keyOrEnd':
        if (byte === CLOSE_OBJECT) return this.#close(true, at);
        return this.#key(byte, at);
      case 'key':
        return this.#key(byte, at);
      case 'colon':
        if (byte !== COLON) return this.#unexpected(at);
        this.#state = 'value';
        return;
      case 'valueOrEnd':
        if (byte === CLOSE_ARRAY) return this.#close(false, at);
        return this.#value(byte, at);
      case 'value':
        return this.#value(byte, at);
      case 'after':
        if (byte === COMMA) {
          this.#state = this.#stack.at(-1) === true ? 'key' : 'value';
          return;
        }
        if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) return this.#close(byte === CLOSE_OBJECT, at);
        return this.#unexpected(at);
      default:
        return this.#unexpected(at);
    }
  }

  #key(byte: number, at: number): void {
    if (byte !== QUOTE) return this.#unexpected(at);
    this.#beginCapture(this.#stack.length === 1);
    this.#stringIsKey = true;
    this.#state = 'string';
  }

  #value(byte: number, at: number): void {
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      this.#keep(NESTED);
      return this.#open(byte === OPEN_OBJECT, at);
    }
    if (byte === QUOTE) {
      this.#beginCapture(this.#field !== null);
      this.#stringIsKey = false;
      this.#state = 'string';
      return;
    }
    if (!isScalarByte(byte)) return this.#unexpected(at);
    // A plain whole number needs no second look; anything else is checked as text.
    this.#digitsOnly = this.#field === null && byte > ZERO && byte <= NINE;
    this.#beginCapture(true);
    this.#state = 'scalar';
  }

  #open(isObject: boolean, at: number): void {
    if (this.#stack.length >= MAX_DEPTH)
      return this.#break(`it is nested deeper than ${MAX_DEPTH} levels at byte ${this.#offset + at}`);
    this.#stack.push(isObject);
    this.#state = isObject ? 'keyOrEnd' : 'valueOrEnd';
  }

  #close(isObject: boolean, at: number): void {
    if (this.#stack.pop() !== isObject) return this.#unexpected(at);
    this.#state = this.#stack.length === 0 ? 'done' : 'after';
  }

  #endString(text: string | null): void {
    if (!this.#stringIsKey) {
      this.#state = 'after';
      if (this.#field !== null) this.#decode(text);
      return;
    }
    this.#state = 'colon';
    if (this.#stack.length !== 1) return;
    const name = text?.includes('\\') ? unescapeText(text) : text;
    this.#field = name !== null && this.#wanted.includes(name) && !this.found.has(name) ? name : null;
  }

  #decode(text: string | null): void {
    if (text === null) return this.#break(`its "${this.#field ?? ''}" is longer than ${MAX_CAPTURE} bytes`);
    const value = unescapeText(text);
    if (value === null) return this.#break(`its "${this.#field ?? ''}" is not a valid string`);
    this.#keep(value);
  }

  #endScalar(text: string | null, at: number): void {
    this.#state = 'after';
    if (this.#digitsOnly) return;
    if (text === null || !SCALAR.test(text)) return this.#unexpected(at);
    if (this.#field !== null) this.#keep(JSON.parse(text) as number | boolean | null);
  }

  #keep(value: Scanned): void {
    if (this.#field === null) return;
    this.found.set(this.#field, value);
    this.#field = null;
  }

  #beginCapture(wanted: boolean): void {
    this.#capturing = wanted;
    this.#captured = [];
    this.#capturedBytes = 0;
  }

  #capture(chunk: Buffer, from: number, to: number): void {
    if (!this.#capturing || to <= from || this.#capturedBytes > MAX_CAPTURE) return;
    this.#capturedBytes += to - from;
    this.#captured.push(chunk.subarray(from, to));
  }

  /** The captured text, which ends in this chunk, or null when nothing was captured or it was too long. */
  #textUpTo(chunk: Buffer, from: number, to: number): string | null {
    if (!this.#capturing) return null;
    // Mostly all of it lies in one chunk, and small texts are cheaper without a Buffer of their own.
    if (this.#captured.length === 0) return to - from > MAX_CAPTURE ? null : chunk.toString('utf8', from, to);
    this.#capture(chunk, from, to);
    const text = this.#capturedBytes <= MAX_CAPTURE ? Buffer.concat(this.#captured).toString('utf8') : null;
    this.#captured = [];
    return text;
  }

  #unexpected(at: number): void {
    this.#break(`there is an unexpected character at byte ${this.#offset + at}`);
  }

  #break(problem: string): void {
    this.#state = 'invalid';
    this.problem = problem;
    this.#captured = [];
  }
}
