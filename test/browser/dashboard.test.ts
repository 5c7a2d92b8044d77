/** The dashboard in a real browser, against a server whose state the test sets. */
import { resolve } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CodedError } from '../../src/contracts/errors.ts';
import { launchChromium } from '../support/chromium.ts';
import { aModel, manyModels, mixedModels, outOfMemory } from './fixture-models.ts';
import { FixtureServer } from './fixture-server.ts';
import {
  clipboard,
  contentWidth,
  focused,
  groundColour,
  hasFocus,
  lowContrast,
  namelessControls,
  watchForFlashes,
} from './page-checks.ts';

const server = new FixtureServer(resolve(import.meta.dirname, '../../dist/web'));
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What the browser complained about; a test that breaks the network on purpose empties it. */
let complaints: string[];

const SMOL = 'SmolLM2-360M-Instruct-Q8_0';
const QWEN = 'Qwen3-8B-Q4_K_M';

const livePill = (tab: Page): Locator => tab.getByRole('status').filter({ hasText: 'Connection: Live' });
const rows = (): Locator => page.getByRole('list', { name: 'All models' }).getByRole('listitem');
const row = (id: string): Locator => rows().filter({ hasText: id });
const active = (id: string): Locator =>
  page.getByRole('region', { name: 'Active models' }).getByRole('listitem').filter({ hasText: id });
const poll = (read: () => Promise<unknown>) => expect.poll(read, { timeout: 15_000 });
const callsOf = (event: string): unknown[] =>
  server.calls.filter((call) => call.event === event).map((call) => call.data);
const seen = (locator: Locator): Promise<void> => locator.waitFor({ timeout: 15_000 });
const gone = (locator: Locator): Promise<void> => locator.waitFor({ state: 'detached', timeout: 15_000 });

const open = async (path = '/models', options: Parameters<Browser['newContext']>[0] = {}): Promise<void> => {
  context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options });
  page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(server.url + path);
  await seen(livePill(page));
  // The page itself comes in a chunk of its own.
  await seen(page.getByRole('heading', { level: 1 }));
};

beforeAll(async () => {
  await server.start();
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  await server.stop();
});
beforeEach(() => {
  complaints = [];
  server.reset(mixedModels());
});
afterEach(async () => {
  await context.close();
  expect(complaints).toEqual([]);
});

describe('the list of models', () => {
  it('shows every model with its facts and states, and says in the tab that some failed', async () => {
    await open();
    expect(await rows().count()).toBe(15);
    const text = await row(QWEN).innerText();
    for (const fact of ['qwen3', '8.2B', 'Q4_K_M', '5.0\u00a0GB', '40K', 'Loaded']) expect(text).toContain(fact);
    expect(await row('Mistral-Small').innerText()).toContain('Loading 63\u00a0%');
    expect(await row('stable-code').innerText()).toContain('The file ends too early');
    expect(await row('stable-code').getByRole('button', { name: /^Load/ }).count()).toBe(0);
    const stats = await active(QWEN).innerText();
    for (const fact of ['5.6\u00a0GB', '32K', '×4', '2\u00a0h 7\u00a0min']) expect(stats).toContain(fact);
    await poll(() => page.title()).toBe('2 failed · Models · Llamactor');
    expect(await page.locator('link[rel=icon]').getAttribute('href')).toBe('/favicon-trouble.svg');
    expect(await page.getByTestId('loaded-total').innerText()).toBe('2 of 4');
  });

  it('loads on a click: progress, then loaded, without a reload', async () => {
    await open();
    await row(SMOL)
      .getByRole('button', { name: `Load ${SMOL}` })
      .click();
    await seen(active(SMOL).getByRole('progressbar'));
    expect(callsOf('models:load')).toEqual([{ modelId: SMOL }]);
    for (const progress of [12, 58]) {
      server.patch(SMOL, { progress });
      await poll(() => active(SMOL).getByRole('progressbar').getAttribute('aria-valuenow')).toBe(String(progress));
    }
    expect(await row(SMOL).innerText()).toContain('Loading 58\u00a0%');
    server.finishLoad(SMOL);
    await seen(row(SMOL).getByRole('button', { name: `Unload ${SMOL}` }));
    await seen(active(SMOL).getByText('Loaded'));
    await poll(() => page.getByTestId('loaded-total').innerText()).toBe('3 of 4');
  });

  it('takes a double click for one load, however fast the state moves, and a held key as well', async () => {
    await open();
    const load = row(SMOL).getByRole('button', { name: `Load ${SMOL}` });
    await load.scrollIntoViewIfNeeded();
    const box = await load.boundingBox();
    if (box === null) throw new Error('The button is not on the page.');
    await page.mouse.move(box.x + 10, box.y + 10);
    await page.mouse.down({ clickCount: 1 });
    await page.mouse.up({ clickCount: 1 });
    await seen(row(SMOL).getByRole('button', { name: `Cancel ${SMOL}` }));
    // In the same place, whatever lies there by now: a row that appeared above may have moved another button under the pointer.
    await page.mouse.down({ clickCount: 2 });
    await page.mouse.up({ clickCount: 2 });
    await row('gpt-oss').getByRole('button', { name: /^Load/ }).focus();
    await page.keyboard.down('Enter');
    await seen(row('gpt-oss').getByRole('button', { name: /^Cancel/ }));
    await page.keyboard.down('Enter');
    await page.keyboard.up('Enter');
    server.finishLoad(SMOL);
    await seen(active(SMOL).getByText('Loaded'));
    expect(callsOf('models:load')).toEqual([{ modelId: SMOL }, { modelId: 'gpt-oss-20b-mxfp4' }]);
    expect(callsOf('models:unload')).toEqual([]);
  });

  it('unloads, and asks first when requests would be cut off', async () => {
    await open();
    await row('gemma-3')
      .getByRole('button', { name: /^Unload/ })
      .click();
    await seen(row('gemma-3').getByRole('button', { name: /^Load/ }));
    await row(QWEN)
      .getByRole('button', { name: /^Unload/ })
      .click();
    const dialog = page.getByRole('dialog', { name: `Unload ${QWEN}?` });
    await seen(dialog);
    expect(await dialog.innerText()).toContain('2\u00a0requests being answered now will be cut off.');
    await page.keyboard.press('Escape');
    await gone(dialog);
    expect(callsOf('models:unload')).toHaveLength(1);
    expect(await hasFocus(row(QWEN).getByRole('button', { name: /^Unload/ }))).toBe(true);
    await row(QWEN)
      .getByRole('button', { name: /^Unload/ })
      .click();
    await dialog.getByRole('button', { name: 'Unload' }).click();
    await seen(row(QWEN).getByRole('button', { name: /^Load/ }));
  });

  it('shows the cause of a failed load, the engine’s lines, the countdown and the end of trying', async () => {
    await open();
    await row(SMOL).getByRole('button', { name: /^Load/ }).click();
    await seen(active(SMOL));
    server.failLoad(SMOL, outOfMemory(), { retryAt: Date.now() + 50_000, restarts: 1 });
    await seen(active(SMOL).getByText('The engine ran out of memory'));
    await seen(active(SMOL).getByText(/^Next try in [1-5]?\d\u00a0s$/));
    const message = page.getByRole('alert').filter({ hasText: `${SMOL} was not loaded` });
    await seen(message);
    const output = active(SMOL).getByText('unable to allocate CPU buffer');
    expect(await output.isVisible()).toBe(false);
    await active(SMOL).getByText('Engine output').click();
    expect(await output.isVisible()).toBe(true);
    await message.getByRole('button', { name: 'Dismiss' }).click();
    await gone(message);
    server.patch(SMOL, { retryAt: null, gaveUp: true, restarts: 5 });
    await seen(active(SMOL).getByText('Gave up after 5 restarts'));
    await active(SMOL)
      .getByRole('button', { name: `Retry ${SMOL}` })
      .click();
    await poll(() => active(SMOL).innerText()).toContain('Loading');
  });

  it('takes no notice of a load that was cancelled on purpose', async () => {
    await open();
    await row(SMOL).getByRole('button', { name: /^Load/ }).click();
    await seen(active(SMOL).getByRole('progressbar'));
    await active(SMOL)
      .getByRole('button', { name: `Cancel ${SMOL}` })
      .click();
    await gone(active(SMOL));
    await seen(row(SMOL).getByRole('button', { name: /^Load/ }));
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('shows what is changed elsewhere: states, new and removed models, in two tabs alike', async () => {
    await open();
    const second = await context.newPage();
    await second.goto(`${server.url}/models`);
    await livePill(second).waitFor();
    server.patch('gpt-oss-20b-mxfp4', { state: 'loading', progress: 5 });
    server.add(aModel('brand-new-1B'));
    server.remove('bge-reranker-v2-m3-Q8_0');
    for (const tab of [page, second]) {
      await tab.locator('.row', { hasText: 'brand-new-1B' }).waitFor();
      await tab.locator('.row', { hasText: 'gpt-oss' }).getByText('Loading 5').waitFor();
      expect(await tab.locator('.row', { hasText: 'bge-reranker' }).count()).toBe(0);
    }
  });

  it('asks for a snapshot again when an increment is missing', async () => {
    await open();
    expect(callsOf('live:subscribe')).toHaveLength(1);
    server.models.set(SMOL, aModel(SMOL, { state: 'loaded' }));
    server.loseIncrement();
    server.patch('gpt-oss-20b-mxfp4', { state: 'loaded' });
    await seen(active(SMOL).getByText('Loaded'));
    await seen(active('gpt-oss').getByText('Loaded'));
    expect(callsOf('live:subscribe')).toHaveLength(2);
  });

  it('says in words when a command is refused', async () => {
    await open();
    server.failing.set('models:scan', new CodedError('FORBIDDEN', 'This key may only look.'));
    await page.getByRole('button', { name: 'Rescan' }).click();
    const message = page.getByRole('alert').filter({ hasText: 'The folders were not searched' });
    await seen(message);
    expect(await message.innerText()).toContain('This key may only look.');
    server.failing.clear();
    await page.getByRole('button', { name: 'Rescan' }).click();
    await seen(page.getByText('Nothing has changed.'));
  });
});

describe('finding a model', () => {
  it('searches, filters by state with counts, and keeps both in the address', async () => {
    await open();
    await page.keyboard.press('/');
    await page.keyboard.type('qwen q4');
    await poll(() => rows().count()).toBe(4);
    await poll(async () => new URL(page.url()).searchParams.get('q')).toBe('qwen q4');
    const states = page.getByRole('group', { name: 'Show by state' });
    expect(await states.getByRole('button', { name: /^Loaded/ }).innerText()).toContain('1');
    await states.getByRole('button', { name: /^Loaded/ }).click();
    await poll(() => rows().count()).toBe(1);
    await page.reload();
    await seen(row(QWEN));
    expect(await rows().count()).toBe(1);
    expect(await page.getByRole('searchbox').inputValue()).toBe('qwen q4');
    await page.getByRole('searchbox').press('Escape');
    await poll(() => rows().count()).toBe(2);
    await page.getByRole('searchbox').fill('nothing like this');
    await seen(page.getByText('Nothing matches'));
    await page.getByRole('button', { name: 'Show all models' }).click();
    await poll(() => rows().count()).toBe(15);
  });

  it('sorts by column, largest first, and turns round on the second press', async () => {
    await open();
    const size = page.getByRole('group', { name: 'Sort the models' }).getByRole('button', { name: /Sort by size/ });
    await size.click();
    await poll(() => rows().first().innerText()).toContain('Llama-3.3-70B');
    await size.click();
    await poll(() => rows().first().innerText()).toContain('nomic-embed');
    await page.getByRole('combobox', { name: 'Sort by' }).selectOption('Name');
    await poll(() => rows().first().innerText()).toContain('Unloaded');
  });
});

describe('one model', () => {
  it('opens beside the list with what would happen, and closes on Escape with the focus where it was', async () => {
    await open();
    const name = row(SMOL).getByRole('button', { name: SMOL, exact: true });
    await name.click();
    const drawer = page.getByRole('dialog', { name: SMOL });
    await seen(drawer.getByText('It fits'));
    expect(callsOf('placement:explain')).toEqual([{ modelId: SMOL }]);
    const text = await drawer.innerText();
    for (const fact of ['5.5\u00a0GB', '/v1/chat/completions', `/home/ana/models/${SMOL}.gguf`, '362M'])
      expect(text).toContain(fact);
    server.patch(SMOL, { state: 'loading', progress: 40 });
    await seen(drawer.getByRole('img', { name: 'The five states; now it is loading' }));
    await page.keyboard.press('Escape');
    await gone(drawer);
    expect(await hasFocus(name)).toBe(true);
    await poll(async () => new URL(page.url()).searchParams.get('model')).toBeNull();
  });

  it('can be sent as a link, and says so when it is not there', async () => {
    server.explanation = { ...server.explanation, verdict: 'evicts', evicts: [QWEN] };
    await open(`/models?model=${SMOL}`);
    const drawer = page.getByRole('dialog', { name: SMOL });
    await seen(drawer.getByText('Others make room'));
    expect(await drawer.innerText()).toContain(`Would be unloaded: ${QWEN}`);
    await page.goto(`${server.url}/models?model=nowhere`);
    await seen(page.getByText('This model is not here'));
  });

  it('copies a command that uses it', async () => {
    await open('/models', { permissions: ['clipboard-read', 'clipboard-write'] });
    await row(SMOL)
      .getByRole('button', { name: `More for ${SMOL}` })
      .click();
    await page.getByRole('menuitem', { name: 'Copy curl command' }).click();
    await seen(page.getByText('The command copied'));
    const copied = await clipboard(page);
    expect(copied).toContain(`"model":"${SMOL}"`);
    expect(copied).toContain('http://127.0.0.1:8080/v1/chat/completions');
  });
});

describe('the connection', () => {
  it('marks what it shows as stale while the server is away, refuses to act, and goes on when it is back', async () => {
    await open();
    await server.stop();
    await seen(page.getByText('Reconnecting to Llamactor'));
    expect(await rows().count()).toBe(15);
    await seen(page.getByText('Llamactor is not answering'));
    expect(await page.getByText('What you see was true at').count()).toBe(1);
    await poll(() => page.title()).toBe('Offline · Models · Llamactor');
    const load = row(SMOL).getByRole('button', { name: /^Load/ });
    expect(await load.getAttribute('aria-disabled')).toBe('true');
    // Marked is not enough: pressing it all the same must not send anything, now or later.
    await load.click({ force: true });
    server.models.set(SMOL, aModel(SMOL, { state: 'loaded' }));
    await server.start();
    await page.getByRole('button', { name: 'Try now' }).click();
    await seen(livePill(page));
    await seen(active(SMOL).getByText('Loaded'));
    await gone(page.getByText('Llamactor is not answering'));
    expect(callsOf('models:load')).toEqual([]);
    expect(complaints.every((text) => /ERR_CONNECTION|WebSocket/.test(text))).toBe(true);
    complaints = [];
  });

  it('never empties the page for a short interruption', async () => {
    await open();
    const flashes = await watchForFlashes(page);
    await server.stop();
    await server.start();
    await poll(async () => callsOf('live:subscribe').length).toBe(2);
    await seen(livePill(page));
    expect(await flashes()).toBe(0);
    complaints = complaints.filter((text) => !/ERR_CONNECTION|WebSocket/.test(text));
  });

  it('says who is missing when nobody answers at all', async () => {
    context = await browser.newContext();
    page = await context.newPage();
    server.refusing = true;
    await page.goto(`${server.url}/models`);
    await seen(page.getByRole('heading', { name: 'Llamactor is not answering' }));
    expect(await page.getByText('llamactor serve').isVisible()).toBe(true);
    server.refusing = false;
    await page.getByRole('button', { name: 'Try now' }).click();
    await seen(row(QWEN));
  });
});

describe('the engine and the API', () => {
  it('offers to install a missing engine and shows how far it is', async () => {
    await open();
    server.setEngine({ state: 'missing', version: null, path: null, problem: 'No llama-server was found.' });
    await seen(page.getByText('No llama-server was found.'));
    await poll(() => page.title()).toBe('No engine · Models · Llamactor');
    await page.getByRole('button', { name: 'Install engine' }).click();
    await seen(page.getByRole('region', { name: 'Engine' }).getByText('Installing 42\u00a0%'));
    expect(
      await page.getByRole('progressbar', { name: 'Installing the engine' }).first().getAttribute('aria-valuenow'),
    ).toBe('42');
    server.setEngine({ state: 'ready', version: 'b12000', progress: null });
    await seen(page.getByText('llama.cpp b12000'));
  });

  it('copies the URL, and starts a router that failed', async () => {
    await open('/models', { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('button', { name: 'Copy the API’s URL' }).click();
    await poll(() => clipboard(page)).toBe('http://127.0.0.1:8080/v1');
    server.setRouter({
      state: 'error',
      url: null,
      failure: { ...outOfMemory(), code: 'PORT_IN_USE', message: 'Port 8080 is in use.', stderr: [] },
    });
    await seen(page.getByText('The API is down'));
    await page.getByRole('button', { name: 'Start again' }).click();
    await seen(page.getByRole('region', { name: 'API' }).getByText('Running'));
  });
});

describe('for everyone', () => {
  it('can be used with the keyboard alone', async () => {
    await open();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toContain('Skip to the content');
    await page.keyboard.press('/');
    await page.keyboard.type('smol');
    await poll(() => rows().count()).toBe(1);
    const focus = (): Promise<string | undefined> => focused(page);
    for (let presses = 0; presses < 30 && (await focus()) !== `Load ${SMOL}`; presses += 1)
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    // The focus stays on the button while its meaning moves on.
    await poll(focus).toBe(`Cancel ${SMOL}`);
    server.finishLoad(SMOL);
    await poll(focus).toBe(`Unload ${SMOL}`);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await poll(focus).toBe('Details');
    await page.keyboard.press('ArrowDown');
    await poll(focus).toBe('Chat');
    await page.keyboard.press('Escape');
    await poll(focus).toBe(`More for ${SMOL}`);
    await page.keyboard.press('/');
    await page.keyboard.press('Escape');
    await poll(() => rows().count()).toBe(15);
    await rows().first().locator('.row__title').focus();
    await page.keyboard.press('ArrowDown');
    expect(await hasFocus(rows().nth(1).locator('.row__title'))).toBe(true);
  });

  it('tells screen readers what happens', async () => {
    await open();
    server.patch(SMOL, { state: 'loading', progress: 0 });
    server.patch(SMOL, { state: 'error', progress: null, failure: outOfMemory() });
    await seen(page.getByRole('status').filter({ hasText: `${SMOL} failed: The engine ran out of memory` }));
    expect(await namelessControls(page)).toEqual([]);
  });

  it.each(['light', 'dark'] as const)(
    'has enough contrast in the %s theme, also in the drawer',
    async (colorScheme) => {
      await open('/models', { colorScheme, reducedMotion: 'reduce' });
      server.setEngine({ state: 'missing', version: null, path: null, problem: 'No llama-server was found.' });
      server.setRouter({ state: 'error', url: null, failure: { ...outOfMemory(), message: 'Port 8080 is in use.' } });
      await seen(page.getByText('The API is down'));
      expect(await lowContrast(page)).toEqual([]);
      await row('Llama-3.3').locator('.row__title').click();
      await seen(page.getByText('It fits'));
      expect(await lowContrast(page)).toEqual([]);
      expect(await namelessControls(page)).toEqual([]);
    },
  );

  it('switches the theme, keeps it over a reload, and has it before the first paint', async () => {
    await open('/models', { colorScheme: 'light' });
    const ground = (): Promise<string> => groundColour(page);
    const light = await ground();
    await page.locator('label', { hasText: 'Dark' }).click();
    await poll(ground).not.toBe(light);
    const dark = await ground();
    // Without the page's own script only the blocking one has run by the first paint.
    await page.route('**/assets/*.js', (route) => route.abort());
    await page.reload({ waitUntil: 'commit' });
    await poll(ground).toBe(dark);
    await page.unroute('**/assets/*.js');
    await page.reload();
    await seen(livePill(page));
    await page.locator('label', { hasText: 'As the system' }).click();
    await poll(ground).toBe(light);
    complaints = complaints.filter((text) => !text.includes('ERR_FAILED'));
  });

  it('fits a phone: nothing is wider than the screen, and the status is one press away', async () => {
    await open('/models', { viewport: { width: 390, height: 844 } });
    expect(await contentWidth(page)).toBe(390);
    expect(await page.getByText('llama.cpp b11669').isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Show the menu and the system’s status' }).click();
    expect(await page.getByText('llama.cpp b11669').isVisible()).toBe(true);
    await page.getByRole('button', { name: 'Hide the menu and the system’s status' }).click();
    await row(SMOL).locator('.row__title').click();
    await seen(page.getByRole('dialog', { name: SMOL }));
    expect(await contentWidth(page)).toBe(390);
  });

  it('says where to put files when there are none', async () => {
    server.reset([]);
    await open('/models');
    await seen(page.getByRole('heading', { name: 'No models yet' }));
    expect(await page.getByText('/home/ana/models').isVisible()).toBe(true);
    server.add(aModel('first-model'));
    await seen(row('first-model'));
  });

  it('draws a thousand models bit by bit, and every one can be reached', async () => {
    server.reset(manyModels(1000));
    await open();
    expect(await rows().count()).toBe(1000);
    expect(await page.locator('.row:not([data-far])').count()).toBeLessThan(120);
    const last = rows().last();
    expect(await last.innerText()).toBe('model-1000-Q4_K_M');
    await last.scrollIntoViewIfNeeded();
    await last.getByRole('button', { name: 'Load model-1000-Q4_K_M' }).click();
    await seen(last.getByText('Loading 0'));
    await page.getByRole('searchbox').fill('0500');
    await poll(() => rows().count()).toBe(1);
  });
});
