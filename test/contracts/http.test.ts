/** The HTTP surface: commands, health, the dashboard's files, and /v1 by way of the router. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CodedError } from '../../src/contracts/errors.ts';
import { createMemoryServices } from '../support/memory-services.ts';
import type { MemoryServices } from '../support/memory-services.ts';
import { parsePrometheus, valueOf } from '../support/prometheus-text.ts';
import { startTransports } from '../support/server.ts';
import { connectClient } from '../support/socket-client.ts';

type Fields = Record<string, unknown>;

describe('HTTP', () => {
  let services: MemoryServices;
  let folder: string;
  let server: Awaited<ReturnType<typeof startTransports>>;
  let upstream: Server;
  let handler: (request: IncomingMessage, response: ServerResponse) => void;
  let routerUrl: string | null;

  beforeEach(async () => {
    services = createMemoryServices();
    folder = await mkdtemp(join(tmpdir(), 'llamactor-web-'));
    const web = join(folder, 'web');
    await mkdir(join(web, 'assets'), { recursive: true });
    await writeFile(
      join(web, 'index.html'),
      '<!doctype html><html><head><base href="/" /><title>page</title></head></html>',
    );
    await writeFile(join(web, 'assets', 'index-Ab12Cd34.js'), 'export {};');
    await writeFile(join(web, 'favicon.svg'), '<svg/>');
    await writeFile(join(folder, 'secret.txt'), 'do not show');
    handler = (_request, response) => void response.end('{}');
    upstream = createServer((incoming, response) => handler(incoming, response));
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    routerUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    server = await startTransports({
      verify: services.control.tokens.verify,
      services,
      webDir: web,
      routerUrl: () => routerUrl,
    });
  });
  afterEach(async () => {
    await server.close();
    upstream.closeAllConnections();
    await new Promise((resolve) => upstream.close(resolve));
    await rm(folder, { recursive: true });
  });

  const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${server.url}${path}`, init);
  const post = (event: string, body: string): Promise<Response> =>
    get(`/api/commands/${event}`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });

  it('health is 200 or 503', async () => {
    const healthy = await get('/api/health');
    expect(healthy.status).toBe(200);
    expect(await healthy.json()).toMatchObject({ status: 'healthy', details: { engine: { ok: true } } });
    services.control.setHealth('degraded');
    expect((await get('/api/health')).status).toBe(503);
  });

  it('the snapshot is the one of live clients', async () => {
    expect(await (await get('/api/snapshot')).json()).toMatchObject({
      seq: 0,
      models: [{ id: 'alpha' }, {}, {}],
      router: { running: true },
    });
  });

  it('lists its commands with their schemas', async () => {
    const { commands } = (await (await get('/api/commands')).json()) as { commands: Fields[] };
    const load = commands.find((command) => command['name'] === 'models:load');
    expect(load).toMatchObject({
      scope: 'operate',
      failureCode: 'LOAD_MODEL_FAILED',
      payload: { type: 'object', properties: { modelName: {} } },
    });
    expect(commands.find((command) => command['name'] === 'live:subscribe')).toMatchObject({ socketOnly: true });
  });

  it('runs a command and broadcasts to every socket', async () => {
    const client = await connectClient(server.url);
    const response = await post('models:load', '{"modelName":"alpha.gguf"}');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      success: true,
      error: null,
      data: { status: 'loaded', model: { id: 'alpha', state: 'loaded', status: 'loaded' } },
      timestamp: expect.any(Number) as number,
    });
    await client.waitFor('models:status', (payload) => payload['status'] === 'running');
    client.close();
  });

  it('models:delete over HTTP keeps the file', async () => {
    expect((await post('models:delete', '{"modelId":"alpha"}')).status).toBe(200);
    await post('models:scan', '');
    expect(services.models.find('alpha')).toBeDefined();
  });

  const refusals: [string, string, number, string][] = [
    ['models:load', '{}', 400, 'INVALID_PAYLOAD'],
    ['models:load', '{"modelName":"nobody"}', 404, 'NOT_FOUND'],
    ['models:load', 'not json', 400, 'INVALID_PAYLOAD'],
    ['models:load', '[]', 400, 'INVALID_PAYLOAD'],
    ['live:subscribe', '{}', 409, 'INVALID_STATE'],
    ['metrics:subscribe', '{}', 409, 'INVALID_STATE'],
    ['models:nothing', '{}', 404, 'NOT_FOUND'],
    ['__proto__', '{}', 404, 'NOT_FOUND'],
    ['config:update', '{"config":{"__proto__":{}}}', 400, 'INVALID_PAYLOAD'],
  ];
  it.each(refusals)('%s with %s is %d %s', async (event, body, status, code) => {
    const response = await post(event, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({
      success: false,
      data: null,
      error: { code, message: expect.stringMatching(/\S/) as string, advice: expect.any(String) as string },
    });
  });

  it('says when to try again', async () => {
    services.control.failNext('load', 'alpha', new CodedError('QUEUE_FULL', 'Too many wait.', { retryAfter: 2.4 }));
    const response = await post('models:load', '{"modelId":"alpha"}');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('3');
  });

  it('hides an unexpected fault behind a reference', async () => {
    services.control.breakNext('info');
    const response = await post('system:info', '');
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).toMatch(/"reference":"[0-9a-f]{8}"/);
    expect(text).not.toContain('secret path');
  });

  it('refuses a body that is too large', async () => {
    const response = await post('presets:save', JSON.stringify({ name: 'x', ini: 'x'.repeat(9_000_000) }));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'INVALID_PAYLOAD' } });
  });

  it('answers /metrics in the text format, like the command', async () => {
    const response = await get('/metrics');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    expect(valueOf(parsePrometheus(text), 'llamactor_models')).toBe(3);
    expect(await (await post('metrics:text', '')).json()).toMatchObject({ data: { text } });
  });

  it('serves the page for its routes and files with fitting caching', async () => {
    for (const path of ['/', '/models', '/models/some-id', '/settings?x=1']) {
      const response = await get(path);
      expect(response.status, path).toBe(200);
      expect(response.headers.get('content-type')).toContain('text/html');
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect(await response.text()).toContain('<title>page</title>');
    }
    const asset = await get('/assets/index-Ab12Cd34.js');
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(asset.headers.get('content-type')).toContain('javascript');
    expect((await get('/favicon.svg')).headers.get('cache-control')).toBe('no-cache');
  });

  it.each([
    ['/llama', '/llama/'],
    ['/ai/llama/', '/ai/llama/'],
    ['"><script>alert(1)</script>', '/'],
    ['//evil.example', '/'],
    ['https://evil.example', '/'],
    ['', '/'],
  ])('behind a proxy that says it serves %j the page’s base is %j', async (prefix, base) => {
    const response = await get('/models', { headers: { 'X-Forwarded-Prefix': prefix } });
    expect(await response.text()).toContain(`<head><base href="${base}" />`);
  });

  it.each([
    '/api',
    '/api/nothing',
    '/metrics/nothing',
    '/socket.io',
    '/llamaproxws',
    '/assets/gone-12345678.js',
    '/nothing.txt',
  ])('never answers %s with the page', async (path) => {
    const response = await get(path, { headers: { Accept: 'text/html' } });
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain('<title>');
  });

  it.each(['/../secret.txt', '/..%2fsecret.txt', '/%2e%2e/secret.txt', '/assets/..%5c..%5csecret.txt'])(
    'does not leave its folder for %s',
    async (path) => {
      const body = await new Promise<string>((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port: server.port, path }, (answer) => {
          let text = '';
          answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
          answer.on('end', () => resolve(text));
        });
        sent.on('error', reject);
        sent.end();
      });
      expect(body).not.toContain('do not show');
    },
  );

  it('sends security headers with everything', async () => {
    for (const path of ['/', '/api/health', '/api/nothing', '/v1/models']) {
      const { headers } = await get(path);
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
  });

  it('says in a sentence that there is no dashboard', async () => {
    const bare = await startTransports({ services, webDir: null });
    const response = await fetch(bare.url);
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(/--no-web/);
    expect((await fetch(`${bare.url}/models`)).status).toBe(404);
    await bare.close();
  });

  it('/v1 passes bytes both ways, without this server’s Host, Origin or connection headers', async () => {
    let seen: { headers: Fields; url: string; body: string } = { headers: {}, url: '', body: '' };
    handler = (incoming, response) => {
      let body = '';
      incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
      incoming.on('end', () => {
        seen = { headers: incoming.headers, url: incoming.url ?? '', body };
        response.writeHead(201, { 'Content-Type': 'application/json', 'X-From': 'router' });
        response.end('{"id":"x"}');
      });
    };
    const response = await get('/v1/chat/completions?x=1', {
      method: 'POST',
      body: '{"model":"alpha"}',
      headers: { Authorization: 'Bearer key', Origin: server.url },
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-from')).toBe('router');
    expect(await response.text()).toBe('{"id":"x"}');
    expect(seen).toMatchObject({
      url: '/v1/chat/completions?x=1',
      body: '{"model":"alpha"}',
      headers: { authorization: 'Bearer key' },
    });
    expect(seen.headers['origin']).toBeUndefined();
    expect(seen.headers['host']).toBe(routerUrl?.replace('http://', ''));
  });

  it('/v1 sends the router a key in place of a user’s token, which it does not know, and refuses what its scopes do not permit', async () => {
    const seen: unknown[] = [];
    handler = (incoming, response) => {
      seen.push(incoming.headers.authorization ?? null);
      incoming.resume();
      response.end('{}');
    };
    const tokenOf = async (scope: 'infer' | 'observe') =>
      (await services.control.tokens.sign({ userId: 'ana', email: null, scopes: [scope], expiresAt: null })).token;
    const ask = async (authorization: string) =>
      (await get('/v1/models', { method: 'POST', body: '{}', headers: { authorization } })).status;
    expect(await ask(`Bearer ${await tokenOf('infer')}`)).toBe(200);
    expect(await ask('Bearer not-needed')).toBe(200);
    expect(await ask(`Bearer ${await tokenOf('observe')}`)).toBe(403);
    expect(seen).toEqual(['Bearer lla_users', 'Bearer not-needed']);
  });

  it('/v1 streams: headers and each chunk arrive before the answer ends', async () => {
    let finish = (): void => undefined;
    let next = (): void => undefined;
    handler = (_incoming, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.flushHeaders();
      next = () => void response.write('data: 1\n\n');
      finish = () => void response.end('data: [DONE]\n\n');
    };
    const response = await get('/v1/chat/completions', { method: 'POST', body: '{}' });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = response.body?.getReader();
    const text = async (): Promise<string> => new TextDecoder().decode((await reader?.read())?.value);
    next();
    expect(await text()).toBe('data: 1\n\n');
    finish();
    expect(await text()).toBe('data: [DONE]\n\n');
    expect((await reader?.read())?.done).toBe(true);
  });

  it('/v1: a client that leaves ends the upstream request', async () => {
    const left = new Promise<void>((resolve) => {
      handler = (_incoming, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write('data: 1\n\n');
        response.on('close', () => resolve());
      };
    });
    const controller = new AbortController();
    const response = await get('/v1/chat/completions', { method: 'POST', body: '{}', signal: controller.signal });
    await response.body?.getReader().read();
    controller.abort();
    await left;
    // And one that leaves before there is an answer.
    const waiting = vi.fn();
    const leftEarly = new Promise<void>((resolve) => {
      handler = (_incoming, response) => {
        waiting();
        response.on('close', () => resolve());
      };
    });
    const early = new AbortController();
    const pending = get('/v1/models', { signal: early.signal }).catch((error: unknown) => error);
    await vi.waitFor(() => expect(waiting).toHaveBeenCalled());
    early.abort();
    await leftEarly;
    expect(await pending).toBeInstanceOf(Error);
  });

  it('/v1: an upstream that dies mid-answer ends the client’s answer, too', async () => {
    handler = (_incoming, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: 1\n\n', () => response.destroy());
    };
    const response = await get('/v1/models');
    await expect(response.text()).rejects.toThrow();
  });

  it('/v1 without a router is a coded error that says when to try again', async () => {
    routerUrl = null;
    const none = await get('/v1/models');
    expect(none.status).toBe(503);
    expect(none.headers.get('retry-after')).toBe('2');
    expect(await none.json()).toMatchObject({
      error: { code: 'UPSTREAM_FAILED', message: expect.stringContaining('router') as string },
    });
    routerUrl = 'http://127.0.0.1:1';
    expect((await get('/v1/models', { method: 'POST', body: 'x'.repeat(1_000_000) })).status).toBe(503);
  });
});
