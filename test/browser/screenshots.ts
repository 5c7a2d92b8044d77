/**
 * Every page in four variants (wide and phone, light and dark), as PNG files in `.cache/screenshots/`, for people to look at:
 * `npm run screenshots [-- names]`. The state is the fixture's, so that pictures of two days can be compared.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { aModel, mixedModels } from './fixture-models.ts';
import { someKeys, someRequests, someRunning } from './fixture-activity.ts';
import { KITCHEN, startChannelsServer } from './channels-server.ts';
import { someRuns } from './fixture-runs.ts';
import { startSessionsApp } from './sessions-app.ts';
import { askedToPay, bought, inHand, questioned, severalSessions, watched } from './sessions-scenes.ts';
import type { SessionsApp } from './sessions-app.ts';
import { aDownload } from './fixture-downloads.ts';
import { aVariant, someDecisions, someLines, someNotifications, somePresets } from './fixture-data.ts';
import { FixtureServer } from './fixture-server.ts';

const root = process.cwd();
const folder = join(root, '.cache', 'screenshots');

const ANSWER = `A **llama** (*Lama glama*) is a domesticated South American camelid.

1. It carries up to 30 % of its own weight.
2. It hums when it is content.

\`\`\`ts
const llama = { hums: true, spits: 'rarely' };
console.log(llama.spits);
\`\`\`

| Animal | Height | Temper |
| --- | ---: | --- |
| Llama | 1.8 m | calm |
| Alpaca | 0.9 m | shy |

> Never trust a llama with your hat.
`;

interface Scene {
  name: string;
  path: string;
  /** Changes the fixture before the page is opened. */
  set?: (server: FixtureServer) => void;
  /** Runs over the real channels in place of the fixture; `hold` stops answers after their first words. */
  channels?: { hold: boolean };
  /** Runs over real sessions, with a browser each, in place of the fixture. */
  sessions?: (app: SessionsApp) => Promise<void>;
  /** Does something on the page before the picture. */
  act?: (page: Page, server: FixtureServer) => Promise<void>;
}

const demoOnly = (server: FixtureServer): void => {
  server.models = new Map([['llamactor-demo', aModel('llamactor-demo', { size: 1_200_000 })]]);
  server.withoutCommands = [];
  server.hub.set('ggml-org/gemma-3-1b-it-GGUF', aVariant('Q4_K_M', 806_000_000));
  server.hub.set('ggml-org/Qwen3-4B-GGUF', aVariant('Q4_K_M', 2_497_000_000));
  server.hub.set('ggml-org/gemma-3-4b-it-GGUF', aVariant('Q8_0', 4_130_000_000));
  server.hub.set('ggml-org/gpt-oss-20b-GGUF', aVariant('MXFP4', 12_110_000_000, { fit: 'partly' }));
};

const ask = async (page: Page, text: string): Promise<void> => {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Answer again' }).first().waitFor();
};

const SCENES: readonly Scene[] = [
  { name: 'dashboard', path: '/' },
  { name: 'dashboard-first', path: '/', set: demoOnly },
  { name: 'models', path: '/models' },
  {
    name: 'models-select',
    path: '/models?state=loaded',
    act: async (page) => {
      await page.getByRole('button', { name: 'Select' }).click();
      await page.getByRole('checkbox', { name: /^Choose Qwen3/ }).check();
    },
  },
  {
    name: 'models-drawer-edit',
    path: '/models?model=Qwen3-8B-Q4_K_M',
    act: async (page) => {
      await page.getByText('Edit', { exact: true }).click();
      await page.getByRole('textbox', { name: /^Parameters/ }).fill('ctx-size = 8192');
      await page.getByText(/is loaded again/).waitFor();
      await page.getByRole('button', { name: 'Save' }).scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'models-drawer',
    path: '/models?model=SmolLM2-360M-Instruct-Q8_0',
    act: async (page) => {
      await page.getByText('It fits').waitFor();
    },
  },
  {
    name: 'models-drawer-loaded',
    path: '/models?model=Qwen3-8B-Q4_K_M',
    act: async (page) => {
      const drawer = page.getByRole('dialog', { name: /^Qwen3/ });
      await drawer.getByText('Parameters', { exact: true }).last().click();
      await drawer.getByText('The last 24 hours').click();
      await drawer.getByText('differs').waitFor();
      await drawer.getByText('Its requests').scrollIntoViewIfNeeded();
    },
  },
  { name: 'add-empty', path: '/models?add=download' },
  {
    name: 'add-variants',
    path: '/models?add=download&source=ggml-org%2Fgemma-3-12b-it-GGUF',
    set: (server) => {
      server.downloads = [aDownload('d1')];
    },
    act: (page) => page.getByText('Recommended').waitFor(),
  },
  { name: 'add-record', path: '/models?add=record' },
  {
    name: 'add-import',
    path: '/models?add=import',
    act: async (page) => {
      await page
        .getByRole('textbox', { name: /^llama-swap/ })
        .fill('models:\n  qwen:\n    cmd: llama-server -m qwen.gguf');
      await page.getByRole('button', { name: 'What would happen?' }).click();
      await page.getByText('It runs in a container').waitFor();
    },
  },
  { name: 'chat-empty', path: '/chat' },
  {
    name: 'chat',
    path: '/chat',
    set: (server) => {
      server.chat = { ...server.chat, text: ANSWER, reasoning: 'The person asks about llamas. A short list will do.' };
    },
    act: async (page) => {
      await ask(page, 'What is a llama? Show me some code and a table, too.');
    },
  },
  {
    name: 'channels',
    path: `/channels/${KITCHEN}`,
    channels: { hold: false },
    act: async (page) => {
      await page.getByRole('textbox', { name: 'Message', exact: true }).fill('@Helper, make a plan for us, please.');
      await page.keyboard.press('Enter');
      await page.getByText('Ben brings the soup.').waitFor();
    },
  },
  {
    name: 'channels-live',
    path: `/channels/${KITCHEN}`,
    channels: { hold: true },
    act: async (page) => {
      await page.getByRole('textbox', { name: 'Message', exact: true }).fill('@Helper, make a plan for us, please.');
      await page.keyboard.press('Enter');
      await page.getByText('writing…').waitFor();
    },
  },
  {
    name: 'channels-new',
    path: `/channels/${KITCHEN}`,
    channels: { hold: false },
    act: async (page) => {
      const list = page.getByRole('button', { name: 'Show the channels' });
      if (await list.isVisible()) await list.click();
      await page.getByRole('button', { name: 'New channel' }).click();
    },
  },
  {
    name: 'agents',
    path: '/channels/agents',
    channels: { hold: false },
    act: async (page) => {
      await page.getByRole('button', { name: 'Ask' }).click();
      await page.getByText('Ben brings the soup.').waitFor();
    },
  },
  { name: 'monitoring', path: '/monitoring' },
  { name: 'sessions-empty', path: '/sessions', sessions: () => Promise.resolve() },
  { name: 'sessions', path: '/sessions', sessions: severalSessions },
  {
    name: 'sessions-live',
    path: '/sessions/session-1',
    sessions: watched,
    act: (page) => page.getByText('Live', { exact: true }).waitFor(),
  },
  {
    name: 'sessions-consent',
    path: '/sessions/session-1',
    sessions: askedToPay,
    act: (page) => page.getByText('Live', { exact: true }).waitFor(),
  },
  {
    name: 'sessions-tray',
    path: '/models',
    sessions: askedToPay,
    act: (page) => page.getByText('Show the session').waitFor(),
  },
  {
    name: 'sessions-question',
    path: '/sessions/session-1',
    sessions: questioned,
    act: (page) => page.getByText('Live', { exact: true }).waitFor(),
  },
  {
    name: 'sessions-hand',
    path: '/sessions/session-1',
    sessions: inHand,
    act: (page) => page.getByText('Live', { exact: true }).waitFor(),
  },
  {
    name: 'sessions-done',
    path: '/sessions/session-1',
    sessions: bought,
    act: (page) => page.locator('.entry').first().waitFor(),
  },
  { name: 'audit', path: '/audit', sessions: bought, act: (page) => page.locator('.audit__entry').first().waitFor() },
  { name: 'runs', path: '/runs' },
  { name: 'runs-empty', path: '/runs', set: (server) => void (server.runs = []) },
  {
    name: 'runs-live',
    path: '/runs/r4',
    act: (page) => page.getByText('I am changing that now').waitFor(),
  },
  {
    name: 'runs-failed',
    path: '/runs/r2',
    act: (page) => page.getByText('I am changing that now').waitFor(),
  },
  { name: 'requests', path: '/monitoring/requests', act: (page) => page.locator('.request').first().waitFor() },
  {
    name: 'requests-scrolled',
    path: '/monitoring/requests',
    act: async (page) => {
      await page.locator('.request').first().waitFor();
      await page.mouse.wheel(0, 2400);
    },
  },
  {
    name: 'requests-details',
    path: '/monitoring/requests',
    act: async (page) => {
      await page.locator('.request').first().getByRole('button').click();
      await page.getByText('[DONE]').waitFor();
    },
  },
  {
    name: 'timeline',
    path: '/monitoring/timeline?range=1h',
    act: (page) => page.locator('.bar-span').nth(2).hover(),
  },
  {
    name: 'logs',
    path: '/logs',
    act: (page) => page.getByText('model is loaded').or(page.locator('.log-line')).first().waitFor(),
  },
  { name: 'inspector', path: '/inspector' },
  { name: 'configuration', path: '/configuration' },
  {
    name: 'configuration-changed',
    path: '/configuration',
    act: async (page) => {
      await page.getByRole('textbox', { name: 'Models at once' }).fill('zero');
      await page.getByRole('textbox', { name: 'Context' }).fill('8192');
    },
  },
  {
    name: 'configuration-preview',
    path: '/configuration?key=contextSize',
    act: async (page) => {
      await page.getByRole('textbox', { name: 'Context', exact: true }).fill('8192');
      await page.getByRole('textbox', { name: 'Port of the API' }).fill('9090');
      await page.getByText('The router restarts').waitFor();
    },
  },
  { name: 'presets', path: '/configuration/presets' },
  {
    name: 'presets-preview',
    path: '/configuration/presets/default',
    act: async (page) => {
      await page.getByRole('textbox', { name: 'Text of the preset' }).fill('[*]\nctx-size = 4096\n');
      await page.getByRole('group', { name: 'What this does' }).getByText('is loaded again').first().waitFor();
    },
  },
  { name: 'settings', path: '/settings' },
  { name: 'keys', path: '/settings/keys', act: (page) => page.locator('.key').first().waitFor() },
  {
    name: 'keys-new',
    path: '/settings/keys',
    act: async (page) => {
      await page.getByRole('button', { name: 'New key' }).click();
      await page.getByText('Only these').click();
    },
  },
  {
    name: 'keys-made',
    path: '/settings/keys',
    act: async (page) => {
      await page.getByRole('button', { name: 'New key' }).click();
      await page.getByRole('textbox', { name: /^Name/ }).fill('phone');
      await page.getByRole('button', { name: 'Make the key' }).click();
      await page.getByText('Copy it now').waitFor();
    },
  },
  {
    name: 'notifications',
    path: '/',
    act: async (page) => {
      await page.getByRole('button', { name: 'Notifications, 2 unread' }).click();
      await page.getByRole('dialog', { name: 'Notifications' }).waitFor();
    },
  },
  {
    name: 'notification-toasts',
    path: '/',
    act: async (page, server) => {
      const [given, crashed] = someNotifications(Date.now());
      for (const each of [given, crashed]) if (each !== undefined) server.notify({ ...each, id: `new-${each.id}` });
      await page.getByRole('button', { name: 'Show' }).nth(1).waitFor();
    },
  },
  {
    name: 'login',
    path: '/',
    set: (server) => {
      server.locked = 'This server needs a key or a token.';
    },
  },
  {
    name: 'login-refused',
    path: '/',
    set: (server) => {
      server.locked =
        'This key is unknown or was revoked: use another, or make one with `llamactor key create` where the server runs.';
    },
    act: async (page) => {
      await page.getByLabel('Key or token').fill('lla_wrong');
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('alert').first().waitFor();
    },
  },
  {
    name: 'palette',
    path: '/models',
    act: async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: /Find/ }).fill('qwen');
    },
  },
  {
    name: 'help',
    path: '/models',
    act: async (page) => {
      await page.keyboard.press('?');
    },
  },
];

const VARIANTS = [
  { name: 'wide-light', width: 1440, height: 900, colorScheme: 'light' },
  { name: 'wide-dark', width: 1440, height: 900, colorScheme: 'dark' },
  { name: 'phone-light', width: 390, height: 844, colorScheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, colorScheme: 'dark' },
] as const;

const wanted = process.argv.slice(2);
const webDir = resolve(root, 'dist/web');
const server = new FixtureServer(webDir);
await server.start();
const browser = await launchChromium();
await mkdir(folder, { recursive: true });
try {
  for (const scene of SCENES.filter(
    ({ name }) => wanted.length === 0 || wanted.some((word) => name.startsWith(word)),
  )) {
    for (const variant of VARIANTS) {
      server.reset(mixedModels());
      server.gpu = true;
      server.router = { ...server.router, inFlight: 2 };
      server.decisions = someDecisions(Date.now());
      server.logs = someLines(Date.now(), 400);
      server.presets = somePresets();
      server.runs = someRuns(Date.now());
      server.requests = someRequests(Date.now(), 400);
      server.running = someRunning(Date.now());
      server.keys = someKeys(Date.now());
      server.notifications = someNotifications(Date.now());
      scene.set?.(server);
      const talk = scene.channels === undefined ? null : await startChannelsServer(webDir, scene.channels.hold);
      const sessions = scene.sessions === undefined ? null : await startSessionsApp(webDir);
      if (sessions !== null) await scene.sessions?.(sessions);
      const { width, height, colorScheme } = variant;
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme,
        reducedMotion: 'reduce',
        hasTouch: width < 500,
      });
      const page = await context.newPage();
      page.on('pageerror', (error) => console.error(`${scene.name}: ${String(error)}`));
      page.on('console', (message) => {
        if (message.type() === 'error') console.error(`${scene.name}: ${message.text()}`);
      });
      await page.goto((talk?.url ?? sessions?.url ?? server.url) + scene.path);
      const live = page.getByRole('status').filter({ hasText: 'Connection: Live' });
      await live.or(page.getByLabel('Key or token')).waitFor();
      await page
        .locator('h1')
        .first()
        .waitFor({ state: 'attached', timeout: 5000 })
        .catch(async () => console.error(`${scene.name}: ${await page.locator('main').innerText()}`));
      await scene.act?.(page, server);
      await page.waitForTimeout(400);
      await page.screenshot({ path: join(folder, `${scene.name}.${variant.name}.png`) });
      await context.close();
      await talk?.close();
      await sessions?.close();
    }
    console.log(scene.name);
  }
} finally {
  await browser.close();
  await server.stop();
}
