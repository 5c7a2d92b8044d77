import { request } from 'node:http';
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';

export interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
  /** True when the response ended properly. */
  complete: boolean;
}

export interface Sent {
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer | object;
}

const bytesOf = (body: Sent['body']): string | Buffer | undefined =>
  body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);

const collect = (res: IncomingMessage, status: number): Promise<Reply> =>
  new Promise((resolve) => {
    let text = '';
    res.setEncoding('utf8');
    res.on('data', (part: string) => (text += part));
    res.on('error', () => undefined);
    res.on('close', () => resolve({ status, headers: res.headers, text, complete: res.complete }));
  });

/** One request on a connection of its own, read to its end, however that comes. */
export const call = (url: string, { method, headers, body }: Sent = {}): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const bytes = bytesOf(body);
    const req = request(url, { method: method ?? (bytes === undefined ? 'GET' : 'POST'), agent: false, headers });
    req.on('response', (res) => void collect(res, res.statusCode ?? 0).then(resolve));
    req.on('error', reject);
    req.end(bytes);
  });

export const chat = (url: string, body: object): Promise<Reply> => call(`${url}/v1/chat/completions`, { body });

/** The `error` object of an answer in OpenAI's shape. */
export const errorOf = (reply: Reply): { message: string; type: string; code: string } =>
  (JSON.parse(reply.text) as { error: { message: string; type: string; code: string } }).error;

export interface OpenStream {
  req: ClientRequest;
  res: IncomingMessage;
  /** What has arrived so far. */
  text(): string;
  /** Resolves when the response is over, well or badly. */
  over: Promise<Reply>;
}

/** Starts a request and returns as soon as its headers are there. */
export const open = (url: string, body: object, headers: Record<string, string> = {}): Promise<OpenStream> =>
  new Promise((resolve, reject) => {
    const req = request(url, { method: 'POST', agent: false, headers });
    req.on('error', reject);
    req.on('response', (res) => {
      let text = '';
      res.on('data', (part: Buffer) => (text += part.toString()));
      const over = new Promise<Reply>((done) => {
        res.on('error', () => undefined);
        res.on('close', () =>
          done({ status: res.statusCode ?? 0, headers: res.headers, text, complete: res.complete }),
        );
      });
      resolve({ req, res, text: () => text, over });
    });
    req.end(JSON.stringify(body));
  });
