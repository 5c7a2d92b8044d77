/**
 * A Hugging Face hub on this machine, and the host that its files are redirected to: the API as `@huggingface/hub` asks it
 * (`/api/models/…/revision`, `/tree`), `resolve` with its headers, and ranges, validators and faults at the file host.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubRepoFixture {
  files: Record<string, Buffer>;
  gated?: boolean;
  /** Only visible with a token. */
  private?: boolean;
}

export interface Asked {
  host: 'hub' | 'files';
  path: string;
  range: string | null;
  ifRange: string | null;
  authorization: string | null;
  /** Bytes of the body that were handed to the connection. */
  sent: number;
}

export interface Faults {
  /** Cuts the next connections after this many bytes each, first come first. */
  cuts: number[];
  /** Answers to give before anything else: status and headers. */
  answers: { host: 'hub' | 'files'; status: number; headers?: Record<string, string> }[];
  /** Bytes per second and connection; null is as fast as it goes. */
  bytesPerSecond: number | null;
  /** Answers 200 with everything, whatever range is asked for. */
  ignoresRanges: boolean;
  /** Changes one byte of the next so many answers that hold the first byte of a file. */
  corruptions: number;
  /** Adds this to every validator: what the host says of the file when it has changed. */
  validatorSuffix: string;
  /** Names every answer differently, as mirrors behind one address do. */
  flickers: boolean;
  /** Sends headers, then nothing. */
  silent: boolean;
  /** Sends no ETag, only Last-Modified. */
  noEtag: boolean;
}

export interface HubServer {
  /** For HF_ENDPOINT. */
  url: string;
  filesUrl: string;
  repos: Map<string, HubRepoFixture>;
  asked: Asked[];
  faults: Faults;
  /** Bytes of file content sent so far. */
  sentBytes(): number;
  /** Resolves when the file host has begun so many answers. */
  downloadsBegun(count: number): Promise<void>;
  /** Plain address of a file, with no hub before it. */
  plainUrl(repo: string, file: string): string;
  close(): Promise<void>;
}

export const TOKEN = 'hf_testtoken';
const COMMIT = 'c'.repeat(40);

export const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** A file that passes for GGUF and is different for every seed. */
export const ggufBytes = (size: number, seed = 1): Buffer => {
  const content = Buffer.alloc(size);
  let state = seed * 2_654_435_761;
  for (let at = 0; at + 4 <= size; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    content.writeUInt32LE(state, at);
  }
  content.write('GGUF', 0, 'latin1');
  return content;
};

const header = (request: IncomingMessage, name: string): string | null => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
};

export const startHubServer = async (repos: Record<string, HubRepoFixture> = {}): Promise<HubServer> => {
  const known = new Map(Object.entries(repos));
  const asked: Asked[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const faults: Faults = {
    cuts: [],
    answers: [],
    bytesPerSecond: null,
    ignoresRanges: false,
    corruptions: 0,
    validatorSuffix: '',
    flickers: false,
    silent: false,
    noEtag: false,
  };

  const note = (host: Asked['host'], request: IncomingMessage): Asked => {
    const entry: Asked = {
      host,
      path: request.url ?? '',
      range: header(request, 'range'),
      ifRange: header(request, 'if-range'),
      authorization: header(request, 'authorization'),
      sent: 0,
    };
    asked.push(entry);
    const begun = asked.filter((each) => each.host === 'files').length;
    for (const wait of waiting.filter(({ count }) => count <= begun)) {
      waiting.splice(waiting.indexOf(wait), 1);
      wait.resolve();
    }
    return entry;
  };
  const scripted = (host: Asked['host'], response: ServerResponse): boolean => {
    const index = faults.answers.findIndex((answer) => answer.host === host);
    const [answer] = index === -1 ? [] : faults.answers.splice(index, 1);
    if (answer === undefined) return false;
    response.writeHead(answer.status, answer.headers).end('no');
    return true;
  };
  const refuse = (response: ServerResponse, status: number, code: string): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'x-error-code': code });
    response.end(JSON.stringify({ error: 'refused' }));
  };

  const hub = createServer((request, response) => {
    const entry = note('hub', request);
    if (scripted('hub', response)) return;
    const url = new URL(entry.path, 'http://hub');
    const parts = url.pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
    const api = parts[0] === 'api';
    const [owner, name, verb, , ...path] = api ? parts.slice(2) : parts;
    const repo = known.get(`${owner}/${name}`);
    const authorised = entry.authorization === `Bearer ${TOKEN}`;
    if (repo === undefined || (repo.private === true && !authorised)) {
      refuse(response, authorised ? 404 : 401, 'RepoNotFound');
    } else if (api && verb === 'revision') {
      json(response, {
        _id: '1',
        id: `${owner}/${name}`,
        sha: COMMIT,
        private: repo.private === true,
        gated: repo.gated === true ? 'manual' : false,
        downloads: 1,
        likes: 1,
        lastModified: '2026-01-01T00:00:00.000Z',
      });
    } else if (api && verb === 'tree') {
      json(
        response,
        Object.entries(repo.files).map(([file, content]) => ({
          type: 'file',
          path: file,
          size: content.length,
          oid: '0'.repeat(40),
          lfs: { oid: sha256(content), size: content.length, pointerSize: 135 },
        })),
      );
    } else if (verb === 'resolve') {
      const file = path.join('/');
      const content = repo.files[file];
      if (repo.gated === true && !authorised) refuse(response, 401, 'GatedRepo');
      else if (content === undefined) refuse(response, 404, 'EntryNotFound');
      else {
        response.writeHead(302, {
          location: `${filesUrl}/${owner}/${name}/${file}?signature=secret`,
          'x-linked-etag': `"${sha256(content)}"`,
          'x-linked-size': String(content.length),
          'x-repo-commit': COMMIT,
        });
        response.end();
      }
    } else refuse(response, 404, 'EntryNotFound');
  });

  const files = createServer((request, response) => {
    const entry = note('files', request);
    if (scripted('files', response)) return;
    const [owner, name, ...path] = new URL(entry.path, 'http://files').pathname
      .slice(1)
      .split('/')
      .map(decodeURIComponent);
    const original = known.get(`${owner}/${name}`)?.files[path.join('/')];
    if (original === undefined) {
      response.writeHead(404).end();
      return;
    }
    const etag = `"${sha256(original).slice(0, 16)}${faults.flickers ? asked.length : faults.validatorSuffix}"`;
    const modified = `Thu, 01 Jan 2026 00:00:0${faults.validatorSuffix.length} GMT`;
    const validator = faults.noEtag ? modified : etag;
    const fresh = entry.ifRange === null || entry.ifRange === validator;
    const range = /^bytes=(\d+)-(\d*)$/.exec(entry.range ?? '');
    const partial = range !== null && fresh && !faults.ignoresRanges;
    const start = partial ? Number(range[1]) : 0;
    const end = partial && range[2] !== '' ? Number(range[2]) + 1 : original.length;
    if (start >= original.length) {
      response.writeHead(416, { 'content-range': `bytes */${original.length}` }).end();
      return;
    }
    let body = original.subarray(start, Math.min(end, original.length));
    if (start === 0 && body.length > 1 && faults.corruptions > 0) {
      faults.corruptions -= 1;
      body = Buffer.from(body);
      body[body.length - 1] = (body.at(-1) ?? 0) ^ 0xff;
    }
    response.writeHead(partial ? 206 : 200, {
      'content-length': body.length,
      'last-modified': modified,
      ...(faults.noEtag ? {} : { etag }),
      ...(faults.ignoresRanges ? {} : { 'accept-ranges': 'bytes' }),
      ...(partial ? { 'content-range': `bytes ${start}-${start + body.length - 1}/${original.length}` } : {}),
    });
    response.flushHeaders();
    if (!faults.silent)
      send(entry, response, body, body.length > 1 ? (faults.cuts.shift() ?? null) : null, () => faults);
  });

  const listen = async (server: Server): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const url = await listen(hub);
  const filesUrl = await listen(files);
  return {
    url,
    filesUrl,
    repos: known,
    asked,
    faults,
    sentBytes: () => asked.reduce((sum, { sent }) => sum + sent, 0),
    downloadsBegun: (count) =>
      new Promise((resolve) => {
        if (asked.filter(({ host }) => host === 'files').length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    plainUrl: (repo, file) => `${filesUrl}/${repo}/${file}`,
    async close() {
      for (const server of [hub, files]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
};

const json = (response: ServerResponse, value: unknown): void => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
};

const CHUNK = 16 * 1024;

/** Sends a body in pieces, at the speed that is set at the moment, and breaks the connection where a cut is due. */
const send = (
  entry: Asked,
  response: ServerResponse,
  body: Buffer,
  cutAt: number | null,
  faults: () => Faults,
): void => {
  const most = cutAt === null ? body.length : Math.min(cutAt, body.length);
  const step = (): void => {
    if (response.destroyed) return;
    if (entry.sent >= most) {
      if (most < body.length) response.destroy();
      else response.end();
      return;
    }
    const speed = faults().bytesPerSecond;
    const size = Math.min(most - entry.sent, speed === null ? CHUNK : Math.max(1, Math.floor(speed / 20)));
    response.write(body.subarray(entry.sent, entry.sent + size), () => {
      if (speed === null) setImmediate(step);
      else setTimeout(step, 50);
    });
    entry.sent += size;
  };
  step();
};
