/** One step of a session with nothing in the place of anything: router, llama-server, machine, Chromium, transcript. */
import { expect, it, onTestFinished } from 'vitest';
import { startShop } from '../session-browser/shop.ts';
import { findChromium } from '../support/chromium.ts';
import { startEngineApp } from '../support/engine-app.ts';
import { tinyModel } from '../support/gguf.ts';
import { connectClient } from '../support/socket-client.ts';

it('a model’s call of a tool opens a page, and its one step is told and kept', async () => {
  const shop = await startShop();
  const call = { name: 'navigate', arguments: { url: `${shop.site.origin}/` } };
  const { executablePath, env } = await findChromium();
  const engine = await startEngineApp(
    (folder) => tinyModel(folder, 'alpha.gguf', { toolCall: call, contextLength: 32_768 }),
    { env: { ...process.env, ...env } },
  );
  onTestFinished(() => engine.stop());
  const client = await connectClient(engine.app.url);
  onTestFinished(() => client.close());
  await client.request('config:update', {
    config: { 'sessions.browser': executablePath, 'sessions.allowPrivate': [`127.0.0.1:${shop.site.port}`] },
  });
  const { data } = await client.request('sessions:start', { prompt: `Open ${shop.site.origin}/.`, maxSteps: 1 });
  const { id } = data?.['session'] as { id: string };
  const status = async (): Promise<unknown> => {
    const { data: now } = await client.request('sessions:get', { id });
    return (now?.['session'] as { status: string }).status;
  };
  await expect.poll(status, { timeout: 170_000, interval: 250 }).not.toMatch(/^(?:init|running)$/);
  expect(await status()).toBe('max_loop');
  const { data: told } = await client.request('sessions:transcript', { id });
  expect(told?.['entries']).toMatchObject([
    { kind: 'instruction' },
    {
      ...{ kind: 'step', tool: 'navigate', arguments: call.arguments, state: 'done', verdict: 'allowed' },
      page: { url: `${shop.site.origin}/` },
      picture: expect.stringMatching(/^\/sessions\//) as string,
    },
    { kind: 'note', text: 'It took one step, as many as it may; a further instruction goes on.' },
  ]);
}, 180_000);
