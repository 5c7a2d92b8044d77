/** What people are told of a real server with real children, and what is still there after it was started again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../src/app.ts';
import type { App } from '../../src/app.ts';
import { FAKE_ENGINE, QUICK_POLICY, startFakeApp } from '../support/fake-app.ts';
import type { FakeApp } from '../support/fake-app.ts';
import { connectClient } from '../support/socket-client.ts';

let fake: FakeApp | null = null;
afterEach(async () => {
  await fake?.stop();
  fake = null;
});
const titlesOf = (app: App): string[] =>
  app.services.notifications.list('local', { limit: 50, unread: false }).notifications.map(({ title }) => title);

describe('a model', () => {
  it('that crashes is told on the sockets, and one that crashes for good is told as given up', async () => {
    fake = await startFakeApp({ alpha: '' });
    const { app, until } = fake;
    const client = await connectClient(app.url, { namespace: '/notifications' });
    const { pid } = await app.services.models.load('alpha', 'test');
    await app.services.models.update('alpha', { parameters: { fault: 'exit-at-start' } }, 'test', 'next-load');
    process.kill(pid as number, 'SIGKILL');
    expect(await client.waitFor('notification', ({ title }) => title === 'alpha crashed')).toMatchObject({
      type: 'warning',
      data: { modelId: 'alpha' },
    });
    await until('alpha', ({ gaveUp }) => gaveUp);
    expect(await client.waitFor('notification', ({ title }) => title === 'alpha was given up')).toMatchObject({
      type: 'error',
    });
    // However often it crashed in between, people were disturbed twice.
    expect(client.of('notification').map(({ title }) => title)).toEqual(['alpha crashed', 'alpha was given up']);
    client.close();
  });
});

describe('what a server keeps', () => {
  it('tokens, notifications and who has read them hold after it was started again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'llamactor-kept-'));
    const start = async (): Promise<App> => {
      const app = await createApp({
        host: '127.0.0.1',
        port: 0,
        routerPort: 0,
        dataDir: folder,
        modelsDirs: null,
        enginePath: FAKE_ENGINE,
        web: false,
        autoInstall: false,
        policy: QUICK_POLICY,
        env: { PATH: process.env['PATH'] },
      });
      await app.start();
      return app;
    };
    const first = await start();
    const { token } = await first.services.tokens.create(
      { userId: 'ana', email: null, scopes: ['operate'], expiresAt: null },
      'test',
    );
    const said = { userId: 'ana', type: 'info' as const, title: 'Tea', message: 'Ready.' };
    const { id } = await first.services.notifications.send(said);
    await first.services.notifications.send({ ...said, title: 'Cake' });
    const { webhook } = first.services.notifications;
    const { secret } = webhook();
    await first.services.notifications.read('user:ana', [id]);
    await first.stop('test');

    const second = await start();
    const client = await connectClient(second.url, { auth: { token } });
    expect(await client.waitFor('authenticated')).toMatchObject({ userId: 'ana' });
    expect(await client.ack('notifications:list')).toMatchObject({
      data: {
        notifications: [
          { title: 'Cake', read: false },
          { id, title: 'Tea', read: true },
        ],
        unread: 1,
      },
    });
    expect(titlesOf(second)).toEqual([]);
    expect(second.services.notifications.webhook().secret).toBe(secret);
    client.close();
    await second.stop('test');
    await rm(folder, { recursive: true, force: true });
  });

  it('a full disk is told of when the sampler sees it', async () => {
    fake = await startFakeApp({});
    const { app } = fake;
    await app.services.config.update({ notifyDiskUsed: 1 }, 'test');
    const release = app.services.metrics.demand(1000);
    await vi.waitFor(() => expect(titlesOf(app)).toContain('The disk is nearly full'), { timeout: 20_000 });
    release();
  });
});
