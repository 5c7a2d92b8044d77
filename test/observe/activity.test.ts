import { appendFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActivityView } from '../../src/contracts/activity.ts';
import { openActivity } from '../../src/runtime/observe/activity.ts';
import type { Activity } from '../../src/runtime/observe/activity.ts';
import { compileProgram, nextLine, startProgram } from '../data/children.ts';
import { finishedRequest } from './finished-request.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'llamactor-activity-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const open = (over: Partial<Parameters<typeof openActivity>[0]> = {}): Promise<Activity> =>
  openActivity({ dataDir, now: () => 2_000_000, onAdded: () => undefined, log: () => undefined, ...over });
const ALL = { limit: 1000 } as const;
const idsOf = (activity: Activity, filter: Partial<Parameters<Activity['list']>[0]> = {}): string[] =>
  activity.list({ ...ALL, ...filter }).requests.map(({ id }) => id);

describe('the history of requests', () => {
  it('is newest first, in pages, and by model, status and key', async () => {
    const activity = await open();
    activity.add([
      finishedRequest({ id: 'a' }),
      finishedRequest({ id: 'b', modelId: '', status: 404, errorCode: 'model_not_found' }),
      finishedRequest({ id: 'c', cancelled: true }),
      finishedRequest({ id: 'd', modelId: 'beta', key: 'laptop' }),
    ]);
    expect(idsOf(activity)).toEqual(['d', 'c', 'b', 'a']);
    expect(activity.list({ limit: 2 })).toMatchObject({ requests: [{ id: 'd' }, { id: 'c' }], more: true });
    expect(activity.list({ limit: 2, before: 'c' })).toMatchObject({
      requests: [{ id: 'b' }, { id: 'a' }],
      more: false,
    });
    expect(idsOf(activity, { model: 'alpha' })).toEqual(['c', 'a']);
    expect(idsOf(activity, { status: 'ok' })).toEqual(['d', 'a']);
    expect(idsOf(activity, { status: 'error' })).toEqual(['b']);
    expect(idsOf(activity, { status: 'cancelled' })).toEqual(['c']);
    expect(idsOf(activity, { status: 404 })).toEqual(['b']);
    expect(idsOf(activity, { key: 'laptop' })).toEqual(['d']);
    expect(activity.list(ALL).requests[2]).toMatchObject({ modelId: null, key: null, tokensPerSecond: 45.3 });
    expect(() => activity.list({ limit: 1, before: 'gone' })).toThrow(/not kept any more/);
    await activity.close();
  });

  it('comes back after a restart, without what a crash cut', async () => {
    const activity = await open();
    activity.add([finishedRequest({ id: 'a', key: 'laptop' }), finishedRequest({ id: 'b' })]);
    const rows = activity.list(ALL).requests;
    await activity.close();
    await appendFile(join(dataDir, 'activity', 'activity.jsonl'), '{"id":"cut","start');
    const again = await open();
    expect(again.list(ALL).requests).toEqual(rows);
    again.add([finishedRequest({ id: 'c' })]);
    await again.close();
    expect(idsOf(await open())).toEqual(['c', 'b', 'a']);
  });

  it('is bounded in memory and on disk', async () => {
    const activity = await open();
    for (let batch = 0; batch < 30; batch += 1)
      activity.add(Array.from({ length: 1000 }, (_, n) => finishedRequest({ id: `${batch}-${n}` })));
    const first = activity.list({ limit: 1 }).requests[0]?.id;
    expect(first).toBe('29-999');
    expect(activity.summary({ hours: 24 })).toMatchObject({ count: 10_000, complete: false });
    await activity.close();
    const files = await readdir(join(dataDir, 'activity'));
    expect(files.sort()).toEqual(['activity.1.jsonl', 'activity.2.jsonl', 'activity.3.jsonl', 'activity.jsonl']);
    for (const file of files)
      expect((await stat(join(dataDir, 'activity', file))).size).toBeLessThanOrEqual(2 * 1024 * 1024);
    const again = await open();
    expect(again.list({ limit: 1 }).requests[0]?.id).toBe('29-999');
    expect(again.summary({ hours: 24 }).count).toBe(10_000);
  });

  it('announces in batches, a burst as a number', async () => {
    const told: [ActivityView[], number][] = [];
    const activity = await open({ onAdded: (requests, skipped) => told.push([requests, skipped]) });
    for (let n = 0; n < 300; n += 1) activity.add([finishedRequest({ id: String(n) })]);
    await vi.waitFor(() => expect(told).toHaveLength(1), { interval: 5 });
    expect(told[0]?.[0].at(-1)?.id).toBe('299');
    expect(told[0]?.[0]).toHaveLength(200);
    expect(told[0]?.[1]).toBe(100);
    await activity.close();
  });

  it('goes on in memory when the disk refuses, and says so once', async () => {
    const log = vi.fn();
    const file = join(dataDir, 'a-file');
    await writeFile(file, '');
    const activity = await openActivity({
      dataDir: file,
      now: () => 2_000_000,
      onAdded: () => undefined,
      log,
    });
    activity.add([finishedRequest({ id: 'a' })]);
    await vi.waitFor(() => expect(log).toHaveBeenCalledOnce());
    expect(idsOf(activity)).toEqual(['a']);
    await activity.close();
  });

  it('loses less than a second when the server is killed', async () => {
    const program = startProgram(await compileProgram('write-activity', dataDir, import.meta.dirname), [dataDir]);
    let written = 0;
    while (written < 150) written = Number(await nextLine(program));
    program.child.kill('SIGKILL');
    await program.ended;
    const rows = (await open()).list(ALL).requests;
    // One every 10 ms: a second is a hundred.
    expect(Number(rows[0]?.id)).toBeGreaterThan(written - 100);
    expect(rows).toHaveLength(Number(rows[0]?.id));
  });
});

describe('the summary', () => {
  it('counts, adds and ranks, in all and by model, within the hours asked for', async () => {
    const activity = await open({ now: () => 1_000_000 + 3_600_000 });
    activity.add([finishedRequest({ id: 'old', startedAt: 1_000 })]);
    activity.add(
      Array.from({ length: 100 }, (_, n) =>
        finishedRequest({ id: String(n), durationMs: n + 1, tokensPerSecond: n + 1, startedAt: 1_000_000 }),
      ),
    );
    activity.add([
      finishedRequest({ id: 'x', modelId: 'beta', streamed: false, startedAt: 1_000_000, errorCode: 'engine_error' }),
    ]);
    const summary = activity.summary({ hours: 1 });
    expect(summary).toMatchObject({
      from: 1_000_000,
      to: 4_600_000,
      complete: true,
      count: 101,
      errors: 1,
      promptTokens: 1010,
      completionTokens: 2020,
      models: [
        {
          modelId: 'alpha',
          count: 100,
          tokensPerSecond: 50,
          durationMs: { p50: 50, p95: 95, p99: 99 },
          firstByteMs: { p50: 40 },
        },
        { modelId: 'beta', count: 1, errors: 1, firstByteMs: { p50: null, p95: null, p99: null } },
      ],
    });
    expect(activity.summary({ hours: 1, model: 'beta' })).toMatchObject({ count: 1, models: [{ modelId: 'beta' }] });
    await activity.close();
  });
});
