/** The media page in a real browser, over the real server and a real ffmpeg. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CommandName } from '../../src/contracts/commands.ts';
import type { MediaView } from '../../src/contracts/media.ts';
import { DRAW } from '../media/harness.ts';
import { launchChromium } from '../support/chromium.ts';
import { startFakeApp } from '../support/fake-app.ts';
import type { FakeApp } from '../support/fake-app.ts';
import { ffmpegFolder } from '../support/ffmpeg.ts';
import { contentWidth, lowContrast } from './page-checks.ts';

let scratch: string;
let served: FakeApp;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[];

const seen = (locator: Locator): Promise<void> => locator.first().waitFor({ timeout: 30_000 });
const button = (name: string | RegExp): Locator => page.getByRole('button', { name });
const gallery = (): Locator => page.getByRole('region', { name: 'Gallery' });
const making = (): Locator => page.getByRole('region', { name: 'In the making' });
const call = async <T>(command: CommandName, payload: object): Promise<T> => {
  const answer = await fetch(`${served.app.url}/api/commands/${command}`, {
    method: 'POST',
    body: JSON.stringify(payload),
  });
  const body = (await answer.json()) as { success: boolean; data: T; error: unknown };
  expect(body.error).toBeNull();
  return body.data;
};
const generate = async (tool: string, params: object): Promise<string> =>
  (await call<{ mediaId: string }>('media:generate', { tool, params })).mediaId;
const made = async (tool: string, params: object): Promise<string> => {
  const id = await generate(tool, params);
  await expect
    .poll(async () => (await call<{ media: MediaView }>('media:get', { mediaId: id })).media.state, { timeout: 30_000 })
    .toBe('complete');
  return id;
};

const newTab = async (): Promise<Page> => {
  const tab = await context.newPage();
  tab.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  tab.on('pageerror', (error) => complaints.push(String(error)));
  await tab.goto(`${served.app.url}/media`);
  await tab.getByRole('region', { name: 'Make something' }).waitFor({ timeout: 30_000 });
  return tab;
};
const open = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<void> => {
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  page = await newTab();
};
const choose = (tool: string): Promise<unknown> => page.getByLabel('What', { exact: true }).selectOption(tool);

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'llamactor-media-page-'));
  const bin = await ffmpegFolder(scratch);
  served = await startFakeApp({}, { web: true, env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` } });
  browser = await launchChromium();
  await call('media:save-tool', { tool: DRAW });
}, 600_000);
afterAll(async () => {
  await browser.close();
  await served.stop();
  await rm(scratch, { recursive: true, force: true });
});
beforeEach(async () => {
  complaints = [];
  const { media } = await call<{ media: MediaView[] }>('media:list', {});
  for (const { id } of media) await call('media:remove', { mediaId: id });
});
afterEach(async () => {
  await context.close();
  expect(complaints).toEqual([]);
});

describe('the media page', () => {
  it('on the first day says what there is to do, and offers a tool that needs nothing', async () => {
    await open();
    await seen(page.getByRole('heading', { name: 'Nothing here yet' }));
    expect(await page.getByLabel('What', { exact: true }).inputValue()).not.toBe('convert');
    expect(await page.locator('h1').innerText()).toBe('Media');
    await page.getByText('2 more tools are possible').click();
    await seen(page.getByText('There is no whisper-cli on this machine'));
  });

  it('makes a film by its form, shows how far it is, and plays it', async () => {
    await open();
    await choose('test-film');
    await page.getByLabel('Seconds').fill('3');
    await button('Make it').click();
    await seen(making().getByRole('progressbar', { name: 'Progress of Test film' }));
    await seen(gallery().getByRole('button', { name: /Test film.*Film · 640×360 · 3.0/ }));
    await gallery()
      .getByRole('button', { name: /Test film/ })
      .click();
    const dialog = page.getByRole('dialog', { name: 'Test film' });
    await seen(dialog);
    const film = dialog.locator('video');
    await expect
      .poll(() => film.evaluate((element: unknown) => (element as { videoWidth: number }).videoWidth), {
        timeout: 30_000,
      })
      .toBe(640);
    // Range requests: the middle is there without what comes before.
    await film.evaluate((element: unknown) => ((element as { currentTime: number }).currentTime = 2));
    await expect
      .poll(() => film.evaluate((element: unknown) => (element as { readyState: number }).readyState), {
        timeout: 30_000,
      })
      .toBeGreaterThanOrEqual(2);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  it('uploads a file, works on it, and says at the field what is wrong', async () => {
    await open();
    await choose('convert');
    expect(await button('Make it').getAttribute('aria-disabled')).toBe('true');
    const source = join(scratch, 'Ruler.gif');
    const gif = served.app.services.media.file(await made('test-film', { seconds: 1 }))?.path ?? '';
    await copyFile(gif, source);
    await page.locator('input[type=file]').setInputFiles(source);
    await seen(gallery().getByRole('button', { name: /^Ruler\.gif/ }));
    await page.getByLabel('Into').selectOption('png');
    await page.getByLabel('Height').fill('5');
    await button('Make it').click();
    await seen(page.getByRole('alert').filter({ hasText: 'must be a whole number from 16 to 4320' }));
    await page.getByLabel('Height').fill('90');
    await button('Make it').click();
    const tile = gallery().getByRole('button', { name: /Convert: Ruler\.gif.*Picture · 160×90/ });
    await seen(tile);
    await tile.click();
    const picture = page.getByRole('dialog').getByRole('img', { name: 'Convert: Ruler.gif' });
    await expect
      .poll(() => picture.evaluate((element: unknown) => (element as { naturalWidth: number }).naturalWidth))
      .toBe(160);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^[0-9a-f]{16}\.png$/);
  });

  it('two tabs agree; a job is cancelled in one of them', async () => {
    await open();
    const other = await newTab();
    await generate('draw', { fault: 'endless' });
    await seen(other.getByRole('region', { name: 'In the making' }).getByText('Drawing'));
    await seen(making().getByText(/20\s%/));
    await button('Cancel Draw').click();
    await other.getByRole('region', { name: 'In the making' }).waitFor({ state: 'detached' });
    await making().waitFor({ state: 'detached' });
  });

  it('shows why something failed, with its last lines, and fills the form to try again', async () => {
    await open();
    await generate('draw', { fault: 'crash', size: 7 });
    await seen(making().getByText('The tool ended with exit code 3'));
    await making().getByText('Its last lines', { exact: true }).click();
    await seen(making().getByText('failed: out of paint'));
    await button('Try again: Draw').click();
    await expect.poll(() => page.getByLabel('size').inputValue()).toBe('7');
    expect(await page.getByLabel('fault').inputValue()).toBe('crash');
  });

  it('takes a deletion back', async () => {
    await made('draw', { text: 'Some words that were made.' });
    await open();
    await gallery().getByRole('button', { name: /^Draw/ }).click();
    await seen(page.getByRole('dialog').getByText('Some words that were made.'));
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await gallery().waitFor({ state: 'detached' });
    await button('Undo').click();
    await seen(gallery().getByRole('button', { name: /^Draw/ }));
  });
});

describe('for everyone', () => {
  interface Violation {
    id: string;
    impact: string | null;
    nodes: { html: string }[];
  }
  const faults = async (): Promise<string[]> => {
    await page.evaluate(axe.source);
    const violations = await page.evaluate<Violation[]>(
      'axe.run(document, { resultTypes: ["violations"] }).then((result) => result.violations)',
    );
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' ')}`);
  };

  it.each(['light', 'dark'] as const)('in the %s theme nothing serious, and enough contrast', async (colorScheme) => {
    await made('test-film', { seconds: 1 });
    await generate('draw', { fault: 'crash' });
    await generate('draw', { fault: 'endless' });
    await open({ colorScheme, reducedMotion: 'reduce' });
    await seen(making().getByText(/20\s%/));
    await choose('convert');
    expect(await faults()).toEqual([]);
    expect(await lowContrast(page)).toEqual([]);
    await gallery()
      .getByRole('button', { name: /Test film/ })
      .click();
    await seen(page.getByRole('dialog'));
    expect(await faults()).toEqual([]);
    expect(await lowContrast(page)).toEqual([]);
  });

  it('fits a phone, also with the dialog open', async () => {
    await made('test-film', { seconds: 1 });
    await generate('draw', { fault: 'crash' });
    await open({ viewport: { width: 390, height: 844 }, hasTouch: true });
    await seen(making().getByText('exit code 3'));
    expect(await contentWidth(page)).toBe(390);
    await gallery()
      .getByRole('button', { name: /Test film/ })
      .click();
    await seen(page.getByRole('dialog'));
    expect(await contentWidth(page)).toBe(390);
  });
});
