/**
 * The registry of downloads. What waits or has ended is a row; what runs is an actor. The wish is on disk before it is
 * acknowledged, so that whatever ends the server, the next one goes on with it.
 */
import { randomUUID } from 'node:crypto';
import { createActor } from 'xstate';
import type { ActorRefFrom, SnapshotFrom } from 'xstate';
import { downloadMachine } from '../../machines/download.machine.ts';
import { nextDownloads } from '../../machines/download-policy.ts';
import type { DownloadPolicy } from '../../machines/download-policy.ts';
import type { By, Services } from '../commands/services.ts';
import { DownloadRecord } from '../contracts/download-record.ts';
import type { DownloadsDocument } from '../contracts/download-record.ts';
import type { DownloadView } from '../contracts/downloads.ts';
import { CodedError } from '../contracts/errors.ts';
import type { LogLevel } from '../contracts/views.ts';
import { downloadPorts } from '../io/downloads/ports.ts';
import type { DownloadFs } from '../io/downloads/download-fs.ts';
import type { DownloadHttp } from '../io/downloads/http.ts';
import { refusalOf } from '../io/downloads/problem.ts';
import { sourceOptions } from '../io/downloads/resolve.ts';
import { parseSource, shownSource } from '../io/downloads/source.ts';
import type { FitOf } from '../io/downloads/variants.ts';
import type { Document } from '../io/store/document.ts';
import type { ChangeHub } from './changes.ts';
import { createDownloadBook, hasEnded, slotOf } from './download-book.ts';
import type { DownloadRow } from './download-book.ts';

export interface DownloadsOptions {
  store: Document<DownloadsDocument>;
  http: DownloadHttp;
  fs: DownloadFs;
  policy: DownloadPolicy;
  /** The folder that new models go to. */
  modelsDir(): string;
  most(): number;
  fitOf: FitOf;
  hub: ChangeHub;
  /** Searches the models folders, and names the model that now lies at `file`. */
  adopt(file: string): Promise<string | null>;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}

export type Downloads = Services['downloads'] & {
  /** Goes on with what an earlier run left. */
  begin(): void;
  /** Starts what may run now, after a change of the limit. */
  pump(): void;
  /** Stops everything that runs; parts and wishes stay for the next start. */
  close(): Promise<void>;
};

type Snapshot = SnapshotFrom<typeof downloadMachine>;

const CONNECTIONS = 4;
const LEAST_RANGE_BYTES = 8 * 1024 * 1024;
const CANCEL_MS = 60_000;
const CLOSE_MS = 5000;
const MOST_UNFINISHED = 500;

export const createDownloads = (options: DownloadsOptions): Downloads => {
  const { store, hub, log, now } = options;
  const book = createDownloadBook({ store, hub, log });
  const { rows, tell, view } = book;
  let closed = false;
  // Asked through a function because it changes while the caller of it awaits.
  const isClosed = (): boolean => closed;

  const ports = downloadPorts({
    ...options,
    modelsDir: (id) => rows.get(id)?.record.folder ?? options.modelsDir(),
    isTaken: (target, id) =>
      [...rows].some(
        ([other, { actor }]) =>
          other !== id && actor?.getSnapshot().context.plan?.files.some((file) => file.target === target) === true,
      ),
    connections: CONNECTIONS,
    leastRangeBytes: LEAST_RANGE_BYTES,
  });
  const machine = downloadMachine.provide({ actors: ports.actors });

  const pump = (): void => {
    if (closed) return;
    for (const id of nextDownloads([...rows.values()].map(slotOf), options.most())) {
      const row = book.need(id);
      row.actor ??= spawn(row);
      row.actor.send({ type: 'download.start', at: now() });
    }
  };

  const spawn = (row: DownloadRow): ActorRefFrom<typeof downloadMachine> => {
    const { id, source, quant, file } = row.record;
    const actor = createActor(machine, { input: { id, request: { source, quant, file }, policy: options.policy } });
    let last = actor.getSnapshot();
    actor.subscribe({
      next: (snapshot) => {
        const { value, context } = snapshot;
        const moved = value !== last.value || context.retryDelayMs !== last.context.retryDelayMs;
        if (context.plan !== null && last.context.plan === null)
          void book.saveOrLog(row, { ...row.record, ...planned(context) });
        if (value === 'fetching') row.rate.add(context.receivedBytes, now());
        else row.rate.reset();
        const by = value === last.value ? null : context.by;
        last = snapshot;
        if (context.settled) void end(row, snapshot);
        else tell(row, by);
        // This is called in the middle of a send; the others wait for its end.
        if (moved) queueMicrotask(pump);
      },
      error: (error) => log('error', 'server', `The download ${id} failed inside: ${String(error)}`),
    });
    return actor.start();
  };

  /** Takes the outcome over into the record, once; the model is looked for before the end is told. */
  const end = async (row: DownloadRow, { value, context }: Snapshot): Promise<void> => {
    if (row.held || isClosed()) return;
    row.held = true;
    const [first] = context.plan?.files ?? [];
    if (value === 'done') tell(row, null);
    const modelId = await (value === 'done' && first !== undefined ? adopt(first.target) : Promise.resolve(null));
    // Too late to be noted; the next start finds the files in their places.
    if (isClosed()) return;
    row.actor?.stop();
    const state = value === 'done' || value === 'failed' ? value : 'cancelled';
    await book.saveOrLog(row, {
      ...row.record,
      ...planned(context),
      state,
      receivedBytes: state === 'cancelled' ? 0 : context.receivedBytes,
      error: context.failure?.message ?? null,
      errorCode: context.failure?.code ?? null,
      finishedAt: context.finishedAt ?? now(),
      modelId,
    });
    row.actor = null;
    row.held = false;
    const shown = shownSource(row.record.source);
    if (state === 'failed') log('warn', 'server', `The download of ${shown} failed: ${row.record.error ?? ''}`);
    else log('info', 'server', `The download of ${shown} is ${state}${modelId === null ? '' : `: ${modelId}`}.`);
    tell(row, context.by);
    for (const waiter of row.waiters.splice(0)) waiter();
    pump();
  };
  const adopt = (file: string): Promise<string | null> =>
    options.adopt(file).catch((error: unknown) => {
      log('warn', 'server', `A model was fetched, but the models folder could not be searched: ${String(error)}`);
      return null;
    });

  const enqueue = async (row: DownloadRow, record: DownloadRecord, by: By): Promise<DownloadView> => {
    const before = row.record;
    row.held = true;
    row.saved = book.save(row, record);
    try {
      await row.saved;
    } catch (error) {
      row.record = before;
      if (row.told === '') book.drop(record.id);
      throw error;
    } finally {
      row.held = false;
    }
    tell(row, by);
    pump();
    return view(row);
  };
  const again = (row: DownloadRow, by: By): Promise<DownloadView> => {
    const { id, source, quant, file, receivedBytes, files, state, folder } = row.record;
    // The parts of a failed one are still there; shown until they have been looked at.
    const kept = state === 'failed' ? { folder, receivedBytes, files } : { folder: options.modelsDir() };
    const record = { id, source, quant, file, ...kept, state: 'wanted', startedAt: now() };
    return enqueue(row, DownloadRecord.parse(record), by);
  };

  const cancelWaiting = async (row: DownloadRow, by: By): Promise<void> => {
    row.held = true;
    try {
      await book.save(row, { ...row.record, state: 'cancelled', receivedBytes: 0, finishedAt: now() });
      await ports.discard(row.record.id);
    } finally {
      row.held = false;
    }
    tell(row, by);
  };
  const cancel = async (row: DownloadRow, by: By): Promise<void> => {
    await row.saved;
    if (hasEnded(row)) return;
    if (row.actor === null) return cancelWaiting(row, by);
    const ended = new Promise<void>((resolve) => row.waiters.push(resolve));
    row.actor.send({ type: 'download.cancel', by, at: now() });
    await inTime(ended, CANCEL_MS, `The download ${row.record.id} did not stop in time; look at its state.`);
  };

  return {
    list: () => [...rows.values()].map(view).toSorted((a, b) => b.startedAt - a.startedAt),
    async start({ source, quant, file }, by) {
      if (closed) throw new CodedError('INVALID_STATE', 'The server is stopping; try again when it runs.');
      parseSource(source, options.http.endpoint);
      const wish = { source, quant: quant ?? null, file: file ?? null };
      const same = [...rows.values()].find(
        ({ record }) => record.source === source && record.quant === wish.quant && record.file === wish.file,
      );
      if (same !== undefined) {
        await same.saved;
        return hasEnded(same) && !same.held ? again(same, by) : view(same);
      }
      if ([...rows.values()].filter((row) => !hasEnded(row)).length >= MOST_UNFINISHED)
        throw new CodedError('QUEUE_FULL', `${MOST_UNFINISHED} downloads are waiting already; cancel some first.`);
      const record = { id: randomUUID().slice(0, 8), ...wish, folder: options.modelsDir(), state: 'wanted' };
      const parsed = DownloadRecord.parse({ ...record, startedAt: now() });
      return enqueue(book.add(parsed), parsed, by);
    },
    options: (source) =>
      sourceOptions({ ...options, signal: new AbortController().signal }, source).catch((error: unknown) => {
        throw refusalOf(error);
      }),
    async cancel(id, by) {
      const row = book.need(id);
      await cancel(row, by);
      return view(row);
    },
    async retry(id, by) {
      const row = book.need(id);
      await row.saved;
      if (row.record.state === 'done')
        throw new CodedError('INVALID_STATE', `The download ${id} is done; there is nothing to try again.`);
      if (hasEnded(row)) return again(row, by);
      row.actor?.send({ type: 'download.retry', by, at: now() });
      return view(row);
    },
    async remove(id, by) {
      await cancel(book.need(id), by);
      await ports.discard(id);
      await book.remove(id, by);
    },
    begin() {
      // A crash may have come between the end of a download and the removal of what it left.
      for (const { record } of rows.values()) {
        if (record.state !== 'cancelled' && record.state !== 'done') continue;
        void ports.discard(record.id).catch((error: unknown) => log('warn', 'server', String(error)));
      }
      pump();
    },
    pump,
    async close() {
      closed = true;
      const busy = [...rows.values()].flatMap(({ actor, record }) => {
        actor?.stop();
        return actor === null ? [] : [ports.idle(record.id)];
      });
      await inTime(Promise.all(busy), CLOSE_MS, '').catch(() => undefined);
      await options.http.close();
      await store.close();
    },
  };
};

const planned = ({ plan }: Snapshot['context']): Partial<DownloadRecord> =>
  plan === null
    ? {}
    : {
        repo: plan.repo,
        variant: plan.quant,
        note: plan.note,
        files: plan.files.map(({ name, size, target }) => ({ name, size, path: target })),
      };

const inTime = <T>(work: Promise<T>, ms: number, late: string): Promise<T> => {
  let timer: NodeJS.Timeout;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new CodedError('TIMEOUT', late)), ms);
  });
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer));
};
