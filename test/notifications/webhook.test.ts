/** Deliveries to a webhook: signed, tried again, bounded, and ended with the server. */
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { NotificationView } from '../../src/contracts/notifications.ts';
import { createWebhookSender } from '../../src/runtime/notifications/webhook.ts';
import type { WebhookSender } from '../../src/runtime/notifications/webhook.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`;
const notification: NotificationView = {
  id: 'n1',
  type: 'warning',
  title: 'alpha crashed',
  message: 'Tee — it is started again.',
  timestamp: '2030-01-01T00:00:00.000Z',
  userId: null,
  count: 1,
  read: false,
};

let receiver: Server;
let url: string;
let hits: { headers: IncomingHttpHeaders; body: string; path: string }[];
let answers: ((response: ServerResponse) => void)[];
let sender: WebhookSender | null;
let said: string[];

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code, headers).end();

beforeEach(async () => {
  [hits, answers, said, sender] = [[], [], [], null];
  receiver = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      hits.push({ headers: request.headers, body, path: request.url ?? '' });
      (answers.shift() ?? status(204))(response);
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
afterEach(async () => {
  await sender?.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

const open = (over: { url?: () => string; pausesMs?: number[]; attemptMs?: number } = {}): WebhookSender => {
  const { pausesMs = [5, 5], attemptMs = 5000 } = over;
  sender = createWebhookSender({
    url: over.url ?? (() => url),
    secret: SECRET,
    policy: { attemptMs, pausesMs },
    log: (level, _source, message) => said.push(`${level} ${message}`),
    now: Date.now,
  });
  return sender;
};

it('is one post, signed so that the receiver’s library takes it, and nothing but it', async () => {
  open().deliver(notification);
  await expect.poll(() => sender?.view().delivered).toBe(1);
  const [{ headers, body } = { headers: {}, body: '' }] = hits;
  expect(headers['content-type']).toBe('application/json');
  const { read: _read, ...data } = notification;
  expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toEqual({
    type: 'notification',
    timestamp: notification.timestamp,
    data,
  });
  expect(() => new Webhook(SECRET).verify(body.replace('alpha', 'beta'), headers as Record<string, string>)).toThrow();
  expect(() => new Webhook('b3RoZXI=').verify(body, headers as Record<string, string>)).toThrow();
});

it('is tried again while that may help, under the same id, and then has succeeded', async () => {
  answers = [status(503), (response) => void response.destroy()];
  open().deliver(notification);
  await expect.poll(() => sender?.view().delivered).toBe(1);
  expect(hits.map(({ headers }) => headers['webhook-id'])).toEqual(['n1', 'n1', 'n1']);
  expect(sender?.view()).toMatchObject({ failed: 0, waiting: 0 });
});

it('fails after the last attempt, with the reason', async () => {
  answers = Array.from({ length: 9 }, () => status(500));
  open().deliver(notification);
  await expect.poll(() => sender?.view().failed).toBe(1);
  expect(hits).toHaveLength(3);
  expect(sender?.view()).toMatchObject({ delivered: 0, lastError: 'it answered 500 (attempt 3)' });
  expect(said).toEqual([expect.stringContaining('it answered 500') as string]);
});

it('is not tried again where that cannot help, and follows no redirect', async () => {
  answers = [status(400), status(302, { location: '/elsewhere' })];
  open().deliver(notification);
  await expect.poll(() => sender?.view().failed).toBe(1);
  sender?.deliver(notification);
  await expect.poll(() => sender?.view().failed).toBe(2);
  expect(hits.map(({ path }) => path)).toEqual(['/hook', '/hook']);
});

it('an address that answers nothing has a deadline', async () => {
  answers = [() => undefined];
  open({ attemptMs: 50, pausesMs: [] }).deliver(notification);
  await expect.poll(() => sender?.view().lastError).toBe('no answer within 0.05 s (attempt 1)');
});

it('nothing is delivered without an address, and taking it away ends what waits', async () => {
  let address = '';
  open({ url: () => address }).deliver(notification);
  expect(sender?.view()).toMatchObject({ url: null, waiting: 0 });
  address = url;
  answers = [
    (response) => {
      address = '';
      status(503)(response);
    },
  ];
  sender?.deliver(notification);
  await expect.poll(() => [hits.length, sender?.view().waiting]).toEqual([1, 0]);
  expect(sender?.view()).toMatchObject({ delivered: 0, failed: 0 });
});

it('the end of the server ends what waits, at once', async () => {
  answers = [status(503)];
  open({ pausesMs: [3_600_000] }).deliver(notification);
  await expect.poll(() => hits.length).toBe(1);
  await sender?.close();
  expect(sender?.view().waiting).toBe(0);
  expect(said).toEqual(['warn 1 notifications were not delivered to the webhook.']);
});

it('a receiver that is away for long is waited for by 200 at most', async () => {
  answers = Array.from({ length: 300 }, () => status(503));
  open({ pausesMs: [3_600_000] });
  for (let n = 0; n < 205; n++) sender?.deliver({ ...notification, id: `n${n}` });
  expect(sender?.view()).toMatchObject({ waiting: 200, failed: 5 });
});
