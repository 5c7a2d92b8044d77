/** Everything at once, as a person has it: the built product as its own process, a real engine, a real browser. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DEMO_SENTENCE } from '../../src/io/gguf/demo-model.ts';
import type { SnapshotView } from '../../src/contracts/views.ts';
import { launchChromium } from '../support/chromium.ts';
import { useRealEngine } from '../support/engine-app.ts';
import { gone } from '../support/fake-app.ts';
import { serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';

const DEMO = 'llamactor-demo';
let folder: string;
let served: Served;
let browser: Browser;
let context: BrowserContext;
/** What the pages complained about. */
let complaints: string[] = [];

/** @param port 0 for any */
const start = async (port: number): Promise<Served> => {
  const dataDir = join(folder, 'data');
  const enginePath = await useRealEngine(dataDir);
  return serve({
    dataDir,
    args: ['--port', String(port)],
    env: enginePath === null ? {} : { LLAMACTOR_ENGINE_PATH: enginePath },
  });
};

const openTab = async (): Promise<Page> => {
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${served.url}/models`);
  await seen(livePill(page));
  return page;
};

const seen = (locator: Locator): Promise<void> => locator.waitFor({ timeout: 20_000 });
const livePill = (page: Page): Locator => page.getByRole('status').filter({ hasText: 'Connection: Live' });
const row = (page: Page): Locator =>
  page.getByRole('list', { name: 'All models' }).getByRole('listitem').filter({ hasText: DEMO });
const button = (page: Page, verb: 'Load' | 'Unload'): Locator =>
  row(page).getByRole('button', { name: `${verb} ${DEMO}`, exact: true });
const active = (page: Page): Locator =>
  page.getByRole('region', { name: 'Active models' }).getByRole('listitem').filter({ hasText: DEMO });

const snapshot = async (): Promise<SnapshotView> =>
  (await (await fetch(`${served.url}/api/snapshot`)).json()) as SnapshotView;

const demo = async () => {
  const model = (await snapshot()).models.find(({ id }) => id === DEMO);
  if (model === undefined) throw new Error('The server has no demo model.');
  return model;
};

/** As somebody with curl would do it. */
const ask = async (origin: string): Promise<string> => {
  const response = await fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: DEMO, messages: [{ role: 'user', content: 'Hello' }], temperature: 0 }),
  });
  const body = (await response.json()) as { choices?: { message: { content: string } }[] };
  return body.choices?.[0]?.message.content ?? JSON.stringify(body);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-end-to-end-'));
  [served, browser] = await Promise.all([start(0), launchChromium()]);
  context = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
});
afterAll(async () => {
  await browser.close();
  served.child.kill('SIGTERM');
  await served.exited;
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => {
  expect(complaints).toEqual([]);
});

describe('the product on a machine without models', () => {
  let first: Page;
  let second: Page;

  it('shows the demo model, unloaded', async () => {
    first = await openTab();
    second = await openTab();
    for (const page of [first, second]) {
      await seen(button(page, 'Load'));
      expect(await row(page).innerText()).toContain('Unloaded');
    }
    expect(served.output()).toContain(served.routerUrl);
  });

  it('sends the page’s code compressed', async () => {
    const page = await (await fetch(served.url)).text();
    const script = /<script type="module"[^>]* src="\.?\/?(assets\/[^"]+)"/.exec(page)?.[1] ?? '';
    for (const [accepted, encoding] of [
      ['br', 'br'],
      ['gzip', 'gzip'],
      ['identity', null],
    ] as const) {
      const answer = await fetch(`${served.url}/${script}`, { headers: { 'accept-encoding': accepted } });
      expect(answer.headers.get('content-type')).toMatch(/javascript/);
      expect(answer.headers.get('content-encoding')).toBe(encoding);
      expect(answer.headers.get('vary')).toBe('Origin, Accept-Encoding');
      expect(await answer.text()).toContain('import');
    }
  });

  it('shows in both tabs, without a reload, that a request has loaded it', async () => {
    const loadedAt = await first.evaluate(() => performance.timeOrigin);
    expect(await ask(served.routerUrl)).toBe(DEMO_SENTENCE);
    for (const page of [first, second]) {
      await seen(button(page, 'Unload'));
      await seen(active(page).getByText('Loaded', { exact: true }));
    }
    expect(await first.evaluate(() => performance.timeOrigin)).toBe(loadedAt);
    expect(await demo()).toMatchObject({ state: 'loaded', restarts: 0 });
    expect(await ask(served.url)).toBe(DEMO_SENTENCE);
  });

  it('unloads it on a click in one tab; the process is gone and the other tab knows', async () => {
    const { pid } = await demo();
    await button(first, 'Unload').click();
    for (const page of [first, second]) await seen(button(page, 'Load'));
    await gone(pid as number);
    expect(await demo()).toMatchObject({ state: 'unloaded', pid: null });
    await active(second).waitFor({ state: 'detached' });
  });

  it('loads it on a click in the other tab, and it answers', async () => {
    await button(second, 'Load').click();
    for (const page of [first, second]) await seen(active(page).getByText('Loaded', { exact: true }));
    expect(await demo()).toMatchObject({ state: 'loaded', failure: null });
    expect(await ask(served.routerUrl)).toBe(DEMO_SENTENCE);
  });

  it('says that the server is gone after kill -9, and recovers by itself when it is started again', async () => {
    const before = await demo();
    const { port } = new URL(served.url);
    served.child.kill('SIGKILL');
    await served.exited;
    for (const page of [first, second]) {
      await seen(page.getByText('Llamactor is not answering'));
      // What was known stays on the screen, marked as old, and nothing can be asked for.
      expect(await page.getByText('What you see was true at').count()).toBe(1);
      expect(await button(page, 'Unload').getAttribute('aria-disabled')).toBe('true');
      await vi.waitFor(async () => expect(await page.title()).toBe('Offline · Models · Llamactor'), {
        timeout: 10_000,
      });
    }
    await gone(before.pid as number);

    served = await start(Number(port));
    expect(new URL(served.url).port).toBe(port);
    for (const page of [first, second]) {
      await seen(livePill(page));
      await page.getByText('Llamactor is not answering').waitFor({ state: 'detached' });
      await seen(active(page).getByText('Loaded', { exact: true }));
    }
    const after = await demo();
    expect(after.state).toBe('loaded');
    expect(after.pid).not.toBe(before.pid);
    await button(first, 'Unload').click();
    for (const page of [first, second]) await seen(button(page, 'Load'));
    // A browser reports every connection that fails; there must be no other complaint.
    expect(complaints.filter((text) => !/ERR_CONNECTION|WebSocket/.test(text))).toEqual([]);
    complaints = [];
  });

  it('answers in the chat: the question loads the model, and the answer is measured', async () => {
    expect((await demo()).state).toBe('unloaded');
    await first.goto(`${served.url}/chat?model=${DEMO}`);
    await first.getByRole('textbox', { name: 'Message', exact: true }).fill('Hello');
    await first.keyboard.press('Enter');
    const messages = first.getByRole('log', { name: 'Messages' });
    await seen(messages.getByText(DEMO_SENTENCE));
    await seen(messages.getByText(/tokens\/s · .*token.*first after/));
    await seen(active(second).getByText('Loaded', { exact: true }));
  });

  it('shows in the inspector how the machines move, and goes back to any step', async () => {
    await button(second, 'Unload').click();
    await seen(button(second, 'Load'));
    await first.goto(`${served.url}/inspector`);
    await seen(first.getByText('Nothing has moved yet'));
    await button(second, 'Load').click();
    await seen(active(second).getByText('Loaded', { exact: true }));
    await first
      .getByRole('list', { name: 'Actors' })
      .getByRole('button', { name: `model:${DEMO}` })
      .click();
    await seen(first.locator('[data-state="loaded"][data-active]'));
    const steps = first.getByRole('list', { name: 'Steps, oldest first' });
    await steps.getByRole('button', { name: /model\.load/ }).click();
    await seen(first.locator('[data-state="loading"][data-active]'));
    await first.getByRole('button', { name: 'Back to live' }).click();
    await seen(first.locator('[data-state="loaded"][data-active]'));
  });

  it('shows on every other page what it really is', async () => {
    await first.goto(served.url);
    await seen(first.getByText('All is well; 1\u00a0model is loaded'));
    await seen(first.getByRole('region', { name: 'Who has the memory' }).getByText(DEMO));
    await seen(first.getByRole('heading', { name: /^Welcome/ }));
    await first.goto(`${served.url}/monitoring?range=5m`);
    await seen(first.getByRole('img', { name: 'Memory by process over time' }));
    await seen(first.getByRole('region', { name: 'Health' }).getByText('Healthy'));
    await first.goto(`${served.url}/monitoring/requests`);
    const asked = first.getByRole('table', { name: 'Finished requests' }).getByRole('row');
    await seen(asked.filter({ hasText: '/v1/chat/completions' }).first());
    expect(await ask(served.routerUrl)).toBe(DEMO_SENTENCE);
    await seen(
      asked
        .nth(1)
        .filter({ hasText: '200' })
        .filter({ hasText: /\d\u00a0t\/s/ }),
    );
    await first.goto(`${served.url}/monitoring/timeline?range=5m`);
    const lane = first.getByRole('group', { name: new RegExp(`^${DEMO}: loaded`) });
    await seen(lane.getByRole('button', { name: /^Loaded, .* of memory/ }).last());
    await first.goto(`${served.url}/logs`);
    await seen(first.getByRole('region', { name: 'Log lines' }).locator('.log-line').first());
    await first.goto(`${served.url}/configuration`);
    const most = first.getByRole('textbox', { name: 'Models at once' });
    await most.fill('2');
    await first.getByRole('button', { name: 'Save', exact: true }).click();
    await seen(first.getByText('1\u00a0key stored'));
    await first.reload();
    await vi.waitFor(async () => expect(await most.inputValue()).toBe('2'), { timeout: 10_000 });
    // The demo model is loaded: what the preview says of it is what then happens to its process.
    const before = await demo();
    await first.getByRole('textbox', { name: 'Context', exact: true }).fill('768');
    const effects = first.getByRole('group', { name: 'What this does' });
    await seen(effects.getByText(`${DEMO} is loaded again when no request is in flight`));
    expect((await demo()).pid).toBe(before.pid);
    await first.getByRole('button', { name: 'Save', exact: true }).click();
    await seen(first.getByText(`${DEMO} runs with 768, from here`));
    const after = await demo();
    expect(after).toMatchObject({ state: 'loaded' });
    expect(after.pid).not.toBe(before.pid);
    await first.goto(`${served.url}/configuration/presets`);
    await first.getByRole('button', { name: 'New preset' }).first().click();
    await first.getByRole('textbox', { name: 'Name', exact: true }).fill('mine');
    await first.getByRole('textbox', { name: 'Text of the preset' }).fill('[*]\nnonsense\n');
    await first.getByRole('button', { name: 'Save', exact: true }).click();
    await seen(first.getByRole('alert').getByText('Line 2 of the preset'));
    await first.getByRole('textbox', { name: 'Text of the preset' }).fill('[*]\nctx-size = 512\n');
    await first.getByRole('button', { name: 'Save', exact: true }).click();
    await seen(first.getByText('The preset “mine” is stored'));
    await first.goto(`${served.url}/settings`);
    await seen(first.getByText(process.version));
  });
});
