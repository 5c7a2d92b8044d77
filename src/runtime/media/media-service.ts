/**
 * Media: what tools make and people upload. The wish is on disk before it is acknowledged; one in the making is an actor, one
 * that has ended a record and, when it is complete, a folder.
 */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createActor } from 'xstate';
import type { SnapshotFrom } from 'xstate';
import type { mediaMachine, MediaLimits, MediaResult } from '../../../machines/media.machine.ts';
import { nextMedia } from '../../../machines/media-policy.ts';
import type { KeepPolicy } from '../../../machines/media-policy.ts';
import type { By, Services } from '../../commands/services.ts';
import { CodedError } from '../../contracts/errors.ts';
import { MediaRecord } from '../../contracts/media-record.ts';
import type { MediaDocument } from '../../contracts/media-record.ts';
import type { LogLevel } from '../../contracts/views.ts';
import type { Guardian } from '../../io/guardian.ts';
import type { MediaFolder } from '../../io/media/media-folder.ts';
import { progressReader } from '../../io/media/progress-reader.ts';
import { createTickets } from '../../io/media/tickets.ts';
import type { PidRecords } from '../../io/processes/pid-records.ts';
import type { Document } from '../../io/store/document.ts';
import type { ChangeHub } from '../changes.ts';
import { createMediaBook, notFound } from './media-book.ts';
import type { Job, MediaRow } from './media-book.ts';
import { createMediaKeeper, UNDO_MS } from './media-keeper.ts';
import { mediaPorts } from './media-ports.ts';
import { checkedWish } from './media-wish.ts';
import { throttled } from './throttle.ts';
import type { ReadyTool, Toolbox } from './toolbox.ts';

export interface MediaOptions {
  store: Document<MediaDocument>;
  toolbox: Toolbox;
  folder: MediaFolder;
  env: NodeJS.ProcessEnv;
  pids: PidRecords;
  guardian: Guardian;
  /** How many may be made at once. */
  most(): number;
  limits(): MediaLimits;
  keep(): KeepPolicy;
  uploadBytes(): number;
  hub: ChangeHub;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}

export type MediaService = Services['media'] & {
  /** Reports what an earlier run left unfinished, and removes what nobody keeps. */
  begin(): Promise<void>;
  /** Starts what may run now, and applies the rules of keeping, after a change of the configuration. */
  pump(): void;
  /** Interrupts what is being made, and waits for its end. */
  drain(): Promise<void>;
  close(): Promise<void>;
};

type Snapshot = SnapshotFrom<typeof mediaMachine>;

const MOST_WAITING = 100;
const CANCEL_MS = 60_000;
const SWEEP_MS = 60 * 60_000;
const ENDED = new Set(['complete', 'failed', 'cancelled']);
const INTERRUPTED = 'The server ended while it was made; start it again.';

export const createMedia = (options: MediaOptions): MediaService => {
  const { folder, toolbox, hub, log, now } = options;
  const book = createMediaBook(options);
  const { rows, tell } = book;
  const tickets = createTickets();
  const keeper = createMediaKeeper({ ...options, book });
  let closed = false;
  let sweep: NodeJS.Timeout | null = null;

  const jobOf = (id: string): Job => {
    const job = rows.get(id)?.job;
    if (job === null || job === undefined) throw new Error(`nothing is being made of ${id}`);
    return job;
  };
  /** The file of complete media that are there. */
  const fileOf = ({ id, state, extension }: MediaRecord): string | null =>
    state === 'complete' && extension !== null ? folder.fileOf(id, extension) : null;
  const inputOf = (id: string | null): string | null => {
    const record = id === null ? undefined : rows.get(id)?.record;
    return record === undefined ? null : fileOf(record);
  };

  const ports = mediaPorts({
    ...options,
    wish(id) {
      const { record } = rows.get(id) as MediaRow;
      const input = inputOf(record.input);
      if (record.input !== null && input === null)
        throw new CodedError('NOT_FOUND', 'Its input was removed before it began.');
      return { tool: jobOf(id).tool, prompt: record.prompt, input, params: record.params };
    },
    output: (id, stream, text) => rows.get(id)?.job?.reader.add(stream, text),
  });

  const pump = (): void => {
    if (closed) return;
    for (const id of nextMedia(book.slots(), options.most())) jobOf(id).actor.send({ type: 'media.start', at: now() });
    book.tellQueue();
  };

  const watchJob = (row: MediaRow, tool: ReadyTool): Job => {
    const { id, params } = row.record;
    const actor = createActor(ports.machine, { input: { id, limits: options.limits() } });
    const progress = throttled((fact) => actor.send(fact));
    const longest = tool.tool.longest === undefined ? undefined : params[tool.tool.longest];
    const reader = progressReader(tool.tool.progress, typeof longest === 'number' ? longest : null, progress.push);
    const job: Job = { actor, tool, reader, over: false, waiters: [] };
    actor.subscribe({
      next: (snapshot) => {
        if (ENDED.has(snapshot.value)) {
          progress.end();
          job.over = true;
          void end(row, job, snapshot);
        } else tell(row, snapshot.context.by);
      },
      error: (error) => log('error', 'server', `The media ${id} failed inside: ${String(error)}`),
    });
    return job;
  };

  /** Takes the outcome over into the record, once, and only then tells of the end. */
  const end = async (row: MediaRow, job: Job, { value, context }: Snapshot): Promise<void> => {
    if (row.held) return;
    row.held = true;
    const { id } = row.record;
    await ports.idle(id);
    const { result, failure, startedAt, progress, by } = context;
    const outcome =
      value === 'complete' && result !== null
        ? { ...result, state: 'complete' as const }
        : value === 'cancelled'
          ? { state: 'cancelled' as const, error: 'It was cancelled.', errorCode: 'CANCELLED' as const }
          : {
              state: 'failed' as const,
              error: failure?.message ?? null,
              errorCode: failure?.code ?? null,
              lastLines: job.reader.lastLines().map(folder.withoutPaths),
            };
    const clean = outcome.state === 'complete' ? folder.endWork(id) : folder.remove(id);
    await clean.catch((error: unknown) => log('warn', 'server', `What ${id} worked with is left: ${String(error)}`));
    await book.saveOrLog(row, { ...row.record, ...outcome, startedAt, progress, finishedAt: now() });
    row.job = null;
    row.held = false;
    const what = `${row.record.tool ?? 'media'} (${id})`;
    if (outcome.state === 'failed') log('warn', 'server', `${what} failed: ${row.record.error ?? ''}`);
    else log('info', 'server', `${what} is ${outcome.state}.`);
    tell(row, by);
    for (const waiter of job.waiters) waiter();
    pump();
    if (outcome.state === 'complete') await keeper.tidy();
  };

  /** A new row, durable, or nothing. */
  const enter = async (fields: Partial<MediaRecord>, job: (row: MediaRow) => Job | null): Promise<MediaRow> => {
    const record = MediaRecord.parse({ createdAt: now(), ...fields });
    const row = book.add(record);
    row.held = true;
    row.job = job(row);
    row.job?.actor.start();
    try {
      await book.save(row, record);
    } catch (error) {
      row.job?.actor.stop();
      book.drop(record.id);
      throw error;
    }
    row.held = false;
    // Cancelled or interrupted before it was noted.
    if (row.job?.over === true) void end(row, row.job, row.job.actor.getSnapshot());
    return row;
  };
  const refuseClosed = (): void => {
    if (closed) throw new CodedError('INVALID_STATE', 'The server is stopping; try again when it runs.');
  };

  const cancel = async (row: MediaRow, by: By): Promise<void> => {
    const { job } = row;
    if (job === null) return;
    const ended = new Promise<void>((resolve) => job.waiters.push(resolve));
    if (!job.over) job.actor.send({ type: 'media.cancel', by, at: now() });
    await inTime(ended, CANCEL_MS, `${row.record.id} did not stop in time; look at its state.`);
  };

  return {
    tools: toolbox.views,
    saveTool: toolbox.save,
    deleteTool: toolbox.remove,
    list: () =>
      [...rows.values()]
        .filter(({ record }) => record.removedAt === null)
        .map(book.view)
        .reverse(),
    find(id) {
      const row = rows.get(id);
      return row === undefined ? undefined : book.view(row);
    },
    async generate({ tool, prompt, input, params, owner }, by) {
      refuseClosed();
      const ready = await toolbox.need(tool);
      const source = input === undefined ? null : book.need(input).record;
      const wish = checkedWish(ready, { prompt, params }, source && { record: source, file: fileOf(source) });
      if (book.slots().filter(({ phase }) => phase === 'waiting').length >= MOST_WAITING)
        throw new CodedError('QUEUE_FULL', `${MOST_WAITING} media wait already; try again when some are done.`);
      refuseClosed();
      const fields: Partial<MediaRecord> = {
        id: newId(),
        owner,
        source: 'tool',
        tool,
        prompt: wish.prompt,
        input: input ?? null,
        params: wish.params,
        state: 'wanted',
      };
      const row = await enter(fields, (made) => watchJob(made, ready));
      tell(row, by);
      pump();
      return book.view(row);
    },
    async upload(body: Readable, { owner, label }, by) {
      refuseClosed();
      const id = newId();
      try {
        const file = await folder.receive(id, body, options.uploadBytes());
        const result: MediaResult = await ports.takeOver(id, file, AbortSignal.timeout(CANCEL_MS));
        await folder.endWork(id);
        const at = now();
        const about = { startedAt: at, finishedAt: at, createdAt: at, progress: 100, state: 'complete' as const };
        const row = await enter({ id, owner, source: 'upload', label, ...about, ...result }, () => null);
        tell(row, by);
        void keeper.tidy();
        return book.view(row);
      } catch (error) {
        await folder.remove(id).catch(() => undefined);
        throw error;
      }
    },
    async cancel(id, by) {
      const row = book.need(id);
      await cancel(row, by);
      return book.view(row);
    },
    async remove(id, by) {
      const row = book.need(id);
      await cancel(row, by);
      const removedAt = now();
      await book.save(row, { ...row.record, removedAt });
      row.told = '';
      hub.publish({ kind: 'media.removed', id, owner: row.record.owner, by });
      setTimeout(() => void keeper.tidy(), UNDO_MS + 1000).unref();
      return removedAt + UNDO_MS;
    },
    async restore(id, by) {
      const row = rows.get(id);
      if (row === undefined) throw notFound(id);
      if (row.record.removedAt !== null) await book.save(row, { ...row.record, removedAt: null });
      tell(row, by);
      return book.view(row);
    },
    file(id) {
      const record = rows.get(id)?.record;
      const path = record === undefined ? null : fileOf(record);
      if (record === undefined || path === null) return null;
      return {
        path,
        mime: record.mime ?? 'application/octet-stream',
        extension: record.extension ?? 'bin',
        thumbnail: record.thumbnail ? folder.thumbnailOf(id) : null,
      };
    },
    tickets,
    watch: book.watch,
    async begin() {
      for (const row of rows.values()) {
        if (row.record.state !== 'wanted') continue;
        const { id } = row.record;
        await folder.remove(id).catch((error: unknown) => log('warn', 'server', String(error)));
        const failed = { state: 'failed' as const, error: INTERRUPTED, errorCode: 'INTERRUPTED' as const };
        await book.saveOrLog(row, { ...row.record, ...failed, finishedAt: now() });
        log('warn', 'server', `${row.record.tool ?? 'media'} (${id}) was interrupted by the end of the server.`);
        tell(row, null);
      }
      await keeper.sweepFolders();
      await keeper.tidy();
      sweep = setInterval(() => void keeper.tidy(), SWEEP_MS).unref();
    },
    pump() {
      pump();
      void keeper.tidy();
    },
    async drain() {
      closed = true;
      if (sweep !== null) clearInterval(sweep);
      const busy = [...rows.values()].flatMap(({ job }) => {
        if (job === null) return [];
        const ended = new Promise<void>((resolve) => job.waiters.push(resolve));
        if (!job.over) job.actor.send({ type: 'media.interrupt', at: now() });
        return [ended];
      });
      const { stopMs, killMs } = options.limits();
      await inTime(Promise.all(busy), stopMs + killMs + 5000, '').catch(() => undefined);
    },
    async close() {
      for (const { job } of rows.values()) job?.actor.stop();
      await options.store.close();
      await toolbox.close();
    },
  };
};

const newId = (): string => randomUUID().replaceAll('-', '').slice(0, 16);

const inTime = <T>(work: Promise<T>, ms: number, late: string): Promise<T> => {
  let timer: NodeJS.Timeout;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new CodedError('TIMEOUT', late)), ms);
  });
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer));
};
