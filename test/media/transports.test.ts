/** Media over real sockets and HTTP: rows S08, S09, S22–S24, and what is served to whom. */
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Scope } from '../../src/contracts/keys.ts';
import type { Services } from '../../src/commands/services.ts';
import { createMemoryServices } from '../support/memory-services.ts';
import type { MemoryServices } from '../support/memory-services.ts';
import { startTransports } from '../support/server.ts';
import { connectClient, fence } from '../support/socket-client.ts';
import type { ConnectOptions, TestClient } from '../support/socket-client.ts';
import { openHarness } from './harness.ts';
import type { Harness } from './harness.ts';

let harness: Harness;
let memory: MemoryServices;
let server: Awaited<ReturnType<typeof startTransports>>;
const clients: TestClient[] = [];
const open = async (options: ConnectOptions = {}): Promise<TestClient> => {
  const client = await connectClient(server.url, { namespace: '/media', ...options });
  clients.push(client);
  return client;
};

beforeEach(async () => {
  harness = await openHarness();
  memory = createMemoryServices();
  const services: Services = {
    ...memory,
    media: harness.media,
    subscribe(listener) {
      const stops = [memory.subscribe(listener), harness.subscribe((changes) => listener(changes, 0))];
      return () => stops.forEach((stop) => stop());
    },
  };
  server = await startTransports({ services, keyring: memory.control.keys.ring, verify: memory.control.tokens.verify });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.close();
  await harness.close();
});

type Ack = { success: boolean; mediaId?: string; error?: string };
const generate = async (client: TestClient, params: Record<string, string> = {}): Promise<string> => {
  const reply = (await client.ack('media:generate', { tool: 'draw', prompt: 'a tree', params })) as Ack;
  expect(reply).toMatchObject({ success: true, mediaId: expect.stringMatching(/^[0-9a-f]{16}$/) as string });
  return reply.mediaId ?? '';
};
/** Everything of this kind that came about `id`, in order. */
const heard = (client: TestClient, id: string): string[] =>
  client.received
    .filter(({ payload }) => payload['mediaId'] === id && !('success' in payload))
    .map(({ event }) => event);

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}
const fetchRaw = (path: string, headers: Record<string, string> = {}, method = 'GET', body?: Buffer | string) =>
  new Promise<Answer>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: server.port, path, method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
const post = async (body: Buffer | string, headers: Record<string, string> = {}): Promise<string> => {
  const answer = await fetchRaw('/media?label=My%20text', headers, 'POST', body);
  expect(answer.status).toBe(201);
  return (JSON.parse(answer.body.toString()) as { data: { mediaId: string } }).data.mediaId;
};

describe('following media', () => {
  it('S08 S22 S23 a subscriber hears of progress that never goes back, then once of the end; others hear nothing', async () => {
    const [follower, maker, other] = [await open(), await open({ namespace: '/' }), await open()];
    const id = await generate(maker, { fault: 'backwards' });
    expect(await follower.ack('subscribeMedia', id)).toMatchObject({ success: true, mediaId: id });
    const complete = await follower.waitFor('mediaComplete');
    expect(complete).toMatchObject({
      mediaId: id,
      url: `/media/${id}`,
      metadata: { tool: 'draw', prompt: 'a tree', mime: 'image/png', kind: 'image', bytes: 70 },
    });
    const progress = follower.of('mediaProgress').map((payload) => payload['progress'] as number);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(100);
    expect(Math.min(...progress)).toBeGreaterThanOrEqual(0);
    for (const payload of follower.of('mediaProgress')) expect(typeof payload['stage']).toBe('string');
    expect(follower.of('mediaProgress').some(({ stage }) => stage === 'drawing')).toBe(true);
    await fence((message) => memory.logs.write('info', 'server', message), [maker]);
    expect(heard(follower, id).filter((event) => event !== 'mediaProgress')).toEqual(['mediaComplete']);
    expect(heard(maker, id).concat(heard(other, id))).toEqual([]);
  });

  it.each([
    ['crash', 'TOOL_FAILED'],
    ['no-output', 'NO_OUTPUT'],
  ])('S24 a tool with the fault %s ends in one mediaError %s', async (fault, code) => {
    const follower = await open();
    const id = await generate(follower, { fault });
    await follower.ack('subscribeMedia', id);
    expect(await follower.waitFor('mediaError')).toMatchObject({
      mediaId: id,
      code,
      error: expect.any(String) as string,
    });
    expect(heard(follower, id).filter((event) => event !== 'mediaProgress')).toEqual(['mediaError']);
  });

  it('S24 a cancelled one ends in one mediaError CANCELLED', async () => {
    const follower = await open();
    const id = await generate(follower, { fault: 'endless' });
    await follower.ack('subscribeMedia', id);
    await follower.waitFor('mediaProgress', ({ progress }) => progress === 20);
    expect(await follower.ack('media:cancel', { mediaId: id })).toMatchObject({ success: true, mediaId: id });
    expect(await follower.waitFor('mediaError')).toMatchObject({ code: 'CANCELLED' });
    await follower.ack('media:cancel', { mediaId: id });
    expect(heard(follower, id).filter((event) => event !== 'mediaProgress')).toEqual(['mediaError']);
  });

  it('S08 who subscribes after the end is told of it, once', async () => {
    const late = await open();
    const id = await generate(late);
    await harness.ended(id);
    await late.ack('subscribeMedia', id);
    await late.waitFor('mediaComplete');
    await late.ack('subscribeMedia', id);
    // An answer of this socket comes after everything that was sent to it before.
    await late.ack('media:list');
    expect(late.of('mediaComplete')).toHaveLength(1);
  });

  it('S08 many subscribe at every moment of a short life, and each hears of one end', async () => {
    const follower = await open();
    for (let round = 0; round < 10; round += 1) {
      const id = await generate(follower);
      await new Promise((resolve) => setTimeout(resolve, round * 12));
      await follower.ack('subscribeMedia', id);
      await follower.waitFor('mediaComplete', ({ mediaId }) => mediaId === id);
      await follower.ack('media:list');
      expect(heard(follower, id).filter((event) => event === 'mediaComplete')).toHaveLength(1);
    }
  });

  it('S08 works on every namespace and both paths, also without an ack function', async () => {
    const id = await generate(await open(), { fault: 'endless' });
    for (const options of [{ namespace: '/' }, { namespace: '/llamaproxws' }, { path: '/llamaproxws' }]) {
      const client = await open(options);
      client.socket.emit('subscribeMedia', id);
      await client.waitFor('mediaProgress');
    }
  });

  it.each(['subscribeMedia', 'unsubscribeMedia'])('%s with an empty id is an error', async (event) => {
    const client = await open();
    for (const id of ['', undefined, null, 7])
      expect(await client.ack(event, id)).toMatchObject({ success: false, error: expect.any(String) as string });
  });

  it('S08 of what is not there is an error', async () => {
    expect(await (await open()).ack('subscribeMedia', 'nothing')).toMatchObject({ success: false });
  });

  it('S09 nothing is heard after unsubscribing', async () => {
    const [leaver, follower] = [await open(), await open()];
    const id = await generate(leaver, { fault: 'endless' });
    for (const client of [leaver, follower]) await client.ack('subscribeMedia', id);
    await follower.waitFor('mediaProgress', ({ progress }) => progress === 20);
    expect(await leaver.ack('unsubscribeMedia', id)).toMatchObject({ success: true, mediaId: id });
    leaver.forget();
    await harness.media.cancel(id, 'test');
    await follower.waitFor('mediaError');
    await leaver.ack('media:list');
    expect(heard(leaver, id)).toEqual([]);
  });
});

describe('addresses of media', () => {
  it('serve the file with its own type, ranges and no way to run', async () => {
    const id = await post('0123456789');
    const whole = await fetchRaw(`/media/${id}`);
    expect(whole.status).toBe(200);
    expect(whole.body.toString()).toBe('0123456789');
    expect(whole.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
      'content-disposition': 'inline',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(whole.headers['content-security-policy']).toContain('sandbox');
    const part = await fetchRaw(`/media/${id}`, { Range: 'bytes=2-5' });
    expect([part.status, part.body.toString(), part.headers['content-range']]).toEqual([206, '2345', 'bytes 2-5/10']);
    const end = await fetchRaw(`/media/${id}`, { Range: 'bytes=-3' });
    expect([end.status, end.body.toString()]).toEqual([206, '789']);
    expect((await fetchRaw(`/media/${id}`, { Range: 'bytes=50-' })).status).toBe(416);
    expect(await fetchRaw(`/media/${id}`, {}, 'HEAD')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    const { etag = '' } = whole.headers;
    expect((await fetchRaw(`/media/${id}`, { 'If-None-Match': etag })).status).toBe(304);
    expect((await fetchRaw(`/media/${id}?download`)).headers['content-disposition']).toBe(
      `attachment; filename="${id}.txt"`,
    );
  });

  it('show markup as text, and hand out what they do not know only to be saved', async () => {
    const page = await fetchRaw(`/media/${await post('<!doctype html><script>alert(1)</script>')}`);
    expect(page.headers['content-type']).toBe('text/plain; charset=utf-8');
    const bytes = await fetchRaw(`/media/${await post(Buffer.from([0, 255, 0, 254]))}`);
    expect(bytes.headers['content-type']).toBe('application/octet-stream');
    expect(bytes.headers['content-disposition']).toMatch(/^attachment/);
  });

  it.each([
    '/media/nothing',
    '/media/nothing/thumbnail',
    '/media/..%2f..%2fmedia.json',
    '/media/../media.json',
    '/media/x/y/z',
    '/media/',
  ])('%s is not found', async (path) => {
    const answer = await fetchRaw(path);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ success: false, error: { code: 'NOT_FOUND' } });
  });

  it('are gone once the media are removed', async () => {
    const id = await post('words');
    await (await open()).ack('media:remove', { mediaId: id });
    expect((await fetchRaw(`/media/${id}`)).status).toBe(404);
  });

  it('refuse uploads of other sites, empty ones, and other methods', async () => {
    expect((await fetchRaw('/media', { Origin: 'https://evil.example' }, 'POST', 'x')).status).toBe(403);
    expect((await fetchRaw('/media', {}, 'POST', '')).status).toBe(400);
    expect((await fetchRaw('/media/abc', {}, 'DELETE')).status).toBe(404);
  });
});

describe('where keys are needed', () => {
  const key = async (...scopes: Scope[]): Promise<string> => {
    const limits = { expiresAt: null, models: null, concurrency: null, ratePerMinute: null };
    return (await memory.keys.create({ name: scopes.join(), scopes, ...limits }, 'test')).secret;
  };
  const bearer = (secret: string): Record<string, string> => ({ Authorization: `Bearer ${secret}` });

  it('a file is its owner’s and the administrator’s, and a ticket stands for a key until that is revoked', async () => {
    const [operate, other, infer, admin] = [
      await key('operate'),
      await key('observe'),
      await key('infer'),
      await key('admin'),
    ];
    memory.control.keys.require(true);
    const id = await post('words', { 'X-Api-Key': operate });
    const path = `/media/${id}`;
    const status = async (query: string, headers = {}): Promise<number> =>
      (await fetchRaw(`${path}${query}`, headers)).status;
    expect(await status('')).toBe(401);
    expect(await status('', bearer(infer))).toBe(403);
    expect(await status('', bearer(other))).toBe(404);
    expect(await status('', bearer(operate))).toBe(200);
    expect(await status('', bearer(admin))).toBe(200);
    expect((await fetchRaw('/media', bearer(other), 'POST', 'x')).status).toBe(403);
    expect((await fetchRaw('/media', {}, 'POST', 'x')).status).toBe(401);

    const client = await open({ auth: { token: operate } });
    const { data } = (await client.ack('media:ticket')) as { data: { ticket: string; expiresAt: number } };
    expect(data.expiresAt).toBeGreaterThan(Date.now());
    expect(await status(`?ticket=${data.ticket}`)).toBe(200);
    for (const wrong of [`${data.ticket.slice(0, -2)}xx`, 'x', '', 'a.b.c', 'a.b'])
      expect(await status(`?ticket=${wrong}`)).toBe(401);
    await memory.keys.revoke('operate', 'test');
    expect(await status(`?ticket=${data.ticket}`)).toBe(401);
  });

  it('a page without a key needs no ticket where nobody needs a key', async () => {
    expect(await (await open()).ack('media:ticket')).toMatchObject({ data: { ticket: null, expiresAt: null } });
  });
});

describe('with two users and somebody who is none', () => {
  const token = async (userId: string): Promise<string> =>
    (await memory.control.tokens.sign({ userId, email: null, scopes: ['operate'], expiresAt: null })).token;

  it('nobody sees, hears, ends, uses or fetches what is another’s', async () => {
    const [ana, ben, nobody] = await Promise.all([
      open({ namespace: '/', auth: { token: await token('ana') } }),
      open({ namespace: '/', auth: { token: await token('ben') } }),
      open({ namespace: '/' }),
    ]);
    const id = await generate(ana, { fault: 'endless' });
    await ana.ack('subscribeMedia', id);
    for (const stranger of [ben, nobody]) {
      for (const [event, payload] of [
        ['subscribeMedia', id],
        ['media:get', { mediaId: id }],
        ['media:cancel', { mediaId: id }],
        ['media:remove', { mediaId: id }],
        ['media:restore', { mediaId: id }],
        ['media:generate', { tool: 'draw', input: id }],
      ] as const)
        expect(await stranger.ack(event, payload), event).toMatchObject({ success: false, code: 'NOT_FOUND' });
      expect(await stranger.ack('media:list')).toMatchObject({ success: true, data: { media: [] } });
      for (const room of ['user:ana', `@media:${id}:user:ana`, '@owner:user:ana']) await stranger.ack('joinRoom', room);
    }
    expect((await fetchRaw(`/media/${id}`)).status).toBe(404);
    expect(await ana.ack('media:list')).toMatchObject({
      data: { media: [{ id, owner: 'user:ana', state: 'running' }] },
    });
    await harness.media.cancel(id, 'test');
    await ana.waitFor('mediaError');
    await ana.waitFor('media:updated', ({ media }) => (media as { state?: string }).state === 'cancelled');
    await fence((message) => memory.logs.write('info', 'server', message), [ana, ben, nobody]);
    for (const stranger of [ben, nobody])
      expect(stranger.received.filter(({ event }) => /^media/i.test(event))).toEqual([]);
  });

  it('whoever logs out hears no more of what they followed', async () => {
    const [ana, witness] = [
      await open({ auth: { token: await token('ana') } }),
      await open({ auth: { token: await token('ana') } }),
    ];
    const id = await generate(ana, { fault: 'endless' });
    for (const client of [ana, witness]) await client.ack('subscribeMedia', id);
    await ana.waitFor('mediaProgress', ({ progress }) => progress === 20);
    await ana.ack('logout');
    ana.forget();
    await harness.media.cancel(id, 'test');
    await witness.waitFor('mediaError');
    await ana.ack('ping');
    expect(heard(ana, id)).toEqual([]);
  });
});
