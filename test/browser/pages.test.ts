/** Each page's main job in a real browser, and whether everyone can use it. The models page has a file of its own. */
import { resolve } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CodedError } from '../../src/contracts/errors.ts';
import { launchChromium } from '../support/chromium.ts';
import { aRequest, someKeys, someRequests, someRunning } from './fixture-activity.ts';
import { aVariant, someDecisions, someLines, somePresets } from './fixture-data.ts';
import { aModel, metadata, mixedModels } from './fixture-models.ts';
import { FixtureServer } from './fixture-server.ts';
import { clipboard, contentWidth, hasFocus, lowContrast } from './page-checks.ts';

const server = new FixtureServer(resolve(import.meta.dirname, '../../dist/web'));
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What the browser complained about; a test that makes it complain on purpose empties it. */
let complaints: string[];

const QWEN = 'Qwen3-8B-Q4_K_M';
const poll = (read: () => unknown) => expect.poll(read, { timeout: 15_000 });
const seen = (locator: Locator): Promise<void> => locator.first().waitFor({ timeout: 15_000 });
const gone = (locator: Locator): Promise<void> => locator.waitFor({ state: 'detached', timeout: 15_000 });
const callsOf = (event: string): unknown[] =>
  server.calls.filter((call) => call.event === event).map(({ data }) => data);
const button = (name: string | RegExp): Locator => page.getByRole('button', { name });
const path = (): string => new URL(page.url()).pathname;

const newTab = async (address: string): Promise<Page> => {
  const tab = await context.newPage();
  tab.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  tab.on('pageerror', (error) => complaints.push(String(error)));
  await tab.goto(server.url + address);
  await seen(tab.getByRole('status').filter({ hasText: 'Connection: Live' }));
  await tab.locator('h1').first().waitFor({ state: 'attached', timeout: 15_000 });
  return tab;
};
const open = async (address: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<void> => {
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  page = await newTab(address);
};
/** Its code comes with its first opening: whoever types before it is there types into nothing. */
const openPalette = async (): Promise<void> => {
  await page.keyboard.press('Control+k');
  await seen(page.getByRole('combobox', { name: 'Find a page, a model or an action' }));
};
/** The text of what the next click downloads. */
const downloaded = async (click: () => Promise<void>): Promise<{ name: string; text: string }> => {
  const [download] = await Promise.all([page.waitForEvent('download'), click()]);
  let text = '';
  for await (const chunk of await download.createReadStream()) text += String(chunk);
  return { name: download.suggestedFilename(), text };
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
  server.decisions = someDecisions(Date.now());
  server.logs = someLines(Date.now(), 300);
  server.presets = somePresets();
  server.requests = someRequests(Date.now(), 300);
  server.running = someRunning(Date.now());
  server.keys = someKeys(Date.now());
});
afterEach(async () => {
  await context.close();
  expect(complaints).toEqual([]);
});

describe('the shell', () => {
  it('goes from page to page by link, by keys and back, and names them in the tab', async () => {
    await open('/');
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Logs' }).click();
    await seen(page.getByRole('heading', { name: 'Logs', level: 1 }));
    expect(await page.title()).toBe('2 failed · Logs · Llamactor');
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await seen(page.getByRole('heading', { name: 'Monitoring', level: 1 }));
    await page.goBack();
    await seen(page.getByRole('heading', { name: 'Logs', level: 1 }));
    await page.keyboard.press('?');
    await seen(page.getByRole('dialog', { name: 'Keyboard shortcuts' }));
    await page.keyboard.press('Escape');
    await gone(page.getByRole('dialog', { name: 'Keyboard shortcuts' }));
    await page.goto(`${server.url}/nowhere`);
    await seen(page.getByText('There is no such page'));
  });

  it('does by name what is typed into the palette: a page, a model, an action', async () => {
    await open('/');
    await openPalette();
    await page.keyboard.type('load smol');
    await page.keyboard.press('Enter');
    await poll(() => callsOf('models:load')).toEqual([{ modelId: 'SmolLM2-360M-Instruct-Q8_0' }]);
    await openPalette();
    await page.keyboard.type('settings');
    await page.keyboard.press('Enter');
    await poll(path).toBe('/settings');
    await openPalette();
    await page.keyboard.type('restart router');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Restart the router?' }).getByRole('button', { name: 'Restart' }).click();
    await poll(() => callsOf('router:restart')).toHaveLength(1);
    await openPalette();
    await seen(page.getByRole('combobox', { name: /^Find/ }));
    await page.keyboard.press('Escape');
    await gone(page.getByRole('combobox', { name: /^Find/ }));
  });

  it('offers to take an unload back', async () => {
    await open('/models');
    const row = page.getByRole('list', { name: 'All models' }).getByRole('listitem').filter({ hasText: 'gemma-3' });
    await row.getByRole('button', { name: /^Unload/ }).click();
    await button('Load again').click();
    await poll(() => callsOf('models:load')).toEqual([{ modelId: 'gemma-3-12b-it-Q4_K_M' }]);
  });
});

describe('the dashboard', () => {
  it('says how things are, what runs, what it costs and what happened', async () => {
    await open('/');
    await seen(page.getByText('2\u00a0models failed; the rest works'));
    await seen(page.getByRole('region', { name: 'CPU' }).getByText(/^\d+\u00a0%$/));
    const models = page.getByRole('region', { name: 'Models' });
    await seen(models.getByRole('link', { name: 'Loaded 2' }));
    expect(await models.innerText()).toContain('2\u00a0requests');
    const story = page.getByRole('region', { name: 'What happened' });
    expect(await story.innerText()).toContain('to make room for Mistral-Small-3.2-24B');
    expect(await page.getByRole('region', { name: 'Server' }).innerText()).toContain('http://127.0.0.1:8080/v1');
    await seen(page.getByRole('region', { name: 'Who has the memory' }).getByText(QWEN));
    await page.getByRole('button', { name: 'Load a model' }).click();
    expect(await page.getByRole('combobox', { name: /^Find/ }).inputValue()).toBe('load ');
  });

  it('offers nothing while the hub cannot be asked, and asks again on a press', async () => {
    server.reset([aModel('llamactor-demo')]);
    server.failing.set('downloads:options', new CodedError('UPSTREAM_FAILED', 'huggingface.co cannot be reached.'));
    await open('/');
    await seen(page.getByText('huggingface.co cannot be reached.'));
    expect(await page.getByText('huggingface.co cannot be reached.').count()).toBe(1);
    expect(await button(/^Download/).count()).toBe(0);
    server.failing.clear();
    server.hub.set('ggml-org/Qwen3-4B-GGUF', aVariant('Q4_K_M', 2_497_000_000));
    await button('Ask again').click();
    await seen(button('Download Qwen3 4B'));
    await gone(page.getByText('huggingface.co cannot be reached.'));
  });

  it('shows the way on the first day, and downloads only where the server can', async () => {
    server.reset([aModel('llamactor-demo')]);
    server.withoutCommands = ['downloads:start'];
    await open('/');
    await seen(page.getByRole('heading', { name: /^Welcome/ }));
    expect(await button(/^Download/).count()).toBe(0);
    await context.close();
    server.withoutCommands = [];
    server.failing.set('downloads:start', new CodedError('UPSTREAM_FAILED', 'The hub cannot be reached.'));
    server.hub.set('ggml-org/Qwen3-4B-GGUF', aVariant('Q4_K_M', 2_497_000_000));
    server.hub.set('ggml-org/gemma-3-1b-it-GGUF', aVariant('Q8_0', 1e9));
    server.hub.set('ggml-org/gpt-oss-20b-GGUF', aVariant('MXFP4', 12.1e9, { fit: 'no' }));
    await open('/');
    // Only what is there and fits is offered; of the others it is said why not.
    await seen(page.getByText('Its repository has no Q4_K_M now; it has Q8_0.'));
    await seen(page.getByText('12.1\u00a0GB: more than this machine’s memory holds.'));
    await seen(page.getByText('hf:ggml-org/gemma-3-4b-it-GGUF was not found at huggingface.co.'));
    await seen(page.getByText('2.5\u00a0GB', { exact: true }));
    expect(await button(/^Download/).count()).toBe(1);
    await button('Download Qwen3 4B').click();
    await poll(() => callsOf('downloads:start')).toEqual([{ source: 'hf:ggml-org/Qwen3-4B-GGUF:Q4_K_M' }]);
    await seen(page.getByRole('alert').filter({ hasText: 'Qwen3 4B is not downloaded' }));
    await seen(page.getByRole('alert').getByText('The hub cannot be reached.'));
  });
});

describe('models are added', () => {
  const dialog = (): Locator => page.getByRole('dialog', { name: 'Add models' });

  it('from a repository: its variants with sizes, what fits, and one button each', async () => {
    await open('/models');
    await button('Add models').click();
    await seen(dialog().getByText('Good ones to begin with:'));
    await dialog()
      .getByRole('textbox', { name: /^Repository/ })
      .fill('https://huggingface.co/ggml-org/gemma-3-12b-it-GGUF');
    await page.keyboard.press('Enter');
    const offered = dialog().getByRole('list', { name: 'What ggml-org/gemma-3-12b-it-GGUF offers' });
    await poll(() => offered.getByRole('listitem').count()).toBe(5);
    expect(callsOf('downloads:options')).toEqual([{ source: 'hf:ggml-org/gemma-3-12b-it-GGUF' }]);
    expect(await offered.getByRole('listitem').nth(0).innerText()).toMatch(/Q4_K_M\s+Recommended\s+7.3\u00a0GB/);
    expect(await offered.getByRole('listitem').nth(3).innerText()).toContain('Partly on the GPU');
    expect(await offered.getByRole('listitem').nth(4).innerText()).toMatch(/in 2\u00a0files[^]*Too large/);
    await offered.getByRole('button', { name: 'Download Q8_0' }).click();
    await poll(() => callsOf('downloads:start')).toEqual([
      { source: 'hf:ggml-org/gemma-3-12b-it-GGUF', quant: 'Q8_0' },
    ]);
    server.setDownload({ ...(server.downloads[0] as (typeof server.downloads)[number]), percent: 64 });
    await seen(offered.getByText('64\u00a0%'));
    await seen(dialog().getByRole('progressbar', { name: /^Download of/ }));
    server.setDownload({
      ...(server.downloads[0] as (typeof server.downloads)[number]),
      state: 'done',
      percent: 100,
      modelId: QWEN,
    });
    await offered.getByRole('link', { name: 'It is here' }).click();
    await seen(page.getByRole('dialog', { name: QWEN }));
    await page.goBack();
    // The address tells what was looked for.
    await seen(offered);
  });

  it('and a repository that is not there says why', async () => {
    server.failing.set('downloads:options', new CodedError('NOT_FOUND', 'There is no repository nobody/nothing.'));
    await open('/models?add=download&source=nobody%2Fnothing');
    await seen(dialog().getByRole('alert').getByText('There is no repository nobody/nothing.'));
    expect(
      await dialog()
        .getByRole('textbox', { name: /^Repository/ })
        .inputValue(),
    ).toBe('nobody/nothing');
    server.failing.clear();
    await dialog().getByRole('button', { name: 'Look' }).click();
    await seen(dialog().getByRole('button', { name: 'Download Q4_K_M' }));
  });

  it('from a file that is here, with parameters of its own', async () => {
    await open('/models');
    await button('Add models').click();
    await dialog().getByText('From a file', { exact: true }).click();
    await dialog().getByRole('textbox', { name: /^Name/ }).fill('smol-cool');
    await dialog().getByRole('combobox', { name: 'File' }).selectOption('SmolLM2-360M-Instruct-Q8_0');
    await dialog()
      .getByRole('textbox', { name: /^Parameters/ })
      .fill('temp = 0.2');
    await dialog().getByRole('button', { name: 'Create' }).click();
    await poll(() => callsOf('models:create')).toEqual([
      {
        model: {
          id: 'smol-cool',
          name: 'smol-cool',
          model_path: '/home/ana/models/SmolLM2-360M-Instruct-Q8_0.gguf',
          parameters: { temp: 0.2 },
        },
      },
    ]);
    await seen(page.getByRole('dialog', { name: 'smol-cool' }));
  });

  it('from llama-swap: first what would happen, then that it does', async () => {
    await open('/models?add=import');
    const text = dialog().getByRole('textbox', { name: /^llama-swap/ });
    await text.fill('nothing');
    await button('What would happen?').click();
    await seen(dialog().getByRole('alert').getByText('it has no "models"'));
    await text.fill('models:\n  qwen:\n    cmd: llama-server');
    await button('What would happen?').click();
    const report = dialog().getByRole('region', { name: 'What the import does' });
    await seen(report.getByText('It runs in a container'));
    await dialog()
      .getByRole('checkbox', { name: /^Search these folders/ })
      .check();
    await button('Take it over').click();
    await seen(page.getByText('1\u00a0model taken over'));
    expect(callsOf('import:llama-swap').at(-1)).toMatchObject({ dryRun: false, addFolders: true });
    await gone(dialog());
  });
});

describe('models, several at once', () => {
  it('are chosen, loaded and unloaded together', async () => {
    await open('/models');
    await button('Select').click();
    await page.getByRole('checkbox', { name: /^Choose SmolLM2/ }).check();
    await page.getByRole('checkbox', { name: /^Choose gpt-oss/ }).check();
    await page.getByRole('checkbox', { name: /^Choose gemma/ }).check();
    const bar = page.getByRole('group', { name: 'With the chosen models' });
    await seen(bar.getByText('3\u00a0models chosen'));
    await bar.getByRole('button', { name: 'Load 2' }).click();
    await poll(() => callsOf('models:load')).toHaveLength(2);
    await bar.getByRole('button', { name: /^Unload/ }).click();
    await poll(() => callsOf('models:unload').length).toBeGreaterThan(0);
    await button('Done').click();
    await gone(bar);
  });

  it('are pinned, unpinned and taken out of the list together, with a way back', async () => {
    await open('/models');
    await button('Select').click();
    await page.getByRole('checkbox', { name: /^Choose SmolLM2/ }).check();
    await page.getByRole('checkbox', { name: /^Choose gemma/ }).check();
    const bar = page.getByRole('group', { name: 'With the chosen models' });
    await bar.getByRole('button', { name: 'Pin 2' }).click();
    await seen(page.getByText('2\u00a0models pinned'));
    expect(callsOf('models:update')).toMatchObject([{ updates: { pinned: true } }, { updates: { pinned: true } }]);
    await button('Undo').click();
    await poll(() => callsOf('models:update').slice(2)).toMatchObject([
      { updates: { pinned: false } },
      { updates: { pinned: false } },
    ]);
    await bar.getByRole('button', { name: 'Take them out of the list' }).click();
    const sure = page.getByRole('dialog', { name: /^Take 2.models out of the list/ });
    await sure.getByRole('button', { name: 'Take them out' }).click();
    await seen(page.getByText('2\u00a0models taken out of the list'));
    expect(callsOf('models:delete')).toHaveLength(2);
    await gone(page.getByRole('checkbox', { name: /^Choose gemma/ }));
  });

  it('tell what a change of one does before it is stored, and do it when that was asked for', async () => {
    await open(`/models?model=${QWEN}`);
    const drawer = page.getByRole('dialog', { name: QWEN });
    await drawer.getByText('Edit', { exact: true }).click();
    const save = drawer.getByRole('button', { name: 'Save' });
    expect(await save.getAttribute('aria-disabled')).toBe('true');
    await drawer.getByRole('textbox', { name: /^Parameters/ }).fill('ctx-size = 8192');
    const effects = drawer.getByRole('group', { name: 'What this does' });
    await seen(effects.getByText(`${QWEN} is loaded again when no request is in flight`));
    await effects.locator('label', { hasText: 'Now' }).click();
    await seen(effects.getByText('2\u00a0requests in flight will be cut off'));
    await save.click();
    await poll(() => callsOf('models:update')).toMatchObject([
      { updates: { parameters: { 'ctx-size': 8192 } }, apply: 'now' },
    ]);
  });

  it('keep what is said about one: aliases and parameters; and leave the list when asked', async () => {
    await open(`/models?model=SmolLM2-360M-Instruct-Q8_0`);
    const drawer = page.getByRole('dialog', { name: /^SmolLM2/ });
    await drawer.getByText('Edit', { exact: true }).click();
    await drawer.getByRole('textbox', { name: /^Aliases/ }).fill('small, tiny');
    await drawer.getByRole('textbox', { name: /^Parameters/ }).fill('temp = 0.7\nflash');
    await seen(drawer.getByText('Line 2: write “key = value”.'));
    await drawer.getByRole('textbox', { name: /^Parameters/ }).fill('temp = 0.7');
    await drawer.getByRole('button', { name: 'Save' }).click();
    await poll(() => callsOf('models:update')).toMatchObject([
      { updates: { aliases: ['small', 'tiny'], parameters: { temp: 0.7 } } },
    ]);
    expect(callsOf('models:update').at(-1)).not.toHaveProperty('updates.preset');
    await drawer.getByText('Edit', { exact: true }).click();
    await drawer.getByRole('checkbox', { name: /^Pinned/ }).check();
    await drawer.getByRole('textbox', { name: /^May be idle/ }).fill('soon');
    expect(await drawer.getByRole('button', { name: 'Save' }).getAttribute('aria-disabled')).toBe('true');
    await drawer.getByRole('textbox', { name: /^May be idle/ }).fill('2.5');
    await drawer.getByRole('textbox', { name: /^Group/ }).fill('small ones');
    await drawer.getByRole('button', { name: 'Save' }).click();
    await poll(() => callsOf('models:update').at(-1)).toMatchObject({
      updates: { pinned: true, ttl: 150, group: 'small ones' },
    });
    expect(callsOf('models:update').at(-1)).not.toHaveProperty('updates.priority');
    await seen(drawer.getByText('It stays, whoever else needs room'));
    await drawer.getByText('Log', { exact: true }).click();
    await seen(drawer.getByText('It has written nothing yet.'));
    server.writeLine({ message: 'hello from the engine', source: 'model:SmolLM2-360M-Instruct-Q8_0' });
    await seen(drawer.getByText('hello from the engine'));
    await drawer.getByText('Edit', { exact: true }).click();
    await drawer.getByRole('button', { name: 'Take out of the list' }).click();
    await page
      .getByRole('dialog', { name: /^Take SmolLM2/ })
      .getByRole('button', { name: 'Take it out' })
      .click();
    await gone(page.getByRole('dialog', { name: /^SmolLM2/ }));
    expect(callsOf('models:delete')).toHaveLength(1);
  });
});

describe('the details of a model', () => {
  const drawer = (): Locator => page.getByRole('dialog', { name: QWEN });

  it('tell estimate from measurement by device, and what was asked for from what the engine gives', async () => {
    server.gpu = true;
    await open(`/models?model=${QWEN}`);
    const card = drawer().locator('.memory__device').filter({ hasText: 'NVIDIA RTX 4090' });
    await seen(card.getByText('5.3\u00a0GB'));
    await seen(card.getByText('4.9\u00a0GB'));
    await drawer().getByText('Parameters', { exact: true }).last().click();
    const table = drawer().getByRole('region', { name: 'Parameters with their values' });
    await seen(table.getByRole('row', { name: /^cache-type-k q4_0 this model f16 differs/ }));
    await seen(table.getByRole('row', { name: /^ctx-size – the engine’s choice 32768/ }));
    server.patch(QWEN, { pendingChange: { keys: ['ctx-size'], when: 'when idle' } });
    await seen(drawer().getByText('ctx-size: it is loaded again when it is idle.'));
  });

  it('tell its day: what was asked of it, and when it came and went', async () => {
    await open(`/models?model=${QWEN}`);
    const isModal = (): Promise<boolean> =>
      drawer().evaluate((element: { matches: (what: string) => boolean }) => element.matches(':modal'));
    for (const part of ['Log', 'Edit', 'The last 24 hours']) await drawer().getByText(part, { exact: true }).click();
    // Whatever is fetched for a part, the rest stays where it is, in front of the page.
    await seen(drawer().getByRole('button', { name: 'Save' }));
    expect(await isModal()).toBe(true);
    await seen(drawer().getByText(/\d+\u00a0requests, [\d,]+ tokens written/));
    await seen(drawer().getByText('Loaded', { exact: true }).last());
    expect(callsOf('activity:summary')).toEqual([{ hours: 24, model: QWEN }]);
    await drawer().getByRole('link', { name: 'Its requests' }).click();
    await poll(() => callsOf('activity:list').at(-1)).toEqual({ limit: 200, model: QWEN });
    await seen(page.getByRole('table', { name: 'Finished requests' }));
  });

  it('say what a load would do: who makes room and why, and what the memory is made of', async () => {
    server.explanation = {
      ...server.explanation,
      verdict: 'evicts',
      evicts: [QWEN],
      leaving: [{ id: QWEN, bytes: { ram: 1_000_000_000, gpus: [4_600_000_000] }, why: 'idle for 12 min' }],
    };
    await open('/models?model=SmolLM2-360M-Instruct-Q8_0');
    const panel = page.getByRole('region', { name: 'What would happen if it were loaded now' });
    await poll(() => panel.getByRole('list', { name: 'Who would make room' }).innerText()).toBe(
      `${QWEN} gives 5.6\u00a0GB: idle for 12 min`,
    );
    await panel.getByText('What it is made of').click();
    await seen(panel.getByRole('row', { name: /^Main memory 4\.9\sGB 420\sMB/ }));
    await seen(panel.getByText('With a context of 4K tokens at the least, 8K where there is enough.'));
  });

  it('pin it from the menu, and the list says so', async () => {
    await open('/models');
    const row = page.getByRole('list', { name: 'All models' }).getByRole('listitem').filter({ hasText: 'SmolLM2' });
    await row.getByRole('button', { name: /^More for/ }).click();
    await page.getByRole('menuitem', { name: /^Pin/ }).click();
    await seen(row.getByText('pinned'));
    await row.getByRole('button', { name: /^More for/ }).click();
    await page.getByRole('menuitem', { name: 'Unpin' }).click();
    await gone(row.getByText('pinned'));
    expect(callsOf('models:update').map((data) => (data as { updates: unknown }).updates)).toEqual([
      { pinned: true },
      { pinned: false },
    ]);
  });
});

describe('the chat', () => {
  const field = (): Locator => page.getByRole('textbox', { name: 'Message', exact: true });
  const ask = async (text: string): Promise<void> => {
    await field().fill(text);
    await page.keyboard.press('Enter');
  };
  const messages = (): Locator => page.getByRole('log', { name: 'Messages' });

  it('asks the chosen model, draws Markdown without markup of the model’s own, and keeps the conversation', async () => {
    server.chat = {
      ...server.chat,
      text: '**Yes.** <img src=x onerror="alert(1)"> [bad](javascript:alert(1))\n\n```js\nlet a = 1;\n```\n',
      reasoning: 'Let me think.',
    };
    await open('/chat');
    await page.getByRole('combobox', { name: 'Model' }).selectOption('SmolLM2-360M-Instruct-Q8_0');
    await ask('Are llamas kind?');
    await seen(messages().getByText('41.8\u00a0tokens/s'));
    expect(server.chats[0]).toMatchObject({
      model: 'SmolLM2-360M-Instruct-Q8_0',
      stream: true,
      messages: [{ role: 'user', content: 'Are llamas kind?' }],
    });
    expect(await messages().locator('strong').first().innerText()).toBe('Yes.');
    expect(await messages().locator('img').count()).toBe(0);
    expect(await messages().innerText()).toContain('<img src=x');
    expect(await messages().getByRole('link').count()).toBe(0);
    await seen(button('Copy the code'));
    await page.reload();
    await seen(messages().getByText('Are llamas kind?'));
    const second = await newTab('/chat');
    await seen(second.getByRole('button', { name: /^Are llamas kind/ }));
    await button('Delete “Are llamas kind?”').click();
    await gone(second.getByRole('button', { name: /^Are llamas kind/ }));
    await button('Undo').click();
    await seen(second.getByRole('button', { name: /^Are llamas kind/ }));
  });

  it('stops, answers again, and takes new words for an old question', async () => {
    server.chat = { ...server.chat, text: 'word '.repeat(400), pace: 25 };
    await open('/chat');
    await ask('Count');
    await seen(messages().getByText(/^word word/));
    await page.keyboard.press('Escape');
    await seen(messages().getByText('stopped'));
    server.chat = { ...server.chat, text: 'Short.', pace: 0 };
    await button('Answer again').click();
    await seen(messages().getByText('Short.'));
    expect(await messages().getByRole('article').count()).toBe(2);
    await button('Edit and send again').click();
    await page.getByRole('textbox', { name: 'Your message' }).fill('Count to two');
    await button('Send again').click();
    await poll(() => server.chats.at(-1)?.messages).toEqual([{ role: 'user', content: 'Count to two' }]);
    await button('System prompt and sampling').click();
    await page.getByRole('textbox', { name: 'System prompt' }).fill('Be brief.');
    await page.getByRole('spinbutton', { name: /^Temperature/ }).fill('0.2');
    await ask('And three');
    await poll(() => server.chats.at(-1)).toMatchObject({ temperature: 0.2 });
    expect(server.chats.at(-1)?.messages[0]).toEqual({ role: 'system', content: 'Be brief.' });
  });

  it('shows why there is no answer, or no whole one', async () => {
    server.chat = { ...server.chat, refusal: { status: 507, message: 'It does not fit: 12 GB are missing.' } };
    await open('/chat');
    await ask('Hello');
    await seen(page.getByRole('alert').getByText('It does not fit: 12 GB are missing.'));
    complaints = complaints.filter((text) => !text.includes('507'));
    server.chat = { ...server.chat, refusal: null, text: 'The whole truth is', breaksWith: 'The model crashed.' };
    await button('Try again').click();
    await seen(page.getByRole('alert').getByText('The model crashed.'));
    await seen(messages().getByText('The whole'));
  });

  it('colours code as it is written, and copies it', async () => {
    const code = "const llama = { hums: true }; // content\nconsole.log('hum', llama);";
    server.chat = {
      ...server.chat,
      text: `Look:\n\n\`\`\`js\n${code}\n\`\`\`\n\nAnd:\n\n\`\`\`klingon\nqapla\n\`\`\`\n`,
      pace: 5,
    };
    await open('/chat', { permissions: ['clipboard-read', 'clipboard-write'] });
    await ask('Code, please');
    const block = messages().getByLabel('Code, js');
    await seen(block.locator('.hljs-keyword', { hasText: 'const' }));
    await seen(button('Answer again'));
    await seen(block.locator('.hljs-string', { hasText: "'hum'" }));
    await seen(block.locator('.hljs-comment', { hasText: '// content' }));
    // Coloured or not, it is the text that the model wrote.
    expect(await block.innerText()).toBe(code);
    await seen(messages().getByLabel('Code, klingon').getByText('qapla'));
    await button('Copy the code').first().click();
    await poll(() => clipboard(page)).toBe(code);
  });

  it('takes text files along to every model, and says what it cannot take', async () => {
    await open('/chat');
    const picker = page.getByLabel('Files to attach');
    await picker.setInputFiles({
      name: 'notes.md',
      mimeType: 'text/markdown',
      buffer: Buffer.from('# Notes\n```\nx\n```\n'),
    });
    const attached = page.getByRole('list', { name: 'Attached files' });
    await seen(attached.getByText('notes.md'));
    await picker.setInputFiles({
      name: 'model.bin',
      mimeType: 'application/octet-stream',
      buffer: Buffer.from([0, 255]),
    });
    await seen(page.getByRole('alert').filter({ hasText: 'model.bin was not attached' }));
    await picker.setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from([1]) });
    await seen(page.getByText('This model reads no images; choose one that does.'));
    await picker.setInputFiles({ name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('b') });
    await button('Remove b.txt').click();
    await ask('What is in it?');
    await poll(() => server.chats.at(-1)?.messages[0]?.content).toBe(
      'notes.md:\n````\n# Notes\n```\nx\n```\n````\n\nWhat is in it?',
    );
    await seen(messages().getByRole('list', { name: 'Attached files' }).getByText('notes.md'));
    expect(await page.getByRole('form', { name: 'Your message' }).getByText('notes.md').count()).toBe(0);
  });

  it('takes recordings along to models that hear them', async () => {
    server.models.set('ears', aModel('ears', { metadata: metadata({ inputModalities: ['text', 'audio'] }) }));
    await open('/chat?model=ears');
    await page
      .getByLabel('Files to attach')
      .setInputFiles({ name: 'hum.wav', mimeType: 'audio/wav', buffer: Buffer.from('RIFF') });
    await seen(page.getByText('hum.wav'));
    await ask('What do you hear?');
    await poll(() => server.chats.at(-1)?.messages[0]?.content).toEqual([
      { type: 'input_audio', input_audio: { data: Buffer.from('RIFF').toString('base64'), format: 'wav' } },
      { type: 'text', text: 'What do you hear?' },
    ]);
  });

  it('attaches pictures to models that read them, and to no others', async () => {
    server.models.set('eyes', aModel('eyes', { metadata: metadata({ inputModalities: ['text', 'image'] }) }));
    await open(`/chat?model=${QWEN}`);
    expect(await button(/^Attach an image/).count()).toBe(0);
    await page.getByRole('combobox', { name: 'Model' }).selectOption('eyes');
    await seen(button('Attach an image or a text file'));
    const png = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'base64',
    );
    await page.getByLabel('Files to attach').setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer: png });
    await seen(page.getByRole('img', { name: 'Attachment 1' }));
    await ask('What is this?');
    await poll(() => server.chats.at(-1)?.messages[0]?.content).toMatchObject([
      { type: 'image_url', image_url: { url: expect.stringMatching(/^data:image\/jpeg;base64,/) as string } },
      { type: 'text', text: 'What is this?' },
    ]);
  });
});

describe('monitoring', () => {
  it('draws what was measured, for the range that is chosen, and says what is healthy', async () => {
    server.gpu = true;
    await open('/monitoring');
    for (const title of ['CPU', 'Memory', 'GPU', 'GPU memory', 'Memory by process', 'Network'])
      await seen(
        page.getByRole('region', { name: title, exact: true }).getByRole('img', { name: `${title} over time` }),
      );
    await seen(page.getByRole('region', { name: 'Memory by process' }).getByText(QWEN));
    await page.locator('label', { hasText: '24 h' }).click();
    await poll(() => callsOf('metrics:history').at(-1)).toMatchObject({ hours: 24 });
    await poll(() => page.url()).toContain('range=24h');
    await seen(page.getByRole('region', { name: 'Health' }).getByText('Healthy'));
    server.health = { status: 'degraded', details: { router: { ok: false, message: 'It is restarting.' } } };
    server.setRouter({ state: 'loading' });
    await seen(page.getByText('It is restarting.'));
  });
});

describe('the requests', () => {
  const finished = (): Locator => page.getByRole('table', { name: 'Finished requests' });
  const newest = (): Locator => finished().getByRole('row').nth(1);

  it('are shown as they run and as they ended, and one that runs can be cancelled', async () => {
    await open('/monitoring/requests');
    const running = page.getByRole('list', { name: 'Requests that run or wait' });
    await seen(running.getByText('318\u00a0tokens so far'));
    await seen(running.getByText('waiting, next in line'));
    await running.getByRole('button', { name: `Cancel the request to ${QWEN} on /v1/messages` }).click();
    await poll(() => callsOf('requests:cancel')).toEqual([{ id: 'run2' }]);
    await poll(() => running.getByRole('listitem').count()).toBe(1);
    const sums = page.getByRole('region', { name: 'Requests by model' });
    await seen(sums.getByRole('row', { name: /^All 300/ }));
    await page.locator('label', { hasText: '7 days' }).click();
    await poll(() => callsOf('activity:summary').at(-1)).toEqual({ hours: 168 });
    server.finish(aRequest('new', { key: 'brand-new', status: 503, errorCode: 'QUEUE_FULL' }));
    await poll(() => newest().innerText()).toContain('brand-new');
    expect(await newest().innerText()).toContain('Too many requests were waiting');
    server.finish(aRequest('newer', { status: 200 }));
    await poll(() => newest().innerText()).toContain('200');
  });

  it('are narrowed by how they ended, by model and by key, in the address too', async () => {
    await open('/monitoring/requests');
    await seen(finished());
    await page.locator('label', { hasText: 'Failed' }).click();
    await page.getByRole('combobox', { name: 'Key' }).selectOption('nightly');
    await poll(() => callsOf('activity:list').at(-1)).toEqual({ limit: 200, status: 'error', key: 'nightly' });
    await poll(() => newest().innerText()).toContain('Too many requests for its key');
    // What arrives and is not asked for stays out.
    server.finish(aRequest('other', { key: 'laptop' }));
    server.finish(aRequest('mine', { key: 'nightly', status: 507, errorCode: 'DOES_NOT_FIT' }));
    await poll(() => newest().innerText()).toContain('does not fit');
    expect(await finished().innerText()).not.toContain('laptop');
    await page.reload();
    await poll(() => newest().innerText()).toContain('does not fit');
    await page.getByRole('combobox', { name: 'Model' }).selectOption('SmolLM2-360M-Instruct-Q8_0');
    await button('Show all requests').click();
    await poll(() => newest().innerText()).toContain('507');
    expect(page.url()).toBe(`${server.url}/monitoring/requests`);
  });

  it('scroll to the oldest, with only those in sight drawn; new ones do not push what is read', async () => {
    server.requests = someRequests(Date.now(), 900);
    await open('/monitoring/requests');
    await seen(finished());
    expect(await finished().getByRole('row').count()).toBeLessThan(80);
    await poll(async () => {
      await page.keyboard.press('End');
      return finished().getAttribute('aria-rowcount');
    }).toBe('900');
    expect(callsOf('activity:list')).toHaveLength(5);
    await poll(() => finished().getByRole('row').count()).toBeLessThan(80);
    server.finish(aRequest('new', { key: 'brand-new' }));
    await seen(button('1 newer'));
    expect(await finished().innerText()).not.toContain('brand-new');
    await button('1 newer').click();
    await poll(() => newest().innerText()).toContain('brand-new');
  });

  it('show everything about one, its captured bodies too', async () => {
    server.requests = [aRequest('kept', { captured: true }), aRequest('bare', { modelId: 'gemma-3-12b-it-Q4_K_M' })];
    await open('/monitoring/requests');
    await newest().getByRole('button').click();
    const dialog = page.getByRole('dialog', { name: QWEN });
    await seen(dialog.getByText('"content": "Are llamas kind?"'));
    await seen(dialog.getByText('data: [DONE]'));
    await page.keyboard.press('Escape');
    await gone(dialog);
    await finished().getByRole('button', { name: 'gemma-3-12b-it-Q4_K_M' }).click();
    await seen(page.getByRole('link', { name: 'Switch on captureBodies' }));
    expect(callsOf('activity:capture')).toEqual([{ id: 'kept' }]);
  });
});

describe('the timeline', () => {
  it('draws who was in memory when, says why on hover and by keyboard, and follows what happens', async () => {
    await open('/monitoring/timeline?range=1h');
    const lane = page.getByRole('group', { name: /^gpt-oss-20b-mxfp4: loaded 22 min, 1 load/ });
    await seen(lane.getByRole('button', { name: /^Loaded, / }));
    await lane.getByRole('button', { name: /^Stopping, / }).hover();
    await seen(page.locator('.tooltip').getByText('to make room for Mistral-Small-3.2-24B'));
    await lane.getByRole('button', { name: /^Stopping, / }).focus();
    await page.keyboard.press('ArrowLeft');
    expect(await hasFocus(lane.getByRole('button', { name: /^Loaded, / }))).toBe(true);
    await seen(page.locator('figcaption').getByText('12.9\u00a0GB of memory'));
    await page.getByText('5 min', { exact: true }).click();
    await poll(() => callsOf('timeline:get').at(-1)).toEqual({ hours: 5 / 60 });
    await gone(lane);
    const asked = callsOf('timeline:get').length;
    server.patch(QWEN, { state: 'unloaded' });
    await poll(() => callsOf('timeline:get').length).toBe(asked + 1);
  });
});

describe('the log', () => {
  const lines = (): Locator => page.getByRole('region', { name: 'Log lines' });

  it('follows, pauses, filters, jumps and exports', async () => {
    await open('/logs');
    await seen(lines().getByText('listening on').first());
    server.writeLine({ message: 'brand new line', level: 'warn' });
    await seen(lines().getByText('brand new line'));
    await button('Pause').click();
    server.writeLine({ message: 'while paused' });
    await seen(page.getByText(', 1 newer'));
    expect(await lines().getByText('while paused').count()).toBe(0);
    await button('Resume').click();
    await seen(lines().getByText('while paused'));
    await page.locator('label', { hasText: 'Errors' }).click();
    await seen(page.getByText('30 of 302\u00a0lines'));
    await page.locator('label', { hasText: 'All' }).click();
    await page.keyboard.press('/');
    await page.keyboard.type('brand new');
    await seen(page.getByText('1 of 302\u00a0lines'));
    await button('More for the log').click();
    const file = await downloaded(() => page.getByRole('menuitem', { name: 'Export as JSON' }).click());
    expect(file.name).toMatch(/^llamactor-log-.*\.json$/);
    expect(JSON.parse(file.text)).toMatchObject([{ message: 'brand new line', level: 'warn', source: 'server' }]);
    await page.getByRole('searchbox').press('Escape');
    await button('More for the log').click();
    await page.getByRole('menuitem', { name: 'Clear the log' }).click();
    await page.getByRole('dialog', { name: 'Clear the log?' }).getByRole('button', { name: 'Clear' }).click();
    await seen(page.getByText('The log is empty'));
  });

  it('lays wrapped lines below each other, also when they move up', async () => {
    await open('/logs', { viewport: { width: 390, height: 844 } });
    const overlaps = (): Promise<number> =>
      lines().evaluate((element) => {
        interface Box {
          getBoundingClientRect(): { top: number; bottom: number };
        }
        const list = element as unknown as { querySelectorAll(selector: string): Iterable<Box> };
        const boxes = [...list.querySelectorAll('.log-line')]
          .map((line) => line.getBoundingClientRect())
          .sort((a, b) => a.top - b.top);
        return boxes.filter((box, index) => index > 0 && box.top < (boxes[index - 1]?.bottom ?? 0) - 1).length;
      });
    await seen(lines().locator('.log-line'));
    await poll(overlaps).toBe(0);
    for (let count = 0; count < 20; count += 1)
      server.writeLine({ message: `${'long '.repeat(count * 4)}end ${String(count)}` });
    await seen(lines().getByText('end 19'));
    await poll(overlaps).toBe(0);
    // It follows its end, however tall the lines turned out to be.
    const left = (): Promise<number> =>
      lines().evaluate((element) => {
        const box = element as unknown as { scrollHeight: number; scrollTop: number; clientHeight: number };
        return Math.round(box.scrollHeight - box.scrollTop - box.clientHeight);
      });
    await poll(async () => (await left()) <= 2).toBe(true);
    await page.locator('label', { hasText: 'Warnings' }).click();
    await poll(overlaps).toBe(0);
  });

  it('scrolls ten thousand lines with only those in sight drawn', async () => {
    server.logs = someLines(Date.now(), 10_000);
    await open('/logs');
    await seen(page.getByText('10,000\u00a0lines'));
    await poll(() => lines().locator('.log-line').count()).toBeLessThan(150);
    const last = server.logs[0]?.message ?? '';
    await seen(lines().getByText(last));
    await lines().focus();
    await page.keyboard.press('Home');
    await seen(button('To the newest line'));
    const frames = await lines().evaluate(async (element) => {
      const box = element as unknown as { scrollTop: number };
      let longest = 0;
      for (let step = 0; step < 60; step += 1) {
        const before = performance.now();
        box.scrollTop += 2400;
        await new Promise((done) =>
          (
            globalThis as unknown as { requestAnimationFrame: (done: (at: number) => void) => void }
          ).requestAnimationFrame(done),
        );
        longest = Math.max(longest, performance.now() - before);
      }
      return longest;
    });
    // Two cores shared with everything else: a frame may be late, but nothing may freeze.
    expect(frames).toBeLessThan(500);
    await button('To the newest line').click();
    await seen(lines().getByText(last));
  });
});

describe('the configuration', () => {
  it('stores what was changed, says what is wrong beside the key, and takes it back', async () => {
    await open('/configuration');
    const most = page.getByRole('textbox', { name: 'Models at once' });
    await most.fill('0');
    await seen(page.getByText('At least 1.'));
    expect(await button('Save').getAttribute('aria-disabled')).toBe('true');
    await most.fill('7');
    await page.getByRole('switch', { name: 'Restore at start' }).click();
    await button('Save').click();
    await poll(() => callsOf('config:update')).toEqual([
      { config: { modelsMax: 7, restoreModels: false }, apply: 'when-idle' },
    ]);
    await button('Undo').click();
    await poll(() => most.inputValue()).toBe('4');
    server.failing.set(
      'config:update',
      new CodedError('INVALID_PAYLOAD', 'Port 80 is taken.', { details: { key: 'port' } }),
    );
    await page.getByRole('textbox', { name: 'Port of the dashboard' }).fill('80');
    await button('Save').click();
    await seen(page.getByRole('alert').getByText('Port 80 is taken.'));
    await page.getByRole('searchbox', { name: 'Search keys' }).fill('wait for one model');
    await poll(() => page.locator('.config-key').count()).toBe(1);
  });

  it('config change with preview: says what a change restarts before it is applied, and when', async () => {
    await open('/configuration');
    const effects = page.getByRole('group', { name: 'What this does' });
    await page.getByRole('textbox', { name: 'Context', exact: true }).fill('8192');
    await seen(effects.getByText(`${QWEN} is loaded again when no request is in flight`));
    await seen(effects.getByText('ctx-size not set → 8192').first());
    await seen(effects.getByText(/^\d+\u00a0models that do not run take it when loaded/));
    expect(callsOf('config:update')).toEqual([]);
    await effects.locator('label', { hasText: 'Now' }).click();
    await seen(effects.getByText(`${QWEN} is loaded again at once`));
    await seen(effects.getByText('2\u00a0requests in flight will be cut off'));
    await effects.locator('label', { hasText: 'Later' }).click();
    await seen(effects.getByText(`${QWEN} keeps running as it is until somebody loads it again`));
    await page.getByRole('textbox', { name: 'Port of the API' }).fill('9090');
    await seen(effects.getByText('The router keeps running as it is until it is restarted'));
    await effects.locator('label', { hasText: 'When idle' }).click();
    await seen(effects.getByText('The router restarts when no request is in flight; models stay loaded'));
    await page.getByRole('textbox', { name: 'Port of the dashboard' }).fill('4000');
    await seen(effects.getByText('port 3000 → 4000'));
    await button('Save').click();
    await poll(() => callsOf('config:update')).toEqual([
      { config: { contextSize: 8192, routerPort: 9090, port: 4000 }, apply: 'when-idle' },
    ]);
    await gone(effects);
    // What is stored and what counts are told apart until the restart.
    await seen(page.getByText('In force: 3000, until Llamactor is started again.'));
    await seen(page.getByText('In force: 8080, until the router is restarted.'));
    await seen(page.getByText(`${QWEN} runs with 32768, chosen by the engine`));
  });

  it('edits what is stored where a flag wins over it, and opens at a key', async () => {
    server.overrides = { modelsMax: 9 };
    await open('/configuration?key=modelsMax');
    await seen(page.getByText(/^In force: 9, given by a flag or variable at the start/));
    const most = page.getByRole('textbox', { name: 'Models at once' });
    expect(await most.inputValue()).toBe('4');
    await most.fill('5');
    await page.getByRole('searchbox', { name: 'Search keys' }).fill('models');
    await poll(() => page.url()).toContain('q=models');
    expect(await most.inputValue()).toBe('5');
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Logs' }).click();
    await page.getByRole('dialog', { name: 'Leave without storing?' }).getByRole('button', { name: 'Stay' }).click();
    expect(path()).toBe('/configuration');
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Logs' }).click();
    await page.getByRole('dialog', { name: 'Leave without storing?' }).getByRole('button', { name: 'Leave' }).click();
    await poll(path).toBe('/logs');
  });

  it('says of a preset what it restarts, and marks what is wrong while it is typed', async () => {
    await open('/configuration/presets/default');
    const text = page.getByRole('textbox', { name: 'Text of the preset' });
    await text.fill('[*]\nctx-size = 4096\nnonsense');
    await seen(page.getByRole('alert').getByText('Line 3 of the preset'));
    await text.fill('[*]\nctx-size = 4096\n');
    const effects = page.getByRole('group', { name: 'What this does' });
    await seen(effects.getByText(`${QWEN} is loaded again when no request is in flight`));
    await button('Save').click();
    await button('Undo').click();
    await poll(() => text.inputValue()).toContain('flash-attn = on');
    await gone(effects);
    await button(/^coding/).click();
    await text.fill('[*]\ntemp = 0.5\n');
    await seen(page.getByText('Nothing runs with this preset now; it counts when it is used.'));
    await button('Discard changes').click();
  });

  it('edits presets, marks the wrong line, and restarts the router with one', async () => {
    await open('/configuration/presets');
    await button(/^coding/).click();
    const text = page.getByRole('textbox', { name: 'Text of the preset' });
    await text.fill('[*]\ntemp = 0.2\nnonsense');
    await button('Save').click();
    await seen(page.getByRole('alert').getByText('Line 3 of the preset'));
    expect(await page.locator('[data-wrong]').innerText()).toBe('3');
    expect(await hasFocus(text)).toBe(true);
    await text.fill('[*]\ntemp = 0.3\n');
    await button('Save').click();
    await seen(page.getByText('The preset “coding” is stored'));
    await button('Use this preset').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restart with it' }).click();
    await poll(() => callsOf('router:start-with-preset')).toEqual([{ presetName: 'coding' }]);
    await button('New preset').click();
    await page.getByRole('textbox', { name: 'Name' }).fill('mine');
    await button('Save').click();
    await seen(button(/^mine/));
    await button('Delete').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await gone(button(/^mine/));
  });
});

describe('without answers', () => {
  it.each(['/', '/models', '/chat', '/monitoring', '/logs', '/inspector', '/configuration', '/configuration/presets'])(
    '%s claims nothing while nobody has answered, and says who is missing',
    async (address) => {
      server.refusing = true;
      context = await browser.newContext();
      page = await context.newPage();
      await page.goto(server.url + address);
      await seen(page.getByText('Llamactor is not answering'));
      expect(await page.getByText(/^No (presets|models|model can talk) yet/).count()).toBe(0);
      server.refusing = false;
      await page.getByRole('button', { name: 'Try now' }).click();
      await seen(page.getByRole('status').filter({ hasText: 'Connection: Live' }));
      await gone(page.getByText('Llamactor is not answering'));
    },
  );

  it('says why a part is not there, and fetches it again', async () => {
    const refusal = new CodedError('FORBIDDEN', 'This key may not look at that.');
    for (const name of ['config:get', 'metrics:get', 'metrics:history', 'presets:list'] as const)
      server.failing.set(name, refusal);
    await open('/configuration');
    await seen(page.getByText('The configuration could not be fetched'));
    await page.goto(`${server.url}/monitoring`);
    await seen(page.getByText('The measurements could not be fetched'));
    await page.goto(`${server.url}/chat`);
    await seen(page.getByText('Some of this page could not be fetched'));
    // The field for the message is in sight below the notice.
    const field = await page.getByRole('textbox', { name: 'Message', exact: true }).boundingBox();
    expect((field?.y ?? 900) + (field?.height ?? 0)).toBeLessThan(900);
    server.failing.clear();
    await page.goto(`${server.url}/configuration`);
    await seen(page.getByRole('textbox', { name: 'Models at once' }));
    server.failing.set('config:get', refusal);
    await page.reload();
    await seen(page.getByText('The configuration could not be fetched'));
    server.failing.clear();
    await button('Fetch it again').click();
    await page.getByRole('textbox', { name: 'Models at once' }).fill('6');
    await page.keyboard.press('Control+s');
    await poll(() => server.config.modelsMax).toBe(6);
  });
});

describe('the settings', () => {
  it('are stored at once and agree in two tabs; a refusal stands beside its setting', async () => {
    await open('/settings');
    const second = await newTab('/settings');
    await page.locator('.segmented label', { hasText: 'Dark' }).click();
    await page.getByRole('switch', { name: 'Compact lists' }).click();
    await poll(() => server.settings).toMatchObject({ theme: 'dark', compactMode: true });
    await poll(() => second.locator('html').getAttribute('data-theme')).toBe('dark');
    await poll(() => second.locator('html').getAttribute('data-compact')).toBe('');
    await seen(second.getByRole('switch', { name: 'Compact lists', checked: true }));
    server.failing.set('settings:update', new CodedError('FORBIDDEN', 'This key may only look.'));
    await page.getByRole('switch', { name: 'Messages' }).click();
    await seen(page.getByRole('alert').getByText('This key may only look.'));
    expect(await page.getByRole('switch', { name: 'Messages' }).isChecked()).toBe(true);
    await seen(page.getByText('/home/ana/.local/share/llamactor'));
  });
});

describe('the keys', () => {
  it('are made with limits, shown once, named in two tabs, and revoked after a question', async () => {
    server.keys = [];
    await open('/settings/keys', { permissions: ['clipboard-read', 'clipboard-write'] });
    const second = await newTab('/settings/keys');
    await seen(page.getByText('No key is needed here'));
    await button('New key').click();
    const dialog = page.getByRole('dialog', { name: 'New key' });
    expect(await dialog.getByRole('button', { name: 'Make the key' }).getAttribute('aria-disabled')).toBe('true');
    await dialog.getByRole('textbox', { name: /^Name/ }).fill('phone');
    await dialog.getByRole('checkbox', { name: /^Look/ }).check();
    await dialog.getByText('Only these').click();
    await dialog.getByRole('checkbox', { name: QWEN }).check();
    await dialog.getByRole('combobox', { name: 'Ends' }).selectOption('In 30 days');
    await dialog.getByRole('textbox', { name: 'Per minute' }).fill('60');
    const before = Date.now();
    await page.keyboard.press('Enter');
    const made = page.getByRole('dialog', { name: 'The key phone' });
    await seen(made.getByText('Copy it now'));
    const [asked] = callsOf('keys:create') as { expiresAt: number }[];
    expect(asked).toMatchObject({
      name: 'phone',
      scopes: ['infer', 'observe'],
      models: [QWEN],
      ratePerMinute: 60,
      concurrency: null,
    });
    expect((asked?.expiresAt ?? 0) - before).toBeGreaterThan(29.9 * 86_400_000);
    const secret = await made.getByLabel('The key phone').last().innerText();
    await made.getByRole('button', { name: 'Copy the key' }).click();
    await poll(() => clipboard(page)).toBe(secret);
    // A slip does not lose it.
    await page.keyboard.press('Escape');
    await page.mouse.click(5, 5);
    expect(await made.isVisible()).toBe(true);
    await made.getByRole('button', { name: 'I have it' }).click();
    await gone(made);
    expect(await page.content()).not.toContain(secret);
    await seen(second.getByRole('heading', { name: 'phone' }));
    await button('Revoke phone').click();
    const question = page.getByRole('dialog', { name: 'Revoke the key phone?' });
    await question.getByRole('button', { name: 'Cancel' }).click();
    expect(callsOf('keys:revoke')).toEqual([]);
    await button('Revoke phone').click();
    await question.getByRole('button', { name: 'Revoke' }).click();
    await gone(second.getByRole('heading', { name: 'phone' }));
  });

  it('that are refused keep what was typed, and say why', async () => {
    await open('/settings/keys');
    await button('New key').click();
    const dialog = page.getByRole('dialog', { name: 'New key' });
    await dialog.getByRole('textbox', { name: /^Name/ }).fill('laptop');
    await dialog.getByRole('button', { name: 'Make the key' }).click();
    await seen(dialog.getByRole('alert').getByText('There is a key called laptop already'));
    await dialog.getByRole('textbox', { name: /^Name/ }).fill('tablet');
    await dialog.getByRole('checkbox', { name: /^Operate/ }).check();
    expect(await dialog.getByRole('checkbox', { name: /^Use models/ }).isDisabled()).toBe(true);
    await gone(dialog.getByText('Only these'));
    await dialog.getByRole('button', { name: 'Make the key' }).click();
    await poll(() => callsOf('keys:create').at(-1)).toMatchObject({
      name: 'tablet',
      scopes: ['operate'],
      models: null,
    });
  });

  it('are not shown to whoever may not see them', async () => {
    server.failing.set('keys:list', new CodedError('FORBIDDEN', 'This needs the scope admin.'));
    await open('/settings/keys');
    await seen(page.getByText('This needs the scope admin.'));
  });
});

interface Violation {
  id: string;
  impact?: string | null;
  nodes: { html: string }[];
}
/** Every colour that code has. */
const COLOURFUL = `# A

- b

\`\`\`ts
// note
@decorated
class Llama<T> extends Animal { hum(times = 3): string { return \`hum \${times}\`; } }
\`\`\`

\`\`\`diff
- old
+ new
\`\`\`
`;

const PAGES = [
  '/',
  '/models',
  '/models?model=SmolLM2-360M-Instruct-Q8_0',
  '/models?add=download&source=ggml-org%2Fgemma-3-12b-it-GGUF',
  '/models?add=import',
  '/chat',
  '/monitoring',
  '/monitoring/requests',
  '/monitoring/timeline',
  '/logs',
  '/configuration',
  '/configuration/presets',
  '/inspector',
  '/audit',
  '/settings',
  '/settings/keys',
] as const;

describe('for everyone', () => {
  it.each(PAGES.flatMap((address) => (['light', 'dark'] as const).map((scheme) => [address, scheme] as const)))(
    '%s in the %s theme has no serious fault that axe-core finds, and enough contrast',
    async (address, colorScheme) => {
      await open(address, { colorScheme, reducedMotion: 'reduce' });
      if (address === '/chat') {
        server.chat = { ...server.chat, text: COLOURFUL, reasoning: 'd' };
        await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Hello');
        await page.keyboard.press('Enter');
        await seen(button('Answer again'));
        await seen(page.locator('.hljs-deletion'));
      }
      await page.waitForLoadState('networkidle');
      await page.evaluate(axe.source);
      const violations = await page.evaluate<Violation[]>(
        'axe.run(document, { resultTypes: ["violations"] }).then((result) => result.violations)',
      );
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' ')}`)).toEqual(
        [],
      );
      expect(await lowContrast(page)).toEqual([]);
    },
  );

  it.each(PAGES)('%s fits a phone', async (address) => {
    await open(address, { viewport: { width: 390, height: 844 }, hasTouch: true });
    expect(await contentWidth(page)).toBe(390);
    if (!address.includes('?')) {
      await page.getByRole('navigation', { name: 'Most used pages' }).getByRole('link', { name: 'Models' }).click();
      await seen(page.getByRole('heading', { name: 'Models', level: 1 }));
    }
  });
});
