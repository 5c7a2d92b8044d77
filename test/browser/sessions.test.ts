/** The page of the sessions over real sessions: a real browser is watched, asked for consent and taken over. */
import { resolve } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { contentWidth, hasFocus, lowContrast } from './page-checks.ts';
import { startSessionsApp } from './sessions-app.ts';
import type { Line, SessionsApp } from './sessions-app.ts';

let app: SessionsApp;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[];

const seen = (locator: Locator): Promise<void> => locator.first().waitFor({ timeout: 20_000 });
const gone = (locator: Locator): Promise<void> => locator.first().waitFor({ state: 'detached', timeout: 20_000 });
const poll = (read: () => unknown) => expect.poll(read, { timeout: 20_000 });
const newTab = async (address: string): Promise<Page> => {
  const tab = await context.newPage();
  tab.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  tab.on('pageerror', (error) => complaints.push(String(error)));
  await tab.goto(app.url + address);
  await seen(tab.getByRole('status').filter({ hasText: 'Connection: Live' }));
  return tab;
};
const open = async (address: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<void> => {
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options });
  page = await newTab(address);
};
const button = (name: string | RegExp, on = page): Locator =>
  on.getByRole('button', { name, exact: typeof name === 'string' });
const timeline = (on = page): Locator => on.getByRole('region', { name: 'What happened' });
const live = (on = page): Locator => on.locator('.live-view');

const read: Line = () => ({ call: { tool: 'read', arguments: { from: 0 } }, words: 'Let me see what is here.' });
const visit = (path: string): Line => {
  return () => ({
    call: { tool: 'navigate', arguments: { url: app.shop.origin + path } },
    thought: 'They named the shop.',
  });
};
const click =
  (words: string): Line =>
  ({ ref }) => ({ call: { tool: 'click', arguments: { ref: ref(words) } }, words: `Now I click ${words}.` });
const finish: Line = () => ({ call: { tool: 'finish', arguments: { answer: 'The blue cup is bought.', done: true } } });
const start = async (task = `Buy a blue cup at ${app.shop.origin}/`): Promise<void> => {
  await page.getByRole('textbox', { name: 'Task' }).fill(task);
  await button('Start').click();
  await seen(page.getByRole('article', { name: /^Session: / }));
};

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
beforeEach(async () => {
  complaints = [];
  app = await startSessionsApp(resolve(import.meta.dirname, '../../dist/web'));
});
afterEach(async () => {
  await context.close();
  await app.close();
  expect(complaints).toEqual([]);
});

describe('a session', () => {
  it('says what it is for, begins, and shows its steps and its browser as they come', async () => {
    await open('/sessions');
    await seen(page.getByText('A model that works in a browser for you'));
    expect(await button('Start').getAttribute('data-tip')).toBe('Write what it shall do first');
    await start();
    app.script(visit('/'), read);
    await seen(timeline().getByText(`Open ${app.shop.origin}/`));
    await seen(timeline().getByText('Let me see what is here.'));
    await seen(page.getByText('Live', { exact: true }));
    await seen(live().getByRole('img', { name: /Cups for every day/ }));
    await seen(page.getByText(`${app.shop.origin}/`, { exact: true }));
    await seen(page.getByText(/Step\s2 of/));
    await timeline().getByText('What it was told').last().click();
    await seen(timeline().getByText('Add Blue cup to the cart'));
    await timeline().getByText('What it thought').click();
    await seen(timeline().getByText('They named the shop.'));
    await timeline()
      .getByRole('button', { name: /^Enlarge: After: Open/ })
      .first()
      .click();
    const large = page.getByRole('dialog').getByRole('img');
    await poll(() => large.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth)).toBe(1280);
    await page.keyboard.press('Escape');
    // A deep link shows the same, and the list leads back to it.
    const address = new URL(page.url()).pathname;
    const late = await newTab(address);
    await seen(timeline(late).getByText('Let me see what is here.'));
    await late.getByRole('link', { name: 'All sessions' }).click();
    await late.getByRole('link', { name: /^Buy a blue cup/ }).click();
    await seen(timeline(late).getByText('Let me see what is here.'));
    await newTab('/sessions/none').then((tab) => seen(tab.getByText('This session is not here')));
  });

  it('is watched only while somebody looks', async () => {
    await open('/sessions');
    await start();
    app.script(visit('/'));
    await seen(page.getByText('Live', { exact: true }));
    expect(app.watching()).toBe(1);
    await page.getByRole('link', { name: 'All sessions' }).click();
    await poll(app.watching).toBe(0);
  });

  it('stays as it is while the connection is lost, and goes on where it is by then', async () => {
    await open('/sessions');
    await start();
    app.script(visit('/'));
    await seen(page.getByText('Live', { exact: true }));
    await seen(timeline().getByText('What it thought'));
    // Counts the moments in which the picture, the transcript or an entry of it is gone.
    await page.evaluate(`globalThis.flashes = 0;
      globalThis.least = document.querySelectorAll('.entry').length;
      new MutationObserver(() => {
        const whole = document.querySelector('.live-view__picture') !== null;
        if (!whole || document.querySelectorAll('.entry').length < least) flashes += 1;
      }).observe(document.body, { childList: true, subtree: true });`);
    app.drop();
    const connection = page.getByRole('status').filter({ hasText: 'Connection:' }).first();
    await poll(() => connection.innerText()).not.toContain('Live');
    app.script(read);
    await poll(() => connection.innerText()).toContain('Live');
    await seen(timeline().getByText('Let me see what is here.'));
    await poll(app.watching).toBe(1);
    expect(await page.evaluate('[least > 0, flashes]')).toEqual([true, 0]);
  });

  it('asks a question, and goes on with the answer', async () => {
    await open('/sessions');
    await start();
    app.script(() => ({ call: { tool: 'ask', arguments: { question: 'Which colour do you want?' } } }));
    await seen(page.getByText('Needs you'));
    const other = await newTab(new URL(page.url()).pathname);
    const field = other.getByRole('textbox', { name: 'Your answer' });
    await field.fill('Blue, please.');
    await field.press('Enter');
    for (const tab of [page, other]) await seen(timeline(tab).getByText('Blue, please.'));
    app.script(finish);
    for (const tab of [page, other])
      await seen(tab.getByRole('region', { name: 'Its answer' }).getByText('The blue cup is bought.'));
    await seen(page.getByText('Done', { exact: true }));
  });

  it('asks before it sends and pays: refused with a reason, allowed once, and told in every tab', async () => {
    await open('/sessions');
    await start();
    const other = await newTab('/models');
    app.script(visit('/'), read, click('Add Blue cup'));
    const asks = page.getByRole('list', { name: 'It asks for your consent' });
    await seen(asks.getByText('Click “Add Blue cup to the cart”'));
    await seen(asks.getByText('It sends a form.'));
    await seen(asks.getByText(/min left/));
    await poll(() =>
      asks.locator('img').evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth),
    ).toBe(1280);
    // The page of the session asks by itself; every other page has the tray, which leads here.
    expect(await page.getByRole('region', { name: 'Waiting for your answer' }).count()).toBe(0);
    await other
      .getByRole('region', { name: 'Waiting for your answer' })
      .getByRole('link', { name: 'Show the session' })
      .click();
    await seen(other.getByRole('list', { name: 'It asks for your consent' }));
    await asks.getByRole('button', { name: /^Reject/ }).click();
    await asks.getByRole('textbox', { name: /Why not/ }).fill('Take the mug instead.');
    await asks.getByRole('button', { name: /^Reject/ }).click();
    for (const tab of [page, other]) {
      await seen(timeline(tab).getByText('Refused'));
      await seen(
        timeline(tab)
          .getByText(/Take the mug instead\./)
          .first(),
      );
      await gone(tab.getByRole('list', { name: 'It asks for your consent' }));
    }
    app.script(click('Add Clay mug'));
    await asks.getByRole('button', { name: /^Approve once/ }).click();
    await seen(timeline().getByText('Approved'));
    await poll(() => app.shop.requests).toContain('POST /add');
  });

  it('is taken over by hand and given back with a note', async () => {
    await open('/sessions');
    await start();
    app.script(visit('/'));
    await seen(page.getByText('Live', { exact: true }));
    await button('Take over').click();
    await seen(page.getByText('You have the browser'));
    const surface = page.getByRole('application');
    await seen(surface.getByRole('img'));
    const box = (await surface.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    // The search field of the shop, found on its picture.
    await page.mouse.click(box.x + (930 / 1280) * box.width, box.y + (46 / 800) * box.height);
    await poll(() => app.inputs.map(({ kind }) => kind)).toEqual(['click']);
    expect(app.inputs[0]).toMatchObject({ x: expect.closeTo(930, -1) as number, y: expect.closeTo(46, -1) as number });
    expect(await hasFocus(surface)).toBe(true);
    await page.keyboard.type('mug');
    await page.keyboard.press('Enter');
    await poll(() => app.shop.requests).toContain('GET /search?q=mug');
    await seen(live().getByRole('img', { name: /What we found/ }));
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.wheel(0, 200);
    await poll(() => app.inputs.at(-1)?.kind).toBe('scroll');
    await page.getByRole('textbox', { name: 'Address' }).fill(`${app.shop.origin}/cart`);
    await page.getByRole('textbox', { name: 'Address' }).press('Enter');
    await seen(live().getByRole('img', { name: /Your cart/ }));
    await button('Back to the page before').click();
    await seen(live().getByRole('img', { name: /What we found/ }));
    await page.getByRole('textbox', { name: 'What you did, for the model' }).fill('I looked for mugs.');
    await button('Give back').click();
    await seen(timeline().getByText(/I looked for mugs\./));
    await gone(page.getByText('You have the browser'));
  });

  it('is paused, goes on with an instruction, and is cancelled in every tab', async () => {
    await open('/sessions');
    await start();
    app.script(visit('/'));
    await seen(timeline().getByText(`Open ${app.shop.origin}/`));
    const other = await newTab(new URL(page.url()).pathname);
    await button('Pause').click();
    await seen(other.getByText('Paused', { exact: true }));
    await other.getByRole('textbox', { name: 'A further instruction' }).fill('Only look, buy nothing.');
    await button('Continue', other).click();
    for (const tab of [page, other]) await seen(timeline(tab).getByText('Only look, buy nothing.'));
    await button('Cancel').click();
    for (const tab of [page, other]) await seen(tab.getByText('Cancelled', { exact: true }));
    // The last picture stays.
    await seen(page.getByText('Last picture'));
    await button('More for this session').click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    await page.getByRole('textbox', { name: 'Name of the session' }).fill('Cups');
    await page.keyboard.press('Enter');
    await seen(other.getByRole('heading', { name: 'Cups' }));
    await button('More for this session').click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await button('Remove').click();
    await seen(other.getByText('This session is not here'));
    await seen(page.getByText('A model that works in a browser for you'));
  });

  it('takes files by picking, shows what was not sent, and gives what it downloaded', async () => {
    await open('/sessions');
    const pick = (name: string, buffer: Buffer): Promise<void> =>
      page.getByLabel('Files to attach').setInputFiles({ name, mimeType: 'text/plain', buffer });
    await pick('big.txt', Buffer.alloc(2 ** 20 + 1, 'x'));
    const attached = page.getByRole('list', { name: 'Attached files' });
    await seen(attached.getByRole('alert').filter({ hasText: '1 MiB' }));
    await page.getByRole('textbox', { name: 'Task' }).fill('Read it');
    expect(await button('Start').getAttribute('data-tip')).toBe('A file was not sent; take it out first');
    await button('Take out big.txt').click();
    // The browser itself complains of the refusal.
    complaints.length = 0;
    await pick('measures.txt', Buffer.from('0.2 l'));
    await seen(attached.getByText('measures.txt'));
    const dropped = await page.evaluateHandle(
      "(() => { const data = new DataTransfer(); data.items.add(new File(['blue'], 'colours.txt')); return data; })()",
    );
    await page.getByRole('textbox', { name: 'Task' }).dispatchEvent('drop', { dataTransfer: dropped });
    await seen(attached.getByText('colours.txt'));
    await gone(attached.getByRole('progressbar'));
    await start();
    for (const name of ['measures.txt', 'colours.txt']) await seen(timeline().getByRole('link', { name }));
    app.script(visit('/thanks'), read, ({ ref }) => ({
      call: { tool: 'download', arguments: { ref: ref('Receipt') } },
    }));
    await page.getByRole('button', { name: /^Always in this session: / }).click();
    const link = page.getByRole('region', { name: 'Downloads' }).getByRole('link', { name: /receipt\.txt/ });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    let text = '';
    for await (const chunk of await download.createReadStream()) text += String(chunk);
    expect(text).toContain('one blue cup');
  });
});

it('a question is heard, once it was asked for in the settings', async () => {
  await open('/settings');
  await page.addInitScript(
    'globalThis.tones = 0; const make = AudioContext.prototype.createOscillator; AudioContext.prototype.createOscillator = function () { globalThis.tones += 1; return make.call(this); };',
  );
  await page.reload();
  const tones = (): Promise<number> => page.evaluate('globalThis.tones');
  await page.getByRole('switch', { name: 'Sound' }).check();
  await poll(tones).toBe(2);
  await page.reload();
  expect(await page.getByRole('switch', { name: 'Sound' }).isChecked()).toBe(true);
  await seen(page.getByRole('status').filter({ hasText: 'Connection: Live' }));
  const asks = { title: 'Publish', reason: '', preview: null, session: null, rule: null, timeoutMs: 60_000 };
  await app.services.approvals.request(asks, { owner: 'shared', who: 'the agent Ada', by: 'test' });
  await poll(tones).toBe(2);
});

describe('for everyone', () => {
  it.each([
    ['light', 1440],
    ['dark', 390],
  ] as const)('in the %s theme at %i px nothing serious is found', async (colorScheme, width) => {
    await open('/sessions', { colorScheme, viewport: { width, height: 900 } });
    const check = async (): Promise<void> => {
      await page.evaluate(axe.source);
      const found = await page.evaluate<{ id: string; impact: string; nodes: { html: string }[] }[]>(
        'axe.run(document, { resultTypes: ["violations"] }).then((result) => result.violations)',
      );
      const serious = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect(serious.map(({ id: rule, nodes }) => `${rule}: ${nodes[0]?.html ?? ''}`)).toEqual([]);
      expect(await lowContrast(page)).toEqual([]);
      expect(await contentWidth(page)).toBe(width);
    };
    await seen(page.getByText('A model that works in a browser for you'));
    await check();
    await start();
    app.script(visit('/'), read, click('Add Blue cup'));
    await seen(page.getByRole('button', { name: /^Approve once/ }));
    await check();
    await page.getByRole('button', { name: /^Approve once/ }).click();
    await seen(timeline().getByText('Approved'));
    await button('Take over').click();
    await seen(page.getByText('You have the browser'));
    await check();
  });
});
