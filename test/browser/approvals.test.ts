/** The tray of questions and the audit log, over the real queue, with two tabs. */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { createMemoryServices } from '../support/memory-services.ts';
import type { MemoryServices } from '../support/memory-services.ts';
import { startTransports } from '../support/server.ts';
import { contentWidth, lowContrast } from './page-checks.ts';

let browser: Browser;
let context: BrowserContext;
let services: MemoryServices;
let server: Awaited<ReturnType<typeof startTransports>>;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
beforeEach(async () => {
  services = createMemoryServices();
  server = await startTransports({ services, webDir: resolve(import.meta.dirname, '../../dist/web') });
});
afterEach(async () => {
  await context.close();
  await server.close();
});

const tab = async (address: string): Promise<Page> => {
  const page = await context.newPage();
  await page.goto(server.url + address);
  await page.getByRole('status').filter({ hasText: 'Connection: Live' }).first().waitFor();
  return page;
};
const open = async (address: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> => {
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options });
  return tab(address);
};
const agent = { owner: 'shared', who: 'the agent Ada', by: 'test' };
const ask = (title: string, over: { rule?: string; session?: string } = {}) =>
  services.approvals.request(
    {
      title,
      reason: 'The tests pass, and the release notes are written.',
      preview: 'git push origin v1.4.0\nnpm publish',
      session: null,
      rule: null,
      timeoutMs: 900_000,
      ...over,
    },
    agent,
  );
const tray = (page: Page): Locator => page.getByRole('region', { name: 'Waiting for your answer' });

it('a question shows on every page with its reason, preview and countdown; an answer in one tab settles it in both', async () => {
  const first = await open('/');
  const second = await tab('/models');
  const { id } = await ask('Publish 1.4.0');
  for (const page of [first, second]) await tray(page).getByText('Publish 1.4.0').waitFor();
  await tray(first).getByText('git push origin v1.4.0').waitFor();
  await tray(first)
    .getByText(/1[45]\smin left/)
    .waitFor();
  expect(
    await tray(first)
      .getByRole('button', { name: /Always/ })
      .count(),
  ).toBe(0);
  await tray(first).getByRole('button', { name: 'Approve once: Publish 1.4.0' }).click();
  for (const page of [first, second]) await tray(page).waitFor({ state: 'detached' });
  expect(await services.approvals.wait(id, 'shared', 5000)).toMatchObject({ status: 'approved', answer: 'once' });
});

it('always holds for the session until it is revoked on the audit page', async () => {
  const page = await open('/audit');
  await ask('Write notes.md', { session: 'release', rule: 'write files' });
  await tray(page)
    .getByRole('button', { name: /^Always in this session/ })
    .click();
  await page.getByRole('region', { name: 'Allowed for a session' }).getByText('write files').waitFor();
  expect(await ask('Write more.md', { session: 'release', rule: 'write files' })).toMatchObject({ status: 'approved' });
  await page.getByRole('button', { name: 'Revoke write files in release' }).click();
  await page.getByRole('region', { name: 'Allowed for a session' }).waitFor({ state: 'detached' });
  await page.getByRole('region', { name: 'Decisions' }).getByRole('listitem').getByText('Revoked').waitFor();
});

it('a rejection takes a reason, which the audit page shows', async () => {
  const page = await open('/audit');
  const { id } = await ask('Delete the old releases');
  await tray(page).getByRole('button', { name: 'Reject: Delete the old releases' }).click();
  await page.getByRole('textbox', { name: /Why not/ }).fill('Somebody still needs them.');
  await tray(page).getByRole('button', { name: 'Reject: Delete the old releases' }).click();
  await page.getByRole('region', { name: 'Decisions' }).getByText('Somebody still needs them.').waitFor();
  expect(await services.approvals.wait(id, 'shared', 5000)).toMatchObject({ why: 'Somebody still needs them.' });
});

it('the log is filtered by words, act and session, also by its address, and saved as it is filtered', async () => {
  const page = await open('/audit?session=release');
  const { id } = await ask('Write notes.md', { session: 'release', rule: 'write files' });
  await services.approvals.approve(id, 'once', 'It is only text.', agent);
  const { id: no } = await ask('Delete the old releases');
  await services.approvals.reject(no, 'Somebody still needs them.', agent);
  const rows = page.getByRole('region', { name: 'Decisions' }).getByRole('listitem');
  await expect.poll(() => rows.count()).toBe(2);
  await page.getByRole('combobox', { name: 'What happened' }).selectOption('approved');
  await expect.poll(() => rows.allInnerTexts()).toEqual([expect.stringContaining('It is only text.')]);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save as JSON' }).click(),
  ]);
  let text = '';
  for await (const chunk of await download.createReadStream()) text += String(chunk);
  expect(JSON.parse(text)).toMatchObject([{ act: 'approved', title: 'Write notes.md', session: 'release' }]);
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('nothing like it');
  await page.getByText('Nothing here is like that.').waitFor();
  await page.getByRole('button', { name: 'Show everything' }).click();
  await expect.poll(() => rows.count()).toBe(4);
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('needs DELETE');
  await expect.poll(() => rows.allInnerTexts()).toEqual([expect.stringContaining('Somebody still needs them.')]);
});

describe('for everyone', () => {
  it.each([
    ['light', 1440],
    ['dark', 1440],
    ['light', 390],
    ['dark', 390],
  ] as const)('in the %s theme at %i px nothing serious is found', async (colorScheme, width) => {
    const page = await open('/audit', { colorScheme, viewport: { width, height: 900 } });
    const { id } = await ask('Write notes.md', { session: 'release', rule: 'write files' });
    await services.approvals.approve(id, 'always', 'It is only text.', agent);
    const { id: no } = await ask('Delete the old releases');
    await services.approvals.reject(no, 'Somebody still needs them.', agent);
    await ask('Publish 1.4.0', { session: 'release', rule: 'publish' });
    await tray(page).getByText('Publish 1.4.0').waitFor();
    await page.getByRole('region', { name: 'Decisions' }).getByText('It is only text.').waitFor();
    await page.evaluate(axe.source);
    const found = await page.evaluate<{ id: string; impact: string; nodes: { html: string }[] }[]>(
      'axe.run(document, { resultTypes: ["violations"] }).then((result) => result.violations)',
    );
    const serious = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(serious.map(({ id: rule, nodes }) => `${rule}: ${nodes[0]?.html ?? ''}`)).toEqual([]);
    expect(await lowContrast(page)).toEqual([]);
    expect(await contentWidth(page)).toBe(width);
    const folder = process.env['LLAMACTOR_SCREENSHOTS'];
    if (folder !== undefined) {
      await mkdir(folder, { recursive: true });
      await page.screenshot({ path: resolve(folder, `audit-${colorScheme}-${width}.png`) });
    }
  });
});
