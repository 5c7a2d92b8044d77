/** The documented nginx configuration, run as it stands in docs/examples, in front of the built product. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { get } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePort } from '../cli/free-port.ts';
import { useRealEngine } from '../support/engine-app.ts';
import { startNginx } from '../support/nginx.ts';
import { cli, serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';
import { connectClient } from '../support/socket-client.ts';

const EXAMPLE = path.resolve(import.meta.dirname, '../../docs/examples/nginx.conf');

let folder: string;
let product: Served;
let nginx: { stop(): Promise<void> };
let origin: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'llamactor-nginx-test-'));
  const dataDir = path.join(folder, 'data');
  const enginePath = await useRealEngine(dataDir);
  product = await serve({ dataDir, env: enginePath === null ? {} : { LLAMACTOR_ENGINE_PATH: enginePath } });
  const port = await freePort();
  const example = await readFile(EXAMPLE, 'utf8');
  const adapted = example
    .replace('listen 8000;', `listen 127.0.0.1:${port};`)
    .replaceAll('http://127.0.0.1:3000/', `${product.url}/`)
    .replaceAll('http://127.0.0.1:8080/', `${product.routerUrl}/`);
  expect(adapted).not.toContain(':3000');
  nginx = await startNginx(adapted, port);
  origin = `http://127.0.0.1:${port}`;
});
afterAll(async () => {
  await nginx.stop();
  product.child.kill('SIGTERM');
  await product.exited;
  await rm(folder, { recursive: true, force: true });
});

const ps = async (): Promise<{ models: { id: string; inFlight: number }[] }> => {
  const answer = await fetch(`${product.url}/api/commands/models:list`, { method: 'POST' });
  return ((await answer.json()) as { data: { models: { id: string; inFlight: number }[] } }).data;
};

describe('behind nginx under a path', () => {
  it('the page knows where it is, and its assets are found there', async () => {
    for (const route of ['/llama/', '/llama/models', '/llama/inspector']) {
      const html = await (await fetch(`${origin}${route}`)).text();
      expect(html).toContain('<base href="/llama/" />');
      const script = /src="\.?\/?(assets\/[^"]+\.js)"/.exec(html)?.[1];
      const asset = await fetch(`${origin}/llama/${script}`);
      expect(asset.status).toBe(200);
      expect(asset.headers.get('content-type')).toContain('javascript');
    }
  });

  it.each([
    ['/llama/socket.io', 'websocket'],
    ['/llama/socket.io', 'polling'],
    ['/llama/llamaproxws', 'websocket'],
  ] as const)('%s answers over %s', async (socketPath, transport) => {
    const client = await connectClient(origin, { path: socketPath, transports: [transport] });
    expect(await client.ack('router:status')).toMatchObject({ success: true, data: { running: true } });
    client.close();
  });

  it('commands and the client library’s script are there', async () => {
    const answer = await fetch(`${origin}/llama/api/commands/system:info`, { method: 'POST' });
    expect(await answer.json()).toMatchObject({ success: true });
    expect((await fetch(`${origin}/llama/socket.io/socket.io.js`)).status).toBe(200);
  });

  it.each(['/llama/v1', '/llama-api/v1'])('a stream through %s arrives while it is made', async (api) => {
    const leave = new AbortController();
    const response = await fetch(`${origin}${api}/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      // It goes on for thousands of tokens, so the first piece was passed on long before the last was made.
      body: JSON.stringify({
        model: 'llamactor-demo',
        stream: true,
        ignore_eos: true,
        n_predict: -1,
        messages: [{ role: 'user', content: 'Hello' }],
      }),
      signal: leave.signal,
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const first = await reader.read();
    expect(new TextDecoder().decode(first.value)).toMatch(/^data: \{/);
    leave.abort();
    // The client that left through nginx ends the generation behind it.
    await vi.waitFor(
      async () => {
        const { models } = await ps();
        expect(models.find(({ id }) => id === 'llamactor-demo')).toMatchObject({ inFlight: 0 });
      },
      { timeout: 10_000, interval: 50 },
    );
  });

  it('a body of 20 MB passes', async () => {
    const response = await fetch(`${origin}/llama-api/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        model: 'llamactor-demo',
        messages: [{ role: 'user', content: 'Hello' }],
        // Not part of the prompt: what is tested is the way, not the tokenizer.
        user: 'x'.repeat(20_000_000),
      }),
    });
    expect(response.status).toBe(200);
    expect(JSON.stringify(await response.json())).toContain('demo model');
  });

  it('a name that is not listed is refused until the command of the example lists it', async () => {
    const status = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        get(`${origin}/llama/api/system-is-not-a-path`, { headers: { Host: 'ai.example.org' } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        }).on('error', reject);
      });
    expect(await status()).toBe(403);
    const url = { LLAMACTOR_URL: product.url };
    expect((await cli(['config', 'set', 'allowedHosts', '["ai.example.org"]'], url)).code).toBe(0);
    expect(await status()).toBe(404);
  });
});
