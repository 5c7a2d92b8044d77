/** A model comes in through the page: a real hub on this machine, the built product, a real engine. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
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
const complaints: string[] = [];
const seen = (locator: Locator): Promise<void> => locator.first().waitFor({ timeout: 30_000 });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-add-model-'));
  const tiny = await readFile(await tinyModel(folder, 'tiny.gguf', { sentence: SENTENCE, name: 'Tiny' }));
  hub = await startHubServer({ 'owner/tiny-GGUF': { files: { 'tiny-Q4_K_M.gguf': tiny, 'tiny-Q8_0.gguf': tiny } } });
  const dataDir = join(folder, 'data');
  const enginePath = await useRealEngine(dataDir);
  [served, browser] = await Promise.all([
    serve({
      dataDir,
      env: { HF_ENDPOINT: hub.url, ...(enginePath === null ? {} : { LLAMACTOR_ENGINE_PATH: enginePath }) },
    }),
    launchChromium(),
  ]);
  page = await browser.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
});
afterAll(async () => {
  await browser.close();
  served.child.kill('SIGTERM');
  await served.exited;
  await hub.close();
  await rm(folder, { recursive: true, force: true });
});

it('is looked for, chosen by its quantisation, fetched before one’s eyes, and answers', async () => {
  hub.faults.bytesPerSecond = 600_000;
  await page.goto(`${served.url}/models`);
  await page.getByRole('button', { name: 'Add models' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add models' });
  await dialog.getByRole('textbox', { name: /^Repository/ }).fill('owner/tiny-GGUF');
  await page.keyboard.press('Enter');
  const offered = dialog.getByRole('list', { name: 'What owner/tiny-GGUF offers' });
  await seen(offered.getByText('Fits'));
  expect(await offered.getByRole('listitem').count()).toBe(2);
  await offered.getByRole('button', { name: 'Download Q8_0' }).click();
  const bar = dialog.getByRole('progressbar', { name: /^Download of/ });
  await expect
    .poll(async () => Number(await bar.getAttribute('aria-valuenow')), { timeout: 30_000 })
    .toBeGreaterThan(0);
  hub.faults.bytesPerSecond = null;
  await offered.getByRole('link', { name: 'It is here' }).click({ timeout: 60_000 });
  const details = page.getByRole('dialog', { name: 'tiny-Q8_0' });
  await seen(details.getByText('It fits'));
  await details.getByRole('button', { name: 'Chat' }).click();
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Hello');
  await page.keyboard.press('Enter');
  await seen(page.getByRole('log', { name: 'Messages' }).getByText(SENTENCE));
  expect(complaints).toEqual([]);
});

it('that does not exist is refused in words', async () => {
  await page.goto(`${served.url}/models?add=download&source=owner%2Fnothing`);
  await seen(page.getByRole('dialog', { name: 'Add models' }).getByRole('alert'));
  expect(await page.getByRole('dialog', { name: 'Add models' }).getByRole('alert').innerText()).toContain(
    'owner/nothing',
  );
});

it('is made a second time from its file, with parameters that the engine would refuse named', async () => {
  await page.goto(`${served.url}/models?add=record`);
  const dialog = page.getByRole('dialog', { name: 'Add models' });
  await dialog.getByRole('combobox', { name: 'File' }).selectOption('tiny-Q8_0');
  await dialog.getByRole('textbox', { name: /^Name/ }).fill('tiny-short');
  await dialog.getByRole('textbox', { name: /^Parameters/ }).fill('ctx-sise = 512');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await seen(dialog.getByRole('alert').getByText('ctx-size'));
  await dialog.getByRole('textbox', { name: /^Parameters/ }).fill('ctx-size = 512');
  await dialog.getByRole('button', { name: 'Create' }).click();
  const details = page.getByRole('dialog', { name: 'tiny-short' });
  await details.getByRole('button', { name: /^Load/ }).click();
  await seen(details.getByText('ctx-size = 512'));
  await seen(details.getByRole('button', { name: /^Unload/ }));
  await page.keyboard.press('Escape');
  const names = page.getByRole('list', { name: 'All models' }).getByRole('listitem');
  await seen(names.filter({ hasText: 'tiny-short' }));
  await seen(names.filter({ hasText: 'tiny-Q8_0' }));
  expect(complaints).toEqual([]);
});
