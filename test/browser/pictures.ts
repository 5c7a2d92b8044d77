/**
 * The pictures of the README, into docs/images/: `npm run pictures`. Pages in the fixture's state, the inspector with the real
 * server and engine, and an animation of a model that is loaded and talked to.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { cleanUp } from '../bench/cleanup.ts';
import { demoModel } from '../bench/files.ts';
import { startProduct } from '../bench/product.ts';
import { launchChromium } from '../support/chromium.ts';
import { realEngine } from '../support/real-engine.ts';
import { animation } from './animation.ts';
import type { Frame } from './animation.ts';
import { someDecisions, someLines, somePresets } from './fixture-data.ts';
import { mixedModels } from './fixture-models.ts';
import { FixtureServer } from './fixture-server.ts';
import { startSessionsApp } from './sessions-app.ts';
import { askedToPay } from './sessions-scenes.ts';

const root = process.cwd();
const folder = join(root, 'docs', 'images');
const WIDE = { width: 1440, height: 900 };
/** What a README shows without scaling it down to where nothing can be read. */
const SMALL = { width: 960, height: 600 };
const MODEL = 'SmolLM2-360M-Instruct-Q8_0';

const FEW = ['gemma-3', 'SmolLM2', 'gpt-oss', 'DeepSeek', 'tinyllama'];

const ANSWER = `Llamas hum when they are content. In TypeScript:

\`\`\`ts
const llama = { hums: true, spits: 'rarely' };
if (llama.hums) console.log('all is well');
\`\`\`

- A mother hums to her young.
- A herd hums when it is **curious**.
`;

const fill = (server: FixtureServer): void => {
  server.reset(mixedModels());
  server.gpu = true;
  server.router = { ...server.router, inFlight: 2 };
  server.decisions = someDecisions(Date.now());
  server.logs = someLines(Date.now(), 400);
  server.presets = somePresets();
  server.chat = { ...server.chat, text: ANSWER, pace: 0 };
};

const openAt = async (browser: Browser, url: string, options: Parameters<Browser['newContext']>[0]): Promise<Page> => {
  const context = await browser.newContext({ reducedMotion: 'reduce', viewport: WIDE, ...options });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole('status').filter({ hasText: 'Connection: Live' }).waitFor();
  await page.locator('h1').first().waitFor({ state: 'attached' });
  return page;
};

const save = async (page: Page, name: string): Promise<void> => {
  await page.mouse.move(0, 0);
  // Sparklines and charts draw themselves in a frame of their own.
  await page.waitForTimeout(500);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.context().close();
  console.log(`${name}.png`);
};

const ask = async (page: Page, text: string): Promise<void> => {
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill(text);
  await page.keyboard.press('Enter');
};

const pages = async (browser: Browser, server: FixtureServer): Promise<void> => {
  const { url } = server;
  await save(await openAt(browser, url, { colorScheme: 'light' }), 'dashboard');
  await save(await openAt(browser, `${url}/models`, { colorScheme: 'dark' }), 'models');
  const chat = await openAt(browser, `${url}/chat`, { colorScheme: 'light' });
  await ask(chat, 'What do llamas sound like? Show me some code, too.');
  await chat.getByRole('button', { name: 'Answer again' }).waitFor();
  await chat.locator('.hljs-keyword').first().waitFor();
  await save(chat, 'chat');
  const configuration = await openAt(browser, `${url}/configuration`, { colorScheme: 'dark' });
  await configuration.getByRole('textbox', { name: 'Context', exact: true }).fill('8192');
  await configuration.getByText('is loaded again').first().waitFor();
  await save(configuration, 'configuration');
};

/** As it runs: with the real engine's own steps. */
const inspector = async (browser: Browser): Promise<void> => {
  const product = await startProduct({ engine: await realEngine(), write: demoModel });
  const page = await openAt(browser, `${product.url}/inspector`, { colorScheme: 'dark' });
  await page.getByText('Nothing has moved yet').waitFor();
  await product.client.call('models:load', { modelId: 'demo' });
  await page.getByRole('list', { name: 'Actors' }).getByRole('button', { name: 'model:demo' }).click();
  await page.locator('[data-state="loaded"][data-active]').waitFor();
  await save(page, 'inspector');
  await product.stop();
};

/** A session over a real browser, which waits for consent. */
const sessions = async (browser: Browser): Promise<void> => {
  const app = await startSessionsApp(resolve(root, 'dist/web'));
  await askedToPay(app);
  const page = await openAt(browser, `${app.url}/sessions/session-1`, { colorScheme: 'light' });
  await page.getByText('Live', { exact: true }).first().waitFor();
  await page.getByRole('list', { name: 'It asks for your consent' }).locator('img').waitFor();
  await save(page, 'sessions');
  await app.close();
};

const loading = async (browser: Browser, server: FixtureServer): Promise<void> => {
  const page = await openAt(browser, `${server.url}/models`, { colorScheme: 'light', viewport: SMALL });
  const frames: Frame[] = [];
  const shoot = async (delay: number): Promise<void> => {
    await page.waitForTimeout(150);
    frames.push({ png: await page.screenshot(), delay });
  };
  const load = page.getByRole('button', { name: `Load ${MODEL}` });
  await load.hover();
  await shoot(1200);
  await load.click();
  const active = page.getByRole('region', { name: 'Active models' }).getByRole('listitem').filter({ hasText: MODEL });
  const bar = active.getByRole('progressbar');
  await bar.waitFor();
  for (const progress of [4, 17, 33, 48, 62, 79, 93]) {
    server.patch(MODEL, { progress });
    await page.locator(`[role=progressbar][aria-valuenow="${progress}"]`).first().waitFor();
    await shoot(220);
  }
  server.finishLoad(MODEL);
  await active.getByText('Loaded').waitFor();
  await shoot(1500);
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Chat' }).click();
  await page.getByRole('combobox', { name: 'Model' }).selectOption(MODEL);
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill('What do llamas sound like?');
  await shoot(1000);
  server.chat = { ...server.chat, pace: 60 };
  await page.keyboard.press('Enter');
  for (let part = 0; part < 8; part += 1) await shoot(260);
  await page.getByRole('button', { name: 'Answer again' }).waitFor();
  await shoot(3000);
  await writeFile(join(folder, 'loading.gif'), await animation(frames));
  await page.context().close();
  console.log('loading.gif');
};

const server = new FixtureServer(resolve(root, 'dist/web'));
await server.start();
const browser = await launchChromium();
await mkdir(folder, { recursive: true });
try {
  fill(server);
  await pages(browser, server);
  fill(server);
  // A short list in which all is well, so that the one model is what moves.
  server.models = new Map([...server.models].filter(([id]) => FEW.some((name) => id.startsWith(name))));
  server.router = { ...server.router, inFlight: 0 };
  await loading(browser, server);
  await inspector(browser);
  await sessions(browser);
} finally {
  await browser.close();
  await server.stop();
  await cleanUp();
}
