import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer } from '../support/server.ts';
import { run, start } from './harness.ts';

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());
const cli = (...argv: string[]) => run(argv, { url: server.url });
const SOURCE = 'hf:owner/repo';
/** Resolves when the server has been asked for the download. */
const asked = () => expect.poll(() => server.services.downloads.list().length).toBe(1);
const set = (...over: Parameters<typeof server.services.control.setDownload>) =>
  server.services.control.setDownload(...over);
const done = { state: 'done', stage: 'done', percent: 100, receivedBytes: 1000, modelId: 'tiny' } as const;

describe('pull', () => {
  it('waits with a bar and says what it became', async () => {
    const running = start(['pull', SOURCE], { url: server.url, terminal: 100 });
    await asked();
    set('download-1', {
      state: 'fetching',
      stage: 'fetching',
      percent: 42,
      receivedBytes: 420,
      bytesPerSecond: 100,
      etaSeconds: 6,
      note: 'Q4_K_M was chosen.',
    });
    await expect.poll(running.err).toContain('42 %');
    expect(running.err()).toContain('tiny-Q4_K_M.gguf, 420 B of 1000 B, 100 B/s, 6 s left');
    expect(running.err()).toContain('Q4_K_M was chosen.');
    set('download-1', done);
    expect(await running.done).toBe(0);
    expect(running.out()).toMatch(/tiny.* is there after .*, 1000 B\.\n$/);
  });

  it('prints plain lines where there is no terminal, and tells why it waits', async () => {
    const running = start(['pull', SOURCE], { url: server.url });
    await asked();
    set('download-1', {
      state: 'queued',
      stage: 'waiting to try again',
      error: 'The hub cannot be reached.',
      percent: null,
    });
    await expect.poll(running.err).toContain('waiting to try again (The hub cannot be reached.)');
    set('download-1', done);
    expect(await running.done).toBe(0);
  });

  it('with --json is one document', async () => {
    const running = start(['pull', SOURCE, '--json'], { url: server.url });
    await asked();
    set('download-1', done);
    expect(await running.done).toBe(0);
    expect(JSON.parse(running.out())).toMatchObject({ download: { state: 'done', modelId: 'tiny' } });
    expect(running.err()).toBe('');
  });

  it.each([
    ['GATED', 'FORBIDDEN'],
    ['NOT_FOUND', 'NOT_FOUND'],
    ['NETWORK', 'UPSTREAM_FAILED'],
  ] as const)('that fails with %s is exit code 1 with the cause', async (errorCode, code) => {
    const running = start(['pull', SOURCE, '--json'], { url: server.url });
    await asked();
    set('download-1', { state: 'failed', error: 'Accept its terms first.', errorCode });
    expect(await running.done).toBe(1);
    expect(JSON.parse(running.out())).toMatchObject({ error: { code, message: 'Accept its terms first.' } });
  });

  it('that somebody cancels or removes is exit code 1', async () => {
    const first = start(['pull', SOURCE], { url: server.url });
    await asked();
    await server.services.downloads.cancel('download-1', 'test');
    expect(await first.done).toBe(1);
    expect(first.err()).toContain('The download was cancelled.');
    const second = start(['pull', SOURCE], { url: server.url });
    await expect.poll(() => server.services.downloads.list()[0]?.state).toBe('queued');
    await expect.poll(second.err).toContain('waiting for its turn');
    await server.services.downloads.remove('download-1', 'test');
    expect(await second.done).toBe(1);
  });

  it('left with Ctrl-C goes on in the server, and says so', async () => {
    const running = start(['pull', SOURCE], { url: server.url });
    await asked();
    await expect.poll(running.err).toContain('waiting for its turn');
    running.signal('SIGINT');
    expect(await running.done).toBe(130);
    expect(running.err()).toContain('The server goes on fetching');
    expect(running.err()).toContain('llamactor downloads cancel download-1');
    expect(server.services.downloads.list()).toMatchObject([{ state: 'queued' }]);
  });

  it('--detach does not wait', async () => {
    const outcome = await cli('pull', SOURCE, '--detach');
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.out).toContain('download-1');
  });

  it('--list shows what there is and what fits', async () => {
    const outcome = await cli('pull', SOURCE, '--list');
    expect(outcome.code).toBe(0);
    expect(outcome.out).toMatch(/\* +Q4_K_M +1000 B +fits +tiny-Q4_K_M\.gguf/);
    expect(outcome.out).toMatch(/F16 +3\.9 KiB +does not fit +tiny-F16\.gguf/);
    expect(outcome.err).toContain('Without --quant: Q4_K_M');
    expect((await cli('pull', SOURCE, '--list', '--json')).json()).toMatchObject({
      options: { variants: [{ quant: 'Q4_K_M' }, { quant: 'F16' }] },
    });
    expect(server.services.downloads.list()).toEqual([]);
  });

  it('of nonsense, or of both a quant and a file, is exit code 2', async () => {
    expect(await cli('pull', 'nonsense')).toMatchObject({ code: 2, out: '', err: '"nonsense" names no model.\n' });
    expect(await cli('pull', SOURCE, '--quant', 'Q4_0', '--file', 'a.gguf')).toMatchObject({ code: 2 });
  });
});

describe('downloads', () => {
  it('lists them, and says how to begin when there are none', async () => {
    expect((await cli('downloads')).out).toContain('llamactor pull hf:owner/repo');
    await cli('pull', SOURCE, '--detach');
    set('download-1', { state: 'failed', error: 'The hub cannot be reached.', errorCode: 'NETWORK' });
    expect((await cli('downloads')).out).toMatch(
      /download-1 +hf:owner\/repo +Q4_K_M +failed .*The hub cannot be reached/,
    );
    expect((await cli('downloads', 'list', '--json')).json()).toMatchObject({ downloads: [{ id: 'download-1' }] });
  });

  it('are cancelled, tried again and forgotten', async () => {
    await cli('pull', SOURCE, '--detach');
    expect(await cli('downloads', 'cancel', 'download-1')).toMatchObject({
      code: 0,
      out: 'The download of hf:owner/repo is cancelled.\n',
    });
    expect(await cli('downloads', 'retry', 'download-1')).toMatchObject({
      code: 0,
      out: 'The download of hf:owner/repo is queued.\n',
    });
    expect(await cli('downloads', 'remove', 'download-1')).toMatchObject({ code: 0 });
    expect(await cli('downloads', 'cancel', 'download-1')).toMatchObject({ code: 1, out: '' });
  });
});
