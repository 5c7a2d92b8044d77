import type { IncomingMessage } from 'node:http';
import type { CapturedBody, CapturedRequest } from '../contracts/ipc.ts';

/** Headers that hold what must never be shown. */
const SECRET = /^(?:authorization|proxy-authorization|cookie|set-cookie|(?:.*[-_])?(?:api[-_]?key|token|secret))$/i;
const HIDDEN = '[hidden]';

type Headers = Record<string, string | string[] | undefined>;

const shown = (headers: Headers): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, SECRET.test(name) ? HIDDEN : String(value)]],
    ),
  );

/** The beginning of a body, and how long it was. */
class Beginning {
  readonly #most: number;
  #parts: Buffer[] = [];
  #kept = 0;
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#kept >= this.#most) return;
    // A copy: the chunk may be a small part of a large buffer, which would be kept with it.
    const part = Buffer.from(chunk.subarray(0, this.#most - this.#kept));
    this.#kept += part.length;
    this.#parts.push(part);
  }

  taken(headers: Headers): CapturedBody {
    return { headers: shown(headers), body: Buffer.concat(this.#parts, this.#kept), bytes: this.#bytes };
  }
}

/** What goes by of one request, while capturing is switched on. */
export class Capture {
  readonly #id: string;
  readonly #route: string;
  readonly #req: IncomingMessage;
  readonly #in: Beginning;
  readonly #out: Beginning;
  #answered: { status: number; headers: Headers } | null = null;

  constructor(id: string, route: string, req: IncomingMessage, mostBytes: number) {
    this.#id = id;
    this.#route = route;
    this.#req = req;
    this.#in = new Beginning(mostBytes);
    this.#out = new Beginning(mostBytes);
  }

  request(chunk: Buffer): void {
    this.#in.push(chunk);
  }

  answered(status: number, headers: Headers): void {
    this.#answered = { status, headers };
  }

  response(chunk: Buffer): void {
    this.#out.push(chunk);
  }

  taken(at: number): CapturedRequest {
    return {
      id: this.#id,
      at,
      route: this.#route,
      request: this.#in.taken(this.#req.headers),
      response: this.#answered && { status: this.#answered.status, ...this.#out.taken(this.#answered.headers) },
    };
  }
}
