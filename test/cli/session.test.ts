/** `llamactor sessions` and `llamactor session`: words, and exit codes by the outcome. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { element } from '../support/fake-browser.ts';
import { startTestServer } from '../support/server.ts';
import { run, start } from './harness.ts';

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const sessions = () => server.services.control.sessions;
const FINISH = { tool: 'finish', arguments: { answer: 'Bread costs 3.', done: true } } as const;
const thinks = (times: number): Promise<void> => expect.poll(() => sessions().situations.length).toBe(times);

describe('session start', () => {
  it('prints the id; sessions and show tell what became of it', async () => {
    const { url } = server;
    const begun = await run(['session', 'start', 'Find', 'bread.', '--title', 'Bread', '--max-steps', '7'], { url });
    expect(begun).toMatchObject({ code: 0, out: 'session-1\n' });
    sessions().script({ tool: 'read', arguments: { from: 0 } }, FINISH);
    await expect.poll(() => server.services.sessions.list('shared', 1)[0]?.status).toBe('end');
    const listed = await run(['sessions'], { url });
    expect(listed.out).toMatch(/done\s+1\/7\s+.*Bread\s+Bread costs 3\./);
    const shown = await run(['session', 'show', 'session-1'], { url });
    expect(shown.out).toContain('> Find bread.\n✓ Read the page\n');
    const { session, entries } = JSON.parse((await run(['session', 'show', 'session-1', '--json'], { url })).out) as {
      session: { answer: string };
      entries: unknown[];
    };
    expect([session.answer, entries.length]).toEqual(['Bread costs 3.', 3]);
  });

  it('with --wait shows the steps, says what is asked, and ends with 0 when it is done', async () => {
    const { url } = server;
    sessions().browsers.elements.set('e1', element({ ref: 'e1', name: 'Send', submits: true }));
    sessions().script({ tool: 'click', arguments: { ref: 'e1' } });
    const begun = start(['session', 'start', 'Send it.', '--wait'], { url });
    await expect.poll(() => begun.err()).toContain('llamactor approve yes|no');
    const [asked] = server.services.approvals.list('shared', 0);
    expect(await run(['approve', 'no', asked?.id ?? '', '--reason', 'Later.'], { url })).toMatchObject({ code: 0 });
    await thinks(2);
    sessions().script({ tool: 'ask', arguments: { question: 'When?' } });
    await expect.poll(() => begun.err()).toContain('When? Answer with `llamactor session continue');
    expect(await run(['session', 'continue', 'session-1', 'Tomorrow.'], { url })).toMatchObject({ code: 0 });
    await thinks(3);
    sessions().script(FINISH);
    expect(await begun.done).toBe(0);
    expect(begun.out()).toMatch(/⊘ Click “Send”: Later\.\n/);
    expect(begun.out()).toContain('? When? – Tomorrow.');
    expect(begun.out().endsWith('Bread costs 3.\n')).toBe(true);
  });

  it.each([
    ['fails', (): void => sessions().script(new Error('The model is gone.')), 1],
    ['is ended by somebody', (): void => void run(['session', 'cancel', 'session-1'], { url: server.url }), 130],
    ['runs out of steps', (): void => sessions().script({ tool: 'read', arguments: { from: 0 } }), 124],
  ] as const)('with --wait that %s has an exit code of its own', async (_, happen, code) => {
    const begun = start(['session', 'start', 'Go.', '--wait', '--max-steps', '1'], { url: server.url });
    await thinks(1);
    happen();
    expect(await begun.done).toBe(code);
  });
});

it('pause, continue and rm', async () => {
  const { url } = server;
  await run(['session', 'start', 'Go.'], { url });
  await thinks(1);
  expect((await run(['session', 'pause', 'session-1'], { url })).out).toBe('Go.: paused.\n');
  expect(await run(['session', 'continue', 'session-1'], { url })).toMatchObject({ code: 0 });
  await thinks(2);
  expect((await run(['session', 'rm', 'session-1'], { url })).out).toBe('Go.: removed.\n');
  expect((await run(['sessions'], { url })).out).toContain('There was no session yet');
  expect(await run(['session', 'show', 'none'], { url })).toMatchObject({ code: 2 });
});
