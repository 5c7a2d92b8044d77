/** Logging in and out, and being told, in a real browser against the real transports. */
import { resolve } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import axe from 'axe-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Scope } from '../../src/contracts/keys.ts';
import { launchChromium } from '../support/chromium.ts';
import { createMemoryServices } from '../support/memory-services.ts';
import type { MemoryServices } from '../support/memory-services.ts';
import { startTransports } from '../support/server.ts';
import { lowContrast } from './page-checks.ts';

let browser: Browser;
let context: BrowserContext;
let page: Page;
let services: MemoryServices;
let server: Awaited<ReturnType<typeof startTransports>>;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
beforeEach(async () => {
  services = createMemoryServices();
  server = await startTransports({
    services,
    keyring: services.control.keys.ring,
    verify: services.control.tokens.verify,
    webDir: resolve(import.meta.dirname, '../../dist/web'),
  });
  context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, reducedMotion: 'reduce' });
  page = await context.newPage();
});
afterEach(async () => {
  await context.close();
  await server.close();
});

const keyOf = async (name: string, scopes: Scope[]): Promise<string> => {
  const wanted = { name, scopes, expiresAt: null, models: null, concurrency: null, ratePerMinute: null };
  return (await services.keys.create(wanted, 'test')).secret;
};
const tokenOf = async (userId: string, expiresAt: number | null = null): Promise<string> =>
  (await services.control.tokens.sign({ userId, scopes: ['admin'], email: null, expiresAt })).token;

const field = () => page.getByLabel('Key or token');
const problem = () => page.locator('form').getByRole('alert');
const live = () => page.getByRole('status').filter({ hasText: 'Connection: Live' });
const bell = () => page.getByRole('button', { name: /^Notifications/ });
const panel = () => page.getByRole('dialog', { name: 'Notifications' });
const logIn = async (secret: string): Promise<void> => {
  await field().fill(secret);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
};
/** What axe finds that keeps somebody from using the page. */
const axeFinds = async (): Promise<string[]> => {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<axe.AxeResults> } }).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
};

describe('a server that needs a key', () => {
  beforeEach(() => services.control.keys.require(true));

  it('asks for one and shows nothing else; a wrong one is refused in words, a right one opens the page', async () => {
    const key = await keyOf('me', ['admin']);
    await page.goto(`${server.url}/models`);
    await field().waitFor();
    expect(await page.title()).toContain('Log in');
    expect(await page.getByRole('navigation').count()).toBe(0);
    expect(await axeFinds()).toEqual([]);
    expect(await lowContrast(page)).toEqual([]);
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
    expect(await problem().innerText()).toBe('Enter a key or a token.');
    await logIn('lla_wrong');
    await problem().filter({ hasText: 'unknown or was revoked' }).waitFor();
    await logIn('nonsense');
    await problem().filter({ hasText: 'The token is not valid here' }).waitFor();
    expect(await axeFinds()).toEqual([]);
    await logIn(`  ${key}\n`);
    await live().waitFor();
    expect(new URL(page.url()).pathname).toBe('/models');
    await page.getByRole('list', { name: 'All models' }).getByText('alpha').first().waitFor();
  });

  it('a login lasts for the tab, and in the browser only when that was chosen; logging out ends it', async () => {
    const key = await keyOf('me', ['admin']);
    await page.goto(server.url);
    await logIn(key);
    await live().waitFor();
    await page.reload();
    await live().waitFor();
    const other = await context.newPage();
    await other.goto(server.url);
    await other.getByLabel('Key or token').fill(key);
    await other.getByLabel('Remember in this browser').check();
    await other.getByRole('button', { name: 'Log in', exact: true }).click();
    await other.getByRole('status').filter({ hasText: 'Connection: Live' }).waitFor();
    const third = await context.newPage();
    await third.goto(server.url);
    await third.getByRole('status').filter({ hasText: 'Connection: Live' }).waitFor();
    await third.getByRole('button', { name: 'Log out' }).click();
    await third.getByLabel('Key or token').waitFor();
    await third.reload();
    await third.getByLabel('Key or token').waitFor();
  });

  it('a key that is revoked while the page is open brings the login back, with the reason', async () => {
    await page.goto(server.url);
    await logIn(await keyOf('me', ['admin']));
    await live().waitFor();
    await services.keys.revoke('me', 'test');
    await problem().filter({ hasText: 'has ended' }).waitFor();
    expect(await page.getByRole('navigation').count()).toBe(0);
  });

  it('a key that may not see the state is told so', async () => {
    await page.goto(server.url);
    await logIn(await keyOf('infer', ['infer']));
    await problem().filter({ hasText: 'needs observe' }).waitFor();
  });

  it('a token that expires while the page is open brings the login back', async () => {
    await page.goto(server.url);
    await logIn(await tokenOf('ana', Date.now() + 4000));
    await page.getByRole('button', { name: 'Log out ana' }).waitFor();
    await problem().filter({ hasText: 'expired' }).waitFor();
    await logIn(await tokenOf('ana'));
    await page.getByRole('button', { name: 'Log out ana' }).waitFor();
  });

  it('shows what is typed on request, and offers the commands that make a key', async () => {
    await page.goto(server.url);
    await field().fill('lla_typed');
    expect(await field().getAttribute('type')).toBe('password');
    await page.getByRole('button', { name: 'Show what is typed' }).click();
    expect(await field().getAttribute('type')).toBe('text');
    expect(await page.getByText('llamactor key create --name me --scope admin').count()).toBe(1);
  });
});

describe('a server that needs none', () => {
  it('lets a user log in for things of their own, and go back to nobody', async () => {
    await page.goto(`${server.url}/settings`);
    await page.getByText('Not logged in').waitFor();
    await page.getByRole('button', { name: 'Log in' }).click();
    await logIn('nonsense');
    await problem().filter({ hasText: 'not valid here' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await live().waitFor();
    await page.getByRole('button', { name: 'Log in' }).click();
    await logIn(await tokenOf('ana'));
    await page.getByText('Logged in as ana').waitFor();
    await page.getByRole('main').getByRole('button', { name: 'Log out' }).click();
    await page.getByText('Not logged in').waitFor();
  });

  it('a key that is remembered and was revoked can be left behind', async () => {
    await page.goto(`${server.url}/settings`);
    await page.getByRole('button', { name: 'Log in' }).click();
    await logIn('lla_wrong');
    await problem().filter({ hasText: 'unknown' }).waitFor();
    await page.getByRole('button', { name: 'Go on without' }).click();
    await live().waitFor();
  });
});

describe('notifications', () => {
  const send = (title: string, over: object = {}) =>
    services.notifications.send({ userId: null, type: 'warning', title, message: 'It ended.', ...over });

  it('come as a message and behind the bell, are counted, and are read one by one or all at once', async () => {
    await page.goto(server.url);
    await live().waitFor();
    await bell().waitFor();
    await send('alpha crashed', { data: { modelId: 'alpha' } });
    await page.getByRole('region', { name: 'Messages' }).getByText('alpha crashed').waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await send('beta crashed');
    await page.getByRole('button', { name: 'Notifications, 2 unread' }).click();
    await panel().getByText('alpha crashed').waitFor();
    expect(await axeFinds()).toEqual([]);
    expect(await lowContrast(page)).toEqual([]);
    await panel()
      .getByRole('button', { name: /beta crashed/ })
      .click();
    await page.getByRole('button', { name: 'Notifications, 1 unread' }).waitFor();
    await panel()
      .getByRole('button', { name: /alpha crashed/ })
      .click();
    await page.waitForURL(/\/models\?model=alpha$/);
    expect(await panel().count()).toBe(0);
    await page.getByRole('button', { name: 'Notifications', exact: true }).waitFor();
    await send('gamma crashed');
    await page.getByRole('button', { name: 'Notifications, 1 unread' }).waitFor();
  });

  it('agree between two tabs', async () => {
    await page.goto(server.url);
    const other = await context.newPage();
    await other.goto(server.url);
    await live().waitFor();
    await send('alpha crashed');
    await other.getByRole('button', { name: 'Notifications, 1 unread' }).click();
    await page.getByRole('button', { name: 'Notifications, 1 unread' }).waitFor();
    await other.getByRole('button', { name: 'Mark all as read' }).click();
    await page.getByRole('button', { name: 'Notifications', exact: true }).waitFor();
  });

  it('of another user are not on the page', async () => {
    await page.goto(`${server.url}/settings`);
    await page.getByRole('button', { name: 'Log in' }).click();
    await logIn(await tokenOf('ana'));
    await page.getByText('Logged in as ana').waitFor();
    await send('for bo', { userId: 'bo' });
    await send('for ana', { userId: 'ana' });
    await page.getByRole('button', { name: 'Notifications, 1 unread' }).click();
    await panel().getByText('for ana').waitFor();
    expect(await page.getByText('for bo').count()).toBe(0);
  });

  it('are closed with Escape, which gives the focus back', async () => {
    await page.goto(server.url);
    await bell().click();
    await panel().getByText('Nothing yet').waitFor();
    await page.keyboard.press('Escape');
    expect(await panel().count()).toBe(0);
    expect(
      await bell().evaluate(
        (element: unknown) =>
          element === (globalThis as { document?: { activeElement: unknown } }).document?.activeElement,
      ),
    ).toBe(true);
  });

  it('make no message when that is switched off, and are behind the bell all the same', async () => {
    await services.settings.update({ enableNotifications: false }, 'test');
    await page.goto(server.url);
    await live().waitFor();
    await bell().waitFor();
    await send('alpha crashed');
    await page.getByRole('button', { name: 'Notifications, 1 unread' }).waitFor();
    expect(await page.getByText('alpha crashed').count()).toBe(0);
  });

  it('reach the desktop only after a click that asked for it, and while nobody looks', async () => {
    await context.close();
    context = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
    page = await context.newPage();
    // Headless browsers have no desktop: what would be shown is written down instead.
    await page.addInitScript(() => {
      const shown: string[] = [];
      let asked = 0;
      class System extends EventTarget {
        static permission = 'default';
        static requestPermission(): Promise<string> {
          asked += 1;
          System.permission = 'granted';
          return Promise.resolve('granted');
        }
        constructor(title: string) {
          super();
          shown.push(title);
        }
        close(): void {
          shown.push('closed');
        }
      }
      Object.assign(globalThis, { Notification: System, shown, asked: () => asked });
    });
    const shown = () => page.evaluate(() => (globalThis as unknown as { shown: string[] }).shown);
    const hide = (state: string) =>
      page.evaluate((value) => {
        const { document } = globalThis as unknown as { document: object };
        Object.defineProperty(document, 'visibilityState', { value, configurable: true });
      }, state);
    await page.goto(`${server.url}/settings`);
    const toggle = page.getByRole('switch', { name: 'Desktop notifications' });
    await toggle.waitFor();
    await hide('hidden');
    await send('before');
    await page.getByRole('button', { name: 'Notifications, 1 unread' }).waitFor();
    expect(await page.evaluate(() => (globalThis as unknown as { asked: () => number }).asked())).toBe(0);
    await toggle.click();
    await expect.poll(() => toggle.isChecked()).toBe(true);
    await send('while hidden');
    await expect.poll(shown).toEqual(['while hidden']);
    await hide('visible');
    await send('while seen');
    await page.getByRole('button', { name: 'Notifications, 3 unread' }).waitFor();
    expect(await shown()).toEqual(['while hidden']);
  });
});
