import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { gantt } from '../../src/cli/commands/timeline.ts';
import { startTestServer } from '../support/server.ts';
import { run, start } from './harness.ts';

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const cli = (...argv: string[]) => run(argv, { url: server.url });
const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

describe('activity', () => {
  it('is a table, oldest first, with what went wrong', async () => {
    server.services.control.finish('r2', {
      status: 404,
      errorCode: 'model_not_found',
      modelId: null,
      tokensPerSecond: null,
    });
    const lines = linesOf((await cli('activity')).out);
    expect(lines[0]).toMatch(/^TIME +MODEL +ROUTE +RESULT +PROMPT +CACHED +ANSWER +TOK\/S +WAITED +FIRST +TOOK +KEY$/);
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(/alpha +\/v1\/chat\/completions +200 +10 +4 +20 +50\.0 +1 ms +30 ms +430 ms +–$/);
    expect(lines[3]).toMatch(/– +\/v1\/chat\/completions +404 model_not_found/);
  });

  it.each([
    [['--model', 'beta'], ['r1']],
    [['-n', '1'], ['r1']],
  ])('filters by %j', async (flags, ids) => {
    const { requests } = (await cli('activity', ...flags, '--json')).json() as { requests: { id: string }[] };
    expect(requests.map(({ id }) => id)).toEqual(ids);
  });

  it('refuses a status that is none', async () => {
    expect(await cli('activity', '--status', 'fine')).toMatchObject({ code: 2 });
  });

  it('follows: what was, then what comes, one line each and each once', async () => {
    const running = start(['activity', '-f', '--json', '--model', 'beta'], { url: server.url });
    await vi.waitFor(() => expect(running.out()).toContain('"r1"'));
    server.services.control.finish('r2', { modelId: 'beta' });
    server.services.control.finish('r3', { modelId: 'alpha' });
    server.services.control.finish('r4', { modelId: 'beta' });
    await vi.waitFor(() => expect(running.out()).toContain('"r4"'));
    running.signal('SIGINT');
    expect(await running.done).toBe(130);
    expect(linesOf(running.out()).map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(['r1', 'r2', 'r4']);
  });
});

describe('stats', () => {
  it('has a line per model and one for all', async () => {
    const lines = linesOf((await cli('stats')).out);
    expect(lines.slice(1, 4).map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
      ['beta', '1'],
      ['alpha', '1'],
      ['all', '2'],
    ]);
    expect(lines[1]).toContain('430 ms / 430 ms / 430 ms');
  });
});

describe('requests', () => {
  it('lists, cancels, and says so when there is no such one', async () => {
    expect((await cli('requests')).out).toMatch(/q1 +alpha +\/v1\/chat\/completions +serving +1 s +17 +–\n$/);
    expect(await cli('requests', 'cancel', 'q1')).toMatchObject({ code: 0, out: 'q1 is cancelled.\n' });
    expect((await cli('requests')).out).toBe('No request runs or waits.\n');
    expect(await cli('requests', 'cancel', 'q1')).toMatchObject({ code: 1, out: '' });
  });
});

describe('timeline', () => {
  const plain = (_: unknown, text: string): string => text;

  it('draws the states to scale and tells the reasons', async () => {
    const { out } = await cli('timeline', '--hours', '1');
    const bar = /^alpha {2}(▒+)(█+)$/m.exec(out);
    expect(bar?.[1]?.length).toBeGreaterThan(30);
    expect(Math.abs((bar?.[1]?.length ?? 0) - (bar?.[2]?.length ?? 0))).toBeLessThanOrEqual(1);
    expect(out).toContain('alpha loading: There was room. (http)');
  });

  it('a short failure does not hide behind a long load, and every line is as wide as asked for', () => {
    const text = gantt(
      {
        from: 0,
        to: 1000,
        lanes: [
          {
            modelId: 'a-model-with-a-name-that-is-much-too-long',
            spans: [
              { state: 'loaded', from: 200, to: 500 },
              { state: 'error', from: 500, to: 501 },
              { state: 'loaded', from: 501, to: 1000 },
            ],
          },
        ],
      },
      66,
      plain,
    );
    const [line = ''] = text.split('\n');
    expect(Array.from(line)).toHaveLength(66);
    expect(line).toMatch(/^a-model-with-a-name-tha… {2}·{8}█{12}×█{19}$/);
  });
});
