/**
 * The history of finished requests: the newest ten thousand in memory, and the same as JSON lines on disk. Lines are written
 * in batches every 100 ms, and the router tells of requests every 100 ms, so a crash loses less than the last second.
 */
import path from 'node:path';
import { z } from 'zod';
import type { Services } from '../../commands/services.ts';
import type { ActivityView } from '../../contracts/activity.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { FinishedRequest } from '../../contracts/ipc.ts';
import { createLogFile } from '../../io/logs/log-file.ts';
import { readJsonLines } from '../../io/logs/read-lines.ts';
import { createRing } from '../../io/logs/ring.ts';
import { summaryOf } from './activity-summary.ts';

const MOST_ROWS = 10_000;
/** Four files hold about twice the rows of the memory. */
const FILE_BYTES = 2 * 1024 * 1024;
const FILES = 4;
const ANNOUNCE_MS = 250;
/** Rows of one announcement; a burst of more is told as a number. */
const ANNOUNCED = 200;
const HOUR = 3_600_000;

const count = z.number().nullable();
const Row: z.ZodType<ActivityView> = z.object({
  id: z.string(),
  startedAt: z.number(),
  modelId: z.string().nullable(),
  route: z.string(),
  status: z.number(),
  errorCode: z.string().nullable(),
  key: z.string().nullable(),
  streamed: z.boolean(),
  promptTokens: count,
  cachedTokens: count,
  completionTokens: count,
  promptTokensPerSecond: count,
  tokensPerSecond: count,
  queuedMs: z.number(),
  firstByteMs: count,
  durationMs: z.number(),
  bytesIn: z.number(),
  bytesOut: z.number(),
  cancelled: z.boolean(),
  retried: z.boolean(),
  captured: z.boolean(),
});

export interface ActivityOptions {
  dataDir: string;
  now(): number;
  /** Rows since the last call, oldest first; at most four times a second. */
  onAdded(requests: ActivityView[], skipped: number): void;
  /** One sentence when the files cannot be written, and one when they can again. */
  log(level: 'warn' | 'error', message: string): void;
}

export type Activity = Pick<Services['activity'], 'list' | 'summary'> & {
  add(requests: readonly FinishedRequest[]): void;
  close(): Promise<void>;
};

const tenth = (ms: number): number => Math.round(ms * 10) / 10;
const tenthOrNull = (value: number | null): number | null => (value === null ? null : tenth(value));

const rowOf = (request: FinishedRequest): ActivityView => ({
  ...request,
  modelId: request.modelId === '' ? null : request.modelId,
  key: request.key ?? null,
  promptTokensPerSecond: tenthOrNull(request.promptTokensPerSecond),
  tokensPerSecond: tenthOrNull(request.tokensPerSecond),
  queuedMs: tenth(request.queuedMs),
  firstByteMs: tenthOrNull(request.firstByteMs),
  durationMs: tenth(request.durationMs),
});

const hasStatus = (row: ActivityView, status: 'ok' | 'error' | 'cancelled' | number): boolean => {
  if (typeof status === 'number') return row.status === status;
  if (status === 'cancelled') return row.cancelled;
  return status === 'error' ? row.errorCode !== null : row.errorCode === null && !row.cancelled;
};

/** Opens the history with what earlier runs left. */
export const openActivity = async ({ dataDir, now, onAdded, log }: ActivityOptions): Promise<Activity> => {
  const dir = path.join(dataDir, 'activity');
  const rows = createRing<ActivityView>(MOST_ROWS);
  for (const line of (await readJsonLines(dir, 'activity')).slice(-MOST_ROWS)) {
    const row = Row.safeParse(line);
    if (row.success) rows.push(row.data);
  }
  const file = createLogFile({
    dir,
    name: 'activity',
    maxFileBytes: FILE_BYTES,
    maxFiles: FILES,
    onTrouble: (error, lost) => {
      if (error) log('error', `The request history cannot be written (${error.message}); it goes on in memory only.`);
      else log('warn', `The request history can be written again; ${lost} requests are missing in it.`);
    },
  });
  let fresh: ActivityView[] = [];
  let due: NodeJS.Timeout | null = null;

  const announce = (): void => {
    due = null;
    const told = fresh.slice(-ANNOUNCED);
    const skipped = fresh.length - told.length;
    fresh = [];
    onAdded(told, skipped);
  };

  return {
    add(requests) {
      for (const request of requests) {
        const row = rowOf(request);
        rows.push(row);
        fresh.push(row);
        file.append(JSON.stringify(row));
      }
      due ??= setTimeout(announce, ANNOUNCE_MS).unref();
    },
    list({ limit, before, model, status, key }) {
      const requests: ActivityView[] = [];
      let begun = before === undefined;
      for (const row of rows.newestFirst()) {
        if (!begun) {
          begun = row.id === before;
          continue;
        }
        if (model !== undefined && row.modelId !== model) continue;
        if (key !== undefined && row.key !== key) continue;
        if (status !== undefined && !hasStatus(row, status)) continue;
        if (requests.length === limit) return { requests, more: true };
        requests.push(row);
      }
      if (!begun)
        throw new CodedError('NOT_FOUND', `The request ${before} is not kept any more; begin again without "before".`);
      return { requests, more: false };
    },
    summary({ hours, model }) {
      const to = now();
      const from = to - hours * HOUR;
      const found: ActivityView[] = [];
      let oldest = Infinity;
      for (const row of rows.newestFirst()) {
        oldest = row.startedAt + row.durationMs;
        if (oldest < from) break;
        if (model === undefined || row.modelId === model) found.push(row);
      }
      return summaryOf(found, { from, to, complete: oldest < from || rows.length < MOST_ROWS });
    },
    async close() {
      if (due) clearTimeout(due);
      await file.close();
    },
  };
};
