/** Downloads of one browser: kept when somebody asked for them, and cancelled otherwise. */
import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { SessionDownloadView } from '../../contracts/sessions.ts';
import { sniffFile } from '../media/sniff.ts';
import { errnoOf } from '../processes/errno.ts';
import type { DevTools } from './devtools.ts';
import { isProgramFile, isProgramName, safeName } from './download-names.ts';

export interface DownloadOptions {
  /** Where finished ones go; absolute. */
  folder: string;
  /** Where they lie meanwhile; absolute. */
  staging: string;
  mostBytes(): number;
  refused(what: string, why: string): void;
  kept(file: SessionDownloadView): void;
  now(): number;
}

export type Outcome = { kind: 'kept'; file: SessionDownloadView } | { kind: 'refused'; why: string };

export interface Wanted {
  /** Resolves when one begins. */
  began: Promise<void>;
  outcome: Promise<Outcome>;
  /** When bytes last came. */
  moved(): number;
  /** No longer waited for; one that has begun goes on. */
  expire(): void;
  /** No longer wanted; one that has begun is cancelled. */
  cancel(): void;
}

export interface Downloads {
  /** The next one is wanted. */
  want(): Wanted;
  attach(devtools: DevTools, browserContextId: string): Promise<void>;
}

interface Running {
  url: string;
  name: string;
  wanted: Slot;
  cancelled: boolean;
}

interface Slot {
  begin(): void;
  settle(outcome: Outcome): void;
  moved: number;
  guid: string | null;
}

const UNASKED = 'Nobody asked for this download; the download tool gets files that are wanted.';
const PROGRAM = 'Programs and scripts are not downloaded.';
/** Of one name. */
const MOST_COPIES = 1_000;

/** Both fail where the name is taken. Not every file system has links, and none has them to another one. */
const placeAs = async (from: string, to: string): Promise<void> => {
  try {
    await link(from, to);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
};

export const openDownloads = (options: DownloadOptions): Downloads => {
  let waiting: Slot | null = null;
  let keptBytes = 0;
  let devtools: DevTools | null = null;
  let contextId = '';
  const running = new Map<string, Running>();

  const cancel = (guid: string): void => {
    devtools?.send('Browser.cancelDownload', { guid, browserContextId: contextId }).catch(() => undefined);
  };
  const discard = (guid: string): Promise<void> => rm(path.join(options.staging, guid), { force: true });

  const refuse = (guid: string, one: Running, why: string): void => {
    one.cancelled = true;
    cancel(guid);
    options.refused(one.url, why);
    one.wanted.settle({ kind: 'refused', why });
    void discard(guid).catch(() => undefined);
  };

  /** A link fails where a name is taken, which a rename does not. */
  const place = async (from: string, name: string): Promise<string> => {
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const { name: stem, ext } = path.parse(name);
    for (let copy = 1; copy <= MOST_COPIES; copy += 1) {
      const tried = copy === 1 ? name : `${stem} (${copy})${ext}`;
      try {
        await placeAs(from, path.join(options.folder, tried));
        await rm(from, { force: true });
        return tried;
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
      }
    }
    throw new Error(`There are ${MOST_COPIES} files called ${name} already.`);
  };

  const finish = async (guid: string, one: Running): Promise<void> => {
    const file = path.join(options.staging, guid);
    const { size } = await stat(file);
    if (keptBytes + size > options.mostBytes()) return refuse(guid, one, tooMuch());
    if (await isProgramFile(file)) return refuse(guid, one, PROGRAM);
    await chmod(file, 0o600);
    const { mime, extension } = await sniffFile(file);
    const named = path.extname(one.name) === '' ? `${one.name}.${extension}` : one.name;
    const name = await place(file, named);
    keptBytes += size;
    const view: SessionDownloadView = { name, contentType: mime, size, url: one.url, at: options.now() };
    options.kept(view);
    one.wanted.settle({ kind: 'kept', file: view });
  };

  const tooMuch = (): string =>
    `It is larger than the ${Math.round(options.mostBytes() / 2 ** 20)} MiB that may be downloaded (sessions.downloadMax).`;

  const want = (): Wanted => {
    let begin = (): void => undefined;
    let settle = (_: Outcome): void => undefined;
    const began = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const outcome = new Promise<Outcome>((resolve) => {
      settle = resolve;
    });
    const slot: Slot = { begin, settle, moved: performance.now(), guid: null };
    waiting = slot;
    return {
      began,
      outcome,
      moved: () => slot.moved,
      expire: () => {
        if (waiting === slot) waiting = null;
      },
      cancel: () => {
        if (waiting === slot) waiting = null;
        if (slot.guid === null) return;
        const one = running.get(slot.guid);
        if (one === undefined || one.cancelled) return;
        one.cancelled = true;
        cancel(slot.guid);
        settle({ kind: 'refused', why: 'It was called off.' });
      },
    };
  };

  return {
    want,
    attach: async (given, browserContextId) => {
      devtools = given;
      contextId = browserContextId;
      running.clear();
      given.onEvent(({ method, params }) => {
        if (method === 'Browser.downloadWillBegin') {
          const { guid, url, suggestedFilename } = params as { guid: string; url: string; suggestedFilename: string };
          const wanted = waiting;
          waiting = null;
          const name = safeName(suggestedFilename);
          if (wanted === null) {
            cancel(guid);
            options.refused(url.startsWith('http') ? url : name, UNASKED);
            return true;
          }
          const one: Running = { url, name, wanted, cancelled: false };
          running.set(guid, one);
          wanted.guid = guid;
          wanted.begin();
          if (isProgramName(name)) refuse(guid, one, PROGRAM);
          return true;
        }
        if (method !== 'Browser.downloadProgress') return false;
        const { guid, receivedBytes, totalBytes, state } = params as {
          guid: string;
          receivedBytes: number;
          totalBytes: number;
          state: string;
        };
        const one = running.get(guid);
        if (one === undefined) {
          // One that was cancelled too late has left a file.
          if (state !== 'inProgress') void discard(guid).catch(() => undefined);
          return true;
        }
        one.wanted.moved = performance.now();
        if (!one.cancelled && keptBytes + Math.max(receivedBytes, totalBytes) > options.mostBytes())
          refuse(guid, one, tooMuch());
        if (state === 'inProgress') return true;
        running.delete(guid);
        if (one.cancelled) void discard(guid).catch(() => undefined);
        else if (state === 'completed')
          finish(guid, one).catch((error: unknown) => {
            one.cancelled = true;
            const why = `It could not be kept: ${error instanceof Error ? error.message : String(error)}.`;
            options.refused(one.url, why);
            one.wanted.settle({ kind: 'refused', why });
          });
        else one.wanted.settle({ kind: 'refused', why: 'It broke off.' });
        return true;
      });
      await mkdir(options.staging, { recursive: true, mode: 0o700 });
      await given.send('Browser.setDownloadBehavior', {
        behavior: 'allowAndName',
        browserContextId,
        downloadPath: options.staging,
        eventsEnabled: true,
      });
    },
  };
};
