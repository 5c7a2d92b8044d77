/** The whole chain but the model: a real Chromium, the machine, a person's consent, the transcript, pictures and downloads on disk. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { defaultConfig } from '../../src/contracts/config.ts';
import { sessionsCommands } from '../../src/contracts/commands/sessions.ts';
import { SessionsDocument } from '../../src/contracts/session-record.ts';
import type { SessionsDocument as Sessions } from '../../src/contracts/session-record.ts';
import { browserOpener } from '../../src/io/browser/open.ts';
import { startGuardian } from '../../src/io/guardian.ts';
import { pidRecords } from '../../src/io/processes/pid-records.ts';
import { sessionFiles } from '../../src/io/sessions/session-files.ts';
import { openDocument } from '../../src/io/store/document.ts';
import { createSessions } from '../../src/runtime/sessions/sessions.ts';
import { findChromium } from '../support/chromium.ts';
import { createMemoryApprovals } from '../support/memory-approvals.ts';
import { buyer, startShop } from './shop.ts';

const ana = { owner: 'shared', who: 'Ana', by: 'test' };

it('logs in, fills a cart, is refused once with a reason, pays with consent, and downloads the receipt', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'session-chain-'));
  const shop = await startShop();
  const { executablePath, env } = await findChromium();
  const guardian = startGuardian();
  const approvals = createMemoryApprovals(() => undefined);
  const next = buyer(shop.site.origin);
  const told: string[] = [];
  let n = 0;
  const service = createSessions({
    store: await openDocument<Sessions>({
      path: path.join(folder, 'sessions.json'),
      version: 1,
      schema: SessionsDocument,
      defaults: () => ({ sessions: [] }),
      onDamaged: () => undefined,
    }),
    files: sessionFiles(path.join(folder, 'sessions')),
    shelf: { list: () => [], find: () => undefined, read: () => Promise.reject(new Error('none')), pathOf: () => '' },
    openBrowser: browserOpener({
      ...{ pids: pidRecords(path.join(folder, 'run')), guardian, env: { ...process.env, ...env } },
      ...{ warn: () => undefined, now: Date.now },
    }),
    mind: ({ entries }) => {
      const last = entries.findLast(({ kind }) => kind === 'step');
      const result = last?.kind === 'step' ? last.result : '';
      told.push(result);
      const call = next(result, null, n);
      n += 1;
      return Promise.resolve({
        ...{ words: '', thought: '', call, problem: null, summary: null, model: 'scripted' },
        usage: { inputTokens: 1, outputTokens: 1 },
      });
    },
    approvals: approvals.service,
    config: () => ({
      ...defaultConfig(),
      'sessions.browser': executablePath,
      'sessions.allowPrivate': [`127.0.0.1:${shop.site.port}`],
    }),
    hub: { publish: () => undefined, subscribe: () => () => undefined },
    log: () => undefined,
    now: Date.now,
    newId: () => 'chain',
  });
  onTestFinished(async () => {
    await service.drain();
    await service.close();
    guardian.close();
    await rm(folder, { recursive: true, force: true });
  });

  const wish = { prompt: `Buy a blue cup at ${shop.site.origin}/ as ada.` };
  await service.start(sessionsCommands['sessions:start'].payload.parse(wish), ana);
  const asked: { title: string; picture: string | null }[] = [];
  const answer = async (title: RegExp, reason: string | null): Promise<void> => {
    const pending = () => approvals.service.list('shared', 0);
    await expect.poll(() => pending()[0]?.title, { timeout: 30_000 }).toMatch(title);
    const [request] = pending();
    if (request === undefined) return;
    asked.push(request);
    if (reason === null) await approvals.service.approve(request.id, 'once', '', ana);
    else await approvals.service.reject(request.id, reason, ana);
  };
  await answer(/secret into “Password”/, null);
  await answer(/Click “Log in”/, null);
  await answer(/Click “Add to cart”/, null);
  await answer(/Click “Pay now”/, 'Wait until I have looked at the cart, then try again.');
  await answer(/Click “Pay now”/, null);
  await answer(/Download “Receipt”/, null);
  await expect.poll(() => service.get('chain', 'shared').status, { timeout: 30_000 }).toBe('end');

  expect(shop.logins).toEqual([{ user: 'ada', password: 'analytical-engine' }]);
  expect(shop.orders).toEqual(['ada: Blue cup']);
  expect(told.filter((text) => text.includes('Wait until I have looked at the cart'))).toHaveLength(1);
  const { entries } = await service.transcript('chain', 'shared', 0, 100);
  const steps = entries.flatMap((entry) => (entry.kind === 'step' ? [entry] : []));
  expect(steps.map(({ tool, state }) => `${tool} ${state}`)).toEqual([
    ...['navigate done', 'read done', 'type done', 'type done', 'click done', 'read done', 'click done', 'read done'],
    ...['click refused', 'click done', 'read done', 'download done'],
  ]);
  expect(JSON.stringify(entries)).not.toContain('analytical-engine');
  const view = service.get('chain', 'shared');
  expect(view).toMatchObject({ steps: 12, answer: expect.stringContaining('receipt') as string });
  expect(view.downloads).toMatchObject([{ name: 'receipt.txt', url: '/sessions/chain/downloads/receipt.txt' }]);
  const receipt = service.file('chain', 'shared', 'downloads', 'receipt.txt');
  expect(await readFile(receipt.path, 'utf8')).toContain('ada: Blue cup');
  for (const { picture } of asked) {
    const name = picture?.split('/').at(-1) ?? '';
    const png = await readFile(service.file('chain', 'shared', 'pictures', name).path);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
  }
  expect(
    steps
      .filter(({ tool }) => tool !== 'read' && tool !== 'download')
      .every(({ picture, state }) => picture !== null || state === 'refused'),
  ).toBe(true);
}, 120_000);
