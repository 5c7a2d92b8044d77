/** `llamactor notifications` over a server in this process. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startTestServer } from '../support/server.ts';
import { run, start } from './harness.ts';

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const cli = (...argv: string[]) => run(argv, { url: server.url });
const tokenOf = async (userId: string): Promise<string> =>
  (await server.services.tokens.create({ userId, email: null, scopes: ['operate'], expiresAt: null }, 'test')).token;

it('says that there is nothing', async () => {
  expect(await cli('notifications')).toMatchObject({ code: 0, out: '', err: 'There is nothing to tell.\n' });
  expect((await cli('notifications', 'list', '--unread')).err).toContain('Everything is read');
});

it('lists, marks as read, and shows only what is unread', async () => {
  for (const title of ['Tea', 'Cake']) await cli('notifications', 'send', title, 'It is ready.', '--type', 'success');
  const list = await cli('notifications');
  expect(list.out).toMatch(/^ID +WHEN +TYPE +WHAT/);
  expect(list.out).toMatch(/success +Cake: It is ready\.[^]*success +Tea: It is ready\./);
  expect(list.err).toContain('2 unread');
  const { notifications } = (await cli('--json', 'notifications', 'list')).json() as {
    notifications: { id: string }[];
  };
  expect((await cli('notifications', 'read', notifications[0]?.id ?? '')).out).toBe('1 marked as read; 1 unread.\n');
  expect((await cli('notifications', 'list', '--unread')).out).not.toContain('Cake');
  expect((await cli('notifications', 'read', '--all')).out).toBe('1 marked as read; 0 unread.\n');
});

it('what is one user’s is seen with the user’s token alone', async () => {
  const sent = await cli('notifications', 'send', 'Tea', 'For you.', '--user', 'ana', '--data', '{"cups":2}', '--json');
  expect(sent.json()).toMatchObject({ notification: { userId: 'ana', data: { cups: 2 } } });
  expect((await cli('notifications')).out).toBe('');
  expect((await cli('--key', await tokenOf('bo'), 'notifications')).out).toBe('');
  expect((await cli('--key', await tokenOf('ana'), 'notifications')).out).toContain('Tea: For you.');
});

it('follows until Ctrl-C', async () => {
  const following = start(['notifications', 'list', '--follow', '--json'], { url: server.url });
  await vi.waitFor(async () => {
    await cli('notifications', 'send', 'Tea', 'It is ready.');
    expect(following.out()).toContain('"title":"Tea"');
  });
  following.signal('SIGINT');
  expect(await following.done).toBe(130);
});

it('following ends when the token does, and says so', async () => {
  const { token } = await server.services.tokens.create(
    { userId: 'ana', email: null, scopes: ['operate'], expiresAt: Date.now() + 2000 },
    'test',
  );
  const outcome = await run(['--key', token, 'notifications', 'list', '--follow'], { url: server.url });
  expect(outcome).toMatchObject({ code: 1 });
  expect(outcome.err).toContain('expired');
});

it('shows the webhook', async () => {
  expect((await cli('notifications', 'webhook')).out).toMatch(/address +none[^]*secret +whsec_/);
});

it.each([
  [['read'], '--all'],
  [['read', 'x', '--all'], '--all'],
  [['send', 'x'], 'message'],
  [['send', 'x', 'y', '--type', 'loud'], 'info, success, warning, error'],
  [['send', 'x', 'y', '--data', '[1]'], 'object in JSON'],
  [['lsit'], 'did you mean list'],
])('notifications %j is wrong usage', async (argv, words) => {
  const outcome = await cli('notifications', ...argv);
  expect(outcome).toMatchObject({ code: 2, out: '' });
  expect(outcome.err).toContain(words);
});
