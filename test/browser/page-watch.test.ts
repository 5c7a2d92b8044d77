/** That the bench of the page would see a page that stalls. */
import { resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { firstLoad, longTasks, watch } from '../bench/page/watch.ts';
import { launchChromium } from '../support/chromium.ts';
import { manyModels } from './fixture-models.ts';
import { FixtureServer } from './fixture-server.ts';

const server = new FixtureServer(resolve(import.meta.dirname, '../../dist/web'));
let browser: Browser;

beforeAll(async () => {
  server.reset(manyModels(3));
  await server.start();
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});

it('knows which scripts the first load took, and a task that blocks the page', async () => {
  const page = await browser.newPage();
  await watch(page, '.row button');
  await page.goto(`${server.url}/models`);
  const load = await firstLoad(page);
  expect(load.interactiveMs).toBeGreaterThan(0);
  expect(load.scripts).toContainEqual(expect.stringMatching(/\/models-page-/));
  expect(load.scripts).not.toContainEqual(expect.stringMatching(/\/chat-page-/));
  const blocked = await longTasks(page, () =>
    page.evaluate(
      () =>
        new Promise<void>((done) => {
          // A task of the page's own: what the debugger runs is not counted.
          setTimeout(() => {
            const end = performance.now() + 150;
            while (performance.now() < end);
            done();
          });
        }),
    ),
  );
  expect(Math.max(...blocked)).toBeGreaterThanOrEqual(150);
});
