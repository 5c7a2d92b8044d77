/** `llamactor approve`: exit codes and words. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTestServer } from '../support/server.ts';
import { run, start } from './harness.ts';

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const waiting = async (): Promise<string> => {
  const pending = () => server.services.approvals.list('shared', 0);
  await expect.poll(pending).toHaveLength(1);
  return pending()[0]?.id ?? '';
};

it.each([
  [['yes'], 0, ''],
  [['no', '--reason', 'Not today.'], 1, 'Not today.'],
] as const)('request --wait ends by the answer: %j is exit code %i', async ([verb, ...flags], code, words) => {
  const { url } = server;
  const asking = start(['approve', 'request', '--title', 'Deploy', '--reason', 'All tests pass.', '--wait'], { url });
  const id = await waiting();
  const listed = await run(['approve', 'list'], { url });
  expect(listed.out).toContain('Deploy');
  expect(await run(['approve', verb, id.slice(0, 8), ...flags], { url })).toMatchObject({ code: 0 });
  expect(await asking.done).toBe(code);
  expect(asking.err()).toContain(words);
});

it('a question that nobody answers in its time is exit code 1', async () => {
  const outcome = await run(['approve', 'request', '--title', 'Deploy', '--for', '1s', '--wait'], { url: server.url });
  expect(outcome).toMatchObject({ code: 1, err: expect.stringContaining('Nobody answered in time.') as string });
});

it('without --wait it prints the id; on a terminal each question is asked', async () => {
  const { url } = server;
  const asked = await run(['approve', 'request', '--title', 'Deploy'], { url });
  expect(asked.out.trim()).toBe(await waiting());
  const person = await run(['approve'], { url, stdin: 'yes\n', stdinIsTerminal: true });
  expect(person.out).toContain('Deploy: approved.');
});

it('an unknown id is exit code 2', async () => {
  expect(await run(['approve', 'yes', 'nothing'], { url: server.url })).toMatchObject({ code: 2 });
});
