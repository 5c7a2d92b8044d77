/** Servers of tools in a real browser, over the real commands and sockets: their page, an agent's choice, and what it did. */
import { resolve } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DomainChange } from '../../src/commands/services.ts';
import { launchChromium } from '../support/chromium.ts';
import { memoryMcpServer, memoryMcpTool } from '../support/memory-mcp.ts';
import { DIRECT, startChannelsServer } from './channels-server.ts';
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

/** Servers in every state that a person has to understand. */
const furnish = (): void => {
  const { put } = server.services.control.mcp;
  const tool = (name: string, description: string, over = {}) =>
    memoryMcpTool('files', { name, title: null, description, readOnly: false, ...over });
  put(
    memoryMcpServer({
      command: 'npx',
      args: ['-y', '@modelcontextprotocol/server-filesystem', '/home/ana/notes'],
      env: ['FILES_TOKEN'],
      state: 'ready',
      tools: 3,
      title: 'secure-filesystem-server',
      version: '0.2.0',
      startedAt: 1,
    }),
    [
      tool('read_file', 'Reads the complete content of a file.', { readOnly: true }),
      tool('write_file', 'Creates a file, or overwrites one that is there.'),
      tool('delete_file', 'Deletes a file for good.', { destructive: true }),
    ],
  );
  put(
    memoryMcpServer({
      name: 'calendar',
      transport: 'http',
      command: null,
      url: 'https://calendar.example.org/mcp?key=hidden',
      headers: ['Authorization'],
      state: 'failed',
      failure: {
        code: 'BAD_ARGUMENT',
        message: 'It refuses us (status 401); correct its headers and start it.',
        stderr: [],
        exitCode: null,
        signal: null,
        at: 1,
      },
    }),
  );
  put(memoryMcpServer({ name: 'search', command: 'uvx', args: ['mcp-search'], disabled: true }));
};

const axeFinds = async (page: Page): Promise<string[]> => {
  await page.evaluate(axe.source);
  const violations = await page.evaluate<{ id: string; impact: string; nodes: { html: string }[] }[]>(
    'axe.run(document, { resultTypes: ["violations"] }).then((result) => result.violations)',
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
};

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());
beforeEach(async () => {
  complaints = [];
  server = await startChannelsServer(resolve(import.meta.dirname, '../../dist/web'));
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  await server.close();
  expect(complaints).toEqual([]);
});

describe('the page of tools', () => {
  it('adds a server, starts it, shows its tools, stops and removes it', async () => {
    const page = await open('/channels/tools');
    await seen(page.getByRole('heading', { name: 'No servers yet' }));
    await page.getByRole('button', { name: 'New server' }).click();
    await page.getByLabel('Name', { exact: false }).first().fill('notes');
    await page.getByLabel('Command').fill('notes-server');
    await page.getByLabel('Arguments').fill('--root\n/home/ana');
    await page.getByRole('button', { name: 'Add a variable' }).click();
    await page.getByLabel('Name of variable 1').fill('TOKEN');
    await page.getByLabel('Value of TOKEN').fill('top-secret');
    await page.getByRole('button', { name: 'Save' }).click();
    await poll(() => server.services.mcp.list()).toMatchObject([
      { name: 'notes', command: 'notes-server', args: ['--root', '/home/ana'], env: ['TOKEN'] },
    ]);
    await seen(page.getByText('Its tools are known once it has been started'));
    await page.getByRole('button', { name: 'Start notes' }).click();
    await seen(page.getByText('Ready'));
    await page.getByText('1 tool').click();
    await seen(page.getByRole('list', { name: 'Tools of notes' }).getByText('Says the same.'));
    await page.getByRole('button', { name: 'Stop notes' }).click();
    await seen(page.getByText('Stopped'));
    await page.getByRole('button', { name: 'Remove notes' }).click();
    await page.getByRole('button', { name: 'Remove', exact: true }).click();
    await seen(page.getByRole('heading', { name: 'No servers yet' }));
  });

  it('keeps the values that nobody is shown when a server is changed', async () => {
    furnish();
    const page = await open('/channels/tools');
    const saved: unknown[] = [];
    const { save } = server.services.mcp;
    server.services.mcp.save = (name, draft, by) => {
      saved.push(draft);
      return save(name, draft, by);
    };
    await page.getByRole('button', { name: 'Change files' }).click();
    expect(await page.getByLabel('Value of FILES_TOKEN').getAttribute('placeholder')).toBe('stored, not shown');
    await page.getByLabel('Folder').fill('/tmp');
    await page.getByRole('button', { name: 'Save' }).click();
    await poll(() => saved).toMatchObject([{ command: 'npx', cwd: '/tmp', env: { FILES_TOKEN: null } }]);
  });

  it('takes over another assistant’s file, and says what is wrong with one', async () => {
    const page = await open('/channels/tools');
    await page.getByRole('button', { name: 'Take over' }).click();
    const box = page.getByLabel('Another assistant’s file');
    await box.fill('{"mcpServers": {"notes": {"command": "notes-server"}}}');
    await page.getByRole('dialog').getByRole('button', { name: 'Take over' }).click();
    await seen(page.getByText('Taken over: notes'));
    await seen(page.getByRole('heading', { name: 'notes' }));
  });

  it('tells why a server failed', async () => {
    furnish();
    const page = await open('/channels/tools');
    await seen(page.getByText('It refuses us (status 401)'));
    await seen(page.getByText('Switched off'));
  });
});

describe('an agent’s tools', () => {
  it('are chosen by server and by tool', async () => {
    furnish();
    const page = await open(`/channels/agents/${server.helper.id}`);
    await page.getByLabel('Tools of files').selectOption('As usual');
    await page.getByText('3 tools').click();
    await page.getByLabel('files/delete_file').selectOption('Never');
    await page.getByRole('switch', { name: 'Trust what only reads' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await poll(() => server.services.agents.get('Helper')).toMatchObject({
      tools: [{ tool: 'files' }, { tool: 'files/delete_file', consent: 'deny' }],
      trustReadOnly: true,
    });
  });

  it('stand folded in the message that they helped with', async () => {
    furnish();
    const page = await withActions();
    await page.getByText('Used 2 tools').click();
    await seen(page.getByText('not allowed'));
    await seen(page.getByText('Nobody is there.'));
    await seen(page.getByLabel('Arguments of files/read_file'));
  });
});

const withActions = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> => {
  const { agents, channels } = server.services;
  const { id: _, createdAt: __, updatedAt: ___, ...draft } = server.helper;
  const tools = [{ tool: 'files' }];
  await agents.save(server.helper.id, { ...draft, tools, trustReadOnly: true }, 'test');
  const done = new Promise<void>((end) => {
    server.services.subscribe((changes: readonly DomainChange[]) => {
      if (changes.some((change) => change.kind === 'channel.told' && change.event === 'messageComplete')) end();
    });
  });
  await channels.send(
    { channelId: DIRECT, serverId: DIRECT, text: 'Who comes to dinner?', entityId: 'ana', entityName: 'Ana' },
    'test',
  );
  await done;
  return open(`/channels/${DIRECT}`, options);
};

describe('everyone can use', () => {
  it.each([
    { width: 1440, colorScheme: 'light' },
    { width: 390, colorScheme: 'dark' },
  ] as const)('the servers, their form, an agent’s choice and its actions at $width px, $colorScheme', async (look) => {
    furnish();
    const options = {
      viewport: { width: look.width, height: 900 },
      colorScheme: look.colorScheme,
      reducedMotion: 'reduce',
    } as const;
    const checked = async (page: Page): Promise<void> => {
      expect(await axeFinds(page)).toEqual([]);
      expect(await lowContrast(page)).toEqual([]);
      expect(await contentWidth(page)).toBe(look.width);
    };
    const servers = await open('/channels/tools', options);
    await servers.getByText('3 tools').click();
    await checked(servers);
    await servers.getByRole('button', { name: 'Change files' }).click();
    await seen(servers.getByLabel('Value of FILES_TOKEN'));
    await checked(servers);
    const talk = await withActions(options);
    await talk.getByText('Used 2 tools').click();
    await checked(talk);
    const agent = await open(`/channels/agents/${server.helper.id}`, options);
    await agent.getByText('3 tools').click();
    await checked(agent);
  });
});
