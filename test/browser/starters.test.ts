/** The first steps with the built product and a hub on this machine: only what the hub has is offered, and it arrives. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { useRealEngine } from '../support/engine-app.ts';
import { tinyModel } from '../support/gguf.ts';
import { startHubServer } from '../support/hub-server.ts';
import type { HubServer } from '../support/hub-server.ts';
import { serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';

const SENTENCE = 'I came from the hub.';
let folder: string;
let hub: HubServer;
let served: Served;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-starters-'));
  const source = join(folder, 'source');
  await mkdir(source);
  const tiny = await readFile(await tinyModel(source, 'tiny.gguf', { sentence: SENTENCE }));
  hub = await startHubServer({
    'ggml-org/Qwen3-4B-GGUF': { files: { 'Qwen3-4B-Q4_K_M.gguf': tiny } },
    'ggml-org/gemma-3-1b-it-GGUF': { files: { 'gemma-3-1b-it-Q8_0.gguf': tiny } },
    'ggml-org/gpt-oss-20b-GGUF': { files: { 'gpt-oss-20b-mxfp4.gguf': tiny }, gated: true },
  });
  const dataDir = join(folder, 'data');
  const enginePath = await useRealEngine(dataDir);
  served = await serve({
    dataDir,
    env: { HF_ENDPOINT: hub.url, ...(enginePath === null ? {} : { LLAMACTOR_ENGINE_PATH: enginePath }) },
  });
  browser = await launchChromium();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
});
afterAll(async () => {
  await browser.close();
  served.child.kill('SIGTERM');
  await served.exited;
  await hub.close();
  await rm(folder, { recursive: true, force: true });
});

it('offers what the hub has, says why not of the rest, and leads from the download to the chat', async () => {
  await page.goto(served.url);
  await page.getByText('Its repository has no Q4_K_M now; it has Q8_0.').waitFor();
  await page.getByText('Its owner wants terms to be accepted on its page first').waitFor();
  await page.getByText('The repository ggml-org/gemma-3-4b-it-GGUF was not found').waitFor();
  const download = page.getByRole('button', { name: /^Download/ });
  await download.waitFor();
  expect(await download.count()).toBe(1);
  // Asking is not fetching.
  expect(hub.asked.filter(({ host }) => host === 'files')).toEqual([]);
  await download.click();
  await page
    .getByText(/can be used now\.$/)
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Chat with it' }).click();
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Hello');
  await page.keyboard.press('Enter');
  await page.getByRole('log', { name: 'Messages' }).getByText(SENTENCE).waitFor();
});
