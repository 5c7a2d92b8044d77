/** The runs page over the real server and real processes. */
import axe from 'axe-core';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { startRunsApp, steps } from '../support/runs-app.ts';
import type { RunsApp, Step } from '../support/runs-app.ts';
import { contentWidth, lowContrast } from './page-checks.ts';

let runs: RunsApp;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[];

const seen = (locator: Locator): Promise<void> => locator.first().waitFor({ timeout: 15_000 });
const poll = (read: () => unknown) => expect.poll(read, { timeout: 15_000 });
const open = async (address: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<void> => {
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  page = await newTab(address);
};
const newTab = async (address: string): Promise<Page> => {
  const tab = await context.newPage();
  tab.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  tab.on('pageerror', (error) => complaints.push(String(error)));
  await tab.goto(runs.url + address);
  await seen(tab.getByRole('status').filter({ hasText: 'Connection: Live' }));
  await seen(tab.getByRole('heading', { name: 'Runs', level: 1 }));
  return tab;
};
const button = (name: string): Locator => page.getByRole('button', { name, exact: true });
const start = async (...list: Step[]): Promise<void> => {
  await page.getByRole('textbox', { name: 'Prompt', exact: true }).fill(steps(...list));
  await button('Run').click();
};
const outputOf = (tab: Page): Promise<string> => tab.getByRole('region', { name: 'Output' }).innerText();
const ANSWER = JSON.stringify({
  result: 'Because.',
  model: 'local',
  usage: { input_tokens: 1200, output_tokens: 34 },
  total_cost_usd: 0.0042,
});

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
beforeEach(async () => {
  complaints = [];
  runs = await startRunsApp({ web: true, config: { 'runs.max': 1 } });
});
afterEach(async () => {
  await context.close();
  await runs.stop();
  expect(complaints).toEqual([]);
});

describe('the runs page', () => {
  it('starts a run and shows what it writes as it comes, with its colours, in every tab', async () => {
    await open('/runs');
    await seen(page.getByText('Nothing was run yet'));
    await start(
      ['out', 'plain \u001b[31mred\u001b[0m\nold\rnew\n'],
      ['err', 'a note\n'],
      ['hold', runs.file('go')],
      ['out', 'the end\n'],
    );
    await poll(() => outputOf(page)).toContain('a note');
    expect(await page.locator('.run-output [data-colour="1"]').innerText()).toBe('red');
    expect(await outputOf(page)).not.toContain('old');
    expect(await page.locator('.run-output [data-stream="stderr"]').innerText()).toContain('a note');
    const late = await newTab(new URL(page.url()).pathname);
    await poll(() => outputOf(late)).toContain('a note');
    await runs.touch('go');
    for (const tab of [page, late]) {
      await poll(() => outputOf(tab)).toContain('the end');
      expect((await outputOf(tab)).split('\n').filter((line) => line === 'the end')).toHaveLength(1);
      await seen(tab.getByRole('article').getByText('Done', { exact: true }));
    }
  });

  it('shows the queue, lets one be cancelled, and tells why another failed', async () => {
    await open('/runs');
    await start(['out', 'up'], ['hold', runs.file('go')]);
    await poll(() => outputOf(page)).toContain('up');
    await start(['err', 'no such thing\n'], ['exit', 4]);
    const article = page.getByRole('article');
    await seen(article.getByText('Next in line'));
    await seen(page.getByText('1 run of 1 at work, 1 waiting'));
    await page.getByRole('list', { name: 'Runs' }).getByRole('link').nth(1).click();
    await poll(() => outputOf(page)).toContain('up');
    await button('Cancel').click();
    await seen(article.getByText('Cancelled', { exact: true }));
    await page.getByRole('list', { name: 'Runs' }).getByRole('link').first().click();
    await seen(article.getByRole('alert').filter({ hasText: 'exit code 4: no such thing' }));
    await seen(article.getByText('Failed', { exact: true }));
  });

  it('keeps the history with tokens and cost, repeats and forgets', async () => {
    await open('/runs');
    await start(['out', ANSWER]);
    await seen(page.getByText('1,200 in, 34 out'));
    await seen(page.getByRole('article').getByText('$0.0042'));
    await page.reload();
    await seen(page.getByRole('article').getByText('$0.0042'));
    await poll(() => outputOf(page)).toContain('Because.');
    await button('Run again').click();
    const rows = page.getByRole('list', { name: 'Runs' }).getByRole('listitem');
    await poll(() => rows.count()).toBe(2);
    await seen(page.getByRole('article').getByText('Done', { exact: true }));
    await button('More for this run').click();
    await page.getByRole('menuitem', { name: 'Forget this run' }).click();
    await button('Forget').click();
    await poll(() => rows.count()).toBe(1);
    await seen(page.getByText('Choose a run'));
  });

  it('says what is missing and why the server refused', async () => {
    await open('/runs');
    await seen(page.getByText('Nothing was run yet'));
    expect(await button('Run').getAttribute('data-tip')).toBe('Write what it shall do first');
    await page.getByText('System prompt and folder').click();
    await page.getByRole('combobox', { name: 'Folder to work in' }).fill('/etc');
    await start(['out', 'x']);
    await seen(page.getByRole('alert').or(page.getByRole('status')).filter({ hasText: 'Runs may not work in /etc' }));
    await page.goto(`${runs.url}/runs/no-such-run`);
    await seen(page.getByText('This run is not here'));
  });

  it('follows the end of a long output and keeps up with a flood', async () => {
    await open('/runs');
    await start(['bytes', 3 * 1024 * 1024], ['out', 'the very end\n']);
    // Of three megabytes without a break only the end is looked at: what is laid out for each look is what makes it late.
    const lastWords = (): Promise<string> =>
      page
        .locator('.run-output__line')
        .last()
        .evaluate((line) => ((line as unknown as { textContent: string | null }).textContent ?? '').slice(-40));
    await poll(lastWords).toContain('the very end');
    const atEnd = (): Promise<boolean> =>
      page
        .getByRole('region', { name: 'Output' })
        .evaluate(
          (box: { scrollHeight: number; scrollTop: number; clientHeight: number }) =>
            box.scrollHeight - box.scrollTop - box.clientHeight < 60,
        );
    await poll(atEnd).toBe(true);
    const box = page.getByRole('region', { name: 'Output' });
    await box.press('Home');
    // The browser takes a moment to get there.
    await poll(() => box.evaluate((element: { scrollTop: number }) => element.scrollTop)).toBe(0);
    await button('To the end').click();
    await poll(atEnd).toBe(true);
  });

  it.each(['light', 'dark'] as const)(
    'in the %s theme has nothing serious that axe-core finds, and fits a phone',
    async (colorScheme) => {
      for (const viewport of [
        { width: 1440, height: 900 },
        { width: 390, height: 844 },
      ]) {
        await open('/runs', { viewport, colorScheme, reducedMotion: 'reduce' });
        if (viewport.width > 1000) {
          await start(
            ['out', `plain\n\u001b[32mgreen\u001b[0m \u001b[33myellow\u001b[0m\n`],
            ['err', 'note\n'],
            ['exit', 3],
          );
          await seen(page.getByRole('article').getByText('Failed', { exact: true }));
        } else await page.getByRole('list', { name: 'Runs' }).getByRole('link').first().click();
        await poll(() => outputOf(page)).toContain('note');
        await page.evaluate(axe.source);
        const serious = await page.evaluate<string[]>(
          `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html.slice(0, 160)).join(" ")))`,
        );
        expect(serious).toEqual([]);
        expect(await lowContrast(page)).toEqual([]);
        expect(await contentWidth(page)).toBe(viewport.width);
        if (viewport.width < 1000) {
          await page.getByRole('link', { name: 'All runs' }).click();
          await seen(page.getByRole('textbox', { name: 'Prompt', exact: true }));
          expect(await contentWidth(page)).toBe(viewport.width);
        } else await context.close();
      }
    },
  );
});
