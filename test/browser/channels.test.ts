/** Channels and agents in a real browser, over the real commands and sockets: two people and an agent. */
import { resolve } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { DIRECT, KITCHEN, startChannelsServer } from './channels-server.ts';
import type { ChannelsServer } from './channels-server.ts';
import { contentWidth, lowContrast } from './page-checks.ts';

let server: ChannelsServer;
let browser: Browser;
const contexts: BrowserContext[] = [];
let complaints: string[];

const poll = (read: () => unknown) => expect.poll(read, { timeout: 15_000 });
const seen = (locator: Locator): Promise<void> => locator.first().waitFor({ timeout: 15_000 });

const open = async (path: string, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  contexts.push(context);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(server.url + path);
  await seen(page.getByRole('status').filter({ hasText: 'Connection: Live' }));
  return page;
};
const say = async (page: Page, text: string): Promise<void> => {
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill(text);
  await page.keyboard.press('Enter');
};
const callMe = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('textbox', { name: 'Your name' }).fill(name);
  await page.getByRole('textbox', { name: 'Your name' }).blur();
};
const texts = (page: Page): Promise<string[]> => page.locator('.said__text').allInnerTexts();
const settledServer = async (hold = false): Promise<void> => {
  server = await startChannelsServer(resolve(import.meta.dirname, '../../dist/web'), hold);
};

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
beforeEach(() => {
  complaints = [];
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  await server.close();
  expect(complaints).toEqual([]);
});

describe('the channels page', () => {
  it('lets two people talk, and shows who is there and who types', async () => {
    await settledServer();
    const [ana, ben] = [await open(`/channels/${KITCHEN}`), await open(`/channels/${KITCHEN}`)];
    await callMe(ana, 'Anabel');
    await callMe(ben, 'Benno');
    await seen(ana.getByText('2 people here'));
    await ben.getByRole('textbox', { name: 'Message' }).pressSequentially('Hel');
    await seen(ana.getByText('Benno is typing…'));
    await say(ben, 'Hello from here');
    await seen(ana.getByText('Hello from here'));
    await poll(() => texts(ana)).toEqual([
      'Who has time on Saturday?',
      'I do. Shall we cook something together?',
      'Soup would be nice.',
      'Hello from here',
    ]);
    expect(await texts(ben)).toEqual(await texts(ana));
    await seen(ben.locator('.said[data-own]').filter({ hasText: 'Hello from here' }));
  });

  it('streams what an agent writes to everybody, with its thoughts, and stops it', async () => {
    await settledServer(true);
    const [ana, ben] = [await open(`/channels/${KITCHEN}`), await open(`/channels/${KITCHEN}`)];
    await ana.getByRole('button', { name: '@Helper' }).click();
    await ana.keyboard.type('what shall we do?');
    await ana.keyboard.press('Enter');
    for (const page of [ana, ben]) {
      await seen(page.locator('[aria-busy=true]').filter({ hasText: 'Here is a' }));
      await seen(page.getByText('writing…'));
      await seen(page.getByText('Thoughts'));
    }
    const late = await open(`/channels/${KITCHEN}`);
    await seen(late.locator('[aria-busy=true]').filter({ hasText: 'Here is a' }));
    server.release();
    for (const page of [ana, ben, late])
      await seen(page.locator('.said li').filter({ hasText: 'Ben brings the soup.' }));
    expect(await late.locator('.said .markdown').count()).toBe(1);

    await say(ana, '@Helper again');
    await seen(ana.getByText('writing…'));
    await ana.getByRole('button', { name: 'Stop the agents' }).click();
    await seen(ben.getByText('broken off here'));
  });

  it('says in the channel why an agent could not answer', async () => {
    await settledServer();
    await server.services.agents.save(server.helper.id, { ...server.helper, model: 'nowhere' }, 'test');
    const page = await open(`/channels/${DIRECT}`);
    await say(page, 'Hello');
    await seen(page.getByText('I could not answer: there is no model nowhere.'));
  });

  it('makes, changes, clears and deletes a channel, and takes back what was deleted', async () => {
    await settledServer();
    const page = await open('/channels');
    await poll(() => new URL(page.url()).pathname).toBe(`/channels/${KITCHEN}`);
    await page.getByRole('button', { name: 'New channel' }).click();
    const form = page.getByRole('dialog', { name: 'New channel' });
    await form.getByLabel('Name').fill('Garden');
    await form.getByRole('checkbox', { name: /Critic/ }).check();
    await form.getByRole('button', { name: 'Make the channel' }).click();
    await seen(page.getByRole('heading', { name: 'Garden', level: 2 }));
    await say(page, 'First words');
    await seen(page.getByText('First words'));

    await page.locator('.said').filter({ hasText: 'First words' }).hover();
    await page.getByRole('button', { name: 'Delete the message' }).click();
    await poll(() => texts(page)).toEqual([]);
    await page.getByRole('button', { name: 'Undo' }).click();
    await poll(() => texts(page)).toEqual(['First words']);

    await page.getByRole('button', { name: 'More for this channel' }).click();
    await page.getByRole('menuitem', { name: 'Change' }).click();
    await page.getByRole('dialog', { name: 'Change the channel' }).getByLabel('Name').fill('Orchard');
    await page.getByRole('button', { name: 'Save' }).click();
    await seen(page.getByRole('heading', { name: 'Orchard', level: 2 }));

    await page.getByRole('button', { name: 'More for this channel' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await poll(() => server.services.channels.list().some(({ name }) => name === 'Orchard')).toBe(false);
    await page.getByText('Channel deleted').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await seen(page.getByRole('heading', { name: 'Orchard', level: 2 }));
    await poll(() => texts(page)).toEqual(['First words']);

    await page.getByRole('button', { name: 'More for this channel' }).click();
    await page.getByRole('menuitem', { name: 'Clear' }).click();
    await page.getByRole('dialog', { name: 'Clear “Orchard”?' }).getByRole('button', { name: 'Clear' }).click();
    await poll(() => texts(page)).toEqual([]);
  });

  it('searches a channel, and fetches older messages', async () => {
    await settledServer();
    const { channels } = server.services;
    for (let n = 0; n < 70; n += 1)
      await channels.send(
        { channelId: KITCHEN, serverId: DIRECT, text: `note ${n}`, entityId: 'ana', entityName: 'Ana' },
        'test',
      );
    const page = await open(`/channels/${KITCHEN}`);
    await seen(page.getByText('note 69'));
    expect(await page.getByText('note 3', { exact: true }).count()).toBe(0);
    await page.getByRole('button', { name: 'Older messages' }).click();
    await seen(page.getByText('note 3', { exact: true }));
    await page.getByRole('button', { name: 'Search this channel' }).click();
    await page.getByRole('searchbox', { name: 'Search this channel' }).fill('soup');
    await poll(() => texts(page)).toEqual(['Soup would be nice.']);
  });

  it('attaches a picture, which everybody sees', async () => {
    await settledServer();
    const [ana, ben] = [await open(`/channels/${KITCHEN}`), await open(`/channels/${KITCHEN}`)];
    const png = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
      'base64',
    );
    await ana.getByLabel('Images to attach').setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer: png });
    await seen(ana.getByAltText('Attachment 1'));
    await say(ana, 'Look');
    await seen(ben.locator('.said__image'));
  });
});

describe('the agents page', () => {
  it('makes an agent, tries it out, and talks with it', async () => {
    await settledServer();
    const page = await open('/channels/agents');
    await seen(page.getByRole('heading', { name: 'Agents', level: 1 }));
    await page.getByRole('button', { name: 'New agent' }).click();
    await page.getByLabel('Name', { exact: false }).first().fill('Poet');
    await page.getByLabel('Instructions').fill('You rhyme.');
    await page.getByLabel('Temperature').fill('9');
    await seen(page.getByText('a number from 0 to 5'));
    await page.getByLabel('Temperature').fill('0.9');
    await page.getByRole('button', { name: 'Ask' }).click();
    await seen(page.getByRole('log', { name: 'Answer' }).getByText('Ben brings the soup.'));
    expect(server.asked.at(-1)).toMatchObject({
      temperature: 0.9,
      messages: [{ role: 'system', content: 'You rhyme.' }, {}],
    });
    await page.getByRole('button', { name: 'Save' }).click();
    await poll(() => server.services.agents.list().map(({ name }) => name)).toEqual(['Critic', 'Helper', 'Poet']);
    await page.getByRole('button', { name: 'Talk with it' }).click();
    await seen(page.getByText('Poet answers every message.'));
    await say(page, 'Hello');
    await seen(page.locator('.said li').filter({ hasText: 'Ana brings the bread.' }));
  });

  it('deletes an agent and brings it back', async () => {
    await settledServer();
    const page = await open(`/channels/agents/${server.helper.id}`);
    await page.getByRole('button', { name: 'Delete' }).click();
    await poll(() => server.services.agents.list().map(({ name }) => name)).toEqual(['Critic']);
    await page.getByRole('button', { name: 'Undo' }).click();
    await poll(() => server.services.agents.list().map(({ name }) => name)).toEqual(['Critic', 'Helper']);
    expect(server.services.agents.get('Helper')).toMatchObject({ sampling: { temperature: 0.4 } });
  });
});

describe.each([
  ['channels', () => `/channels/${KITCHEN}`],
  ['agents', () => `/channels/agents/${server.helper.id}`],
])('everyone can use the page of %s', (_, path) => {
  it.each([
    { width: 1440, colorScheme: 'light' },
    { width: 390, colorScheme: 'dark' },
  ] as const)('at $width px, $colorScheme', async ({ width, colorScheme }) => {
    await settledServer();
    await server.services.channels.send(
      { channelId: KITCHEN, serverId: DIRECT, text: '@Helper, a plan please', entityId: 'ana', entityName: 'Ana' },
      'test',
    );
    const page = await open(path(), { viewport: { width, height: 844 }, colorScheme, reducedMotion: 'reduce' });
    await seen(page.locator('.said .markdown').or(page.getByLabel('Instructions')));
    await page.evaluate(axe.source);
    const violations = await page.evaluate<{ id: string; impact: string; nodes: { html: string }[] }[]>(
      'axe.run(document, { resultTypes: ["violations"] }).then((result) => result.violations)',
    );
    const found = violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
    expect(found).toEqual([]);
    expect(await lowContrast(page)).toEqual([]);
    expect(await contentWidth(page)).toBe(width);
  });
});
