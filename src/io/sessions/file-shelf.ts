/** The files that people upload for sessions: one file each under a name made here, and a document of what they are and whose. */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CodedError } from '../../contracts/errors.ts';
import { SessionFilesDocument } from '../../contracts/session-record.ts';
import type { SessionFileRecord } from '../../contracts/session-record.ts';
import type { SessionFileView } from '../../contracts/sessions.ts';
import { counted } from '../store/counted.ts';
import { openDocument } from '../store/document.ts';
import { syncFolder } from '../store/durable-file.ts';
import { nodeFs } from '../store/store-fs.ts';
import { cleanFileName } from './file-name.ts';
import { kindOfFile } from './file-kind.ts';
import { textPart } from './file-text.ts';
import type { TextPart } from './file-text.ts';
import { pdfText } from './pdf-text.ts';

/** Every method refuses with a CodedError; NOT_FOUND also for what belongs to somebody else. */
export interface FileShelf {
  /**
   * Resolves when it is on disk; the body is read to its end or destroyed, and nothing is left of what was refused or broken off.
   * TOO_LARGE names the limit.
   */
  add(body: Readable, about: { name: string; owner: string }): Promise<SessionFileView>;
  /** Newest first. */
  list(owner: string): SessionFileView[];
  find(id: string, owner: string): SessionFileView | undefined;
  remove(id: string, owner: string): Promise<void>;
  /** At most `most` characters from `from` on. INVALID_STATE for what has no text. */
  textOf(id: string, owner: string, from: number, most: number): Promise<TextPart>;
  /** A PNG or JPEG that a model can be shown; null for anything else. */
  picture(id: string): Promise<{ mime: string; bytes: Buffer } | null>;
  /** Absolute. */
  pathOf(id: string, owner: string): string;
  /** Removes what a crash left, and from now on hourly what no session uses a day after its upload. */
  begin(inUse: () => ReadonlySet<string>): Promise<void>;
  /** The same at once. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

export interface FileShelfOptions {
  dataDir: string;
  /** MiB. */
  most(): number;
  log(level: 'info' | 'warn' | 'error', source: string, message: string): void;
  now(): number;
}

const MIB = 1_048_576;
const DAY_MS = 86_400_000;
const SWEEP_MS = 3_600_000;
const MOST_PICTURE = 8 * MIB;
const MOST_FILES = 1000;
const SHOWN = new Set(['image/png', 'image/jpeg']);
const PLAIN_ID = /^[a-z0-9]{1,64}$/;

const viewOf = ({ owner: _, ...view }: Readonly<SessionFileRecord>): SessionFileView => view;
const notFound = (id: string): CodedError =>
  new CodedError('NOT_FOUND', `There is no file ${JSON.stringify(id.slice(0, 64))} of yours.`);

export const openFileShelf = async ({ dataDir, most, log, now }: FileShelfOptions): Promise<FileShelf> => {
  const folder = path.join(dataDir, 'session-files');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const store = await openDocument({
    path: path.join(dataDir, 'session-files.json'),
    version: 1,
    schema: SessionFilesDocument,
    defaults: (): SessionFilesDocument => ({ files: [] }),
    pretty: false,
    onDamaged: ({ message }) => log('error', 'server', message),
  });
  const of = (id: string): string => {
    if (!PLAIN_ID.test(id)) throw notFound(id);
    return path.join(folder, id);
  };
  /** What was read out of a PDF once. */
  const textFileOf = (id: string): string => `${of(id)}.text`;
  const need = (id: string, owner: string): Readonly<SessionFileRecord> => {
    const record = store.get().files.find((file) => file.fileId === id && file.owner === owner);
    if (record === undefined) throw notFound(id);
    return record;
  };
  const erase = async (id: string): Promise<void> => {
    for (const file of [of(id), textFileOf(id), `${of(id)}.part`]) await rm(file, { force: true });
  };
  const forget = async (ids: ReadonlySet<string>): Promise<void> => {
    if (ids.size === 0) return;
    await store.update((draft) => {
      draft.files = draft.files.filter(({ fileId }) => !ids.has(fileId));
    });
    for (const id of ids) await erase(id);
  };

  const reading = new Map<string, Promise<void>>();
  const readPdf = async (id: string): Promise<void> => {
    const text = await pdfText(of(id));
    const part = `${of(id)}.part`;
    await writeFile(part, text, { mode: 0o600 });
    await rename(part, textFileOf(id));
  };
  /** Reads each once, also when many ask. */
  const pdfTextFile = async (id: string): Promise<string> => {
    const file = textFileOf(id);
    const isThere = await stat(file).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
    const under = reading.get(id) ?? readPdf(id).finally(() => reading.delete(id));
    reading.set(id, under);
    await under;
    return file;
  };

  let timer: NodeJS.Timeout | null = null;
  let inUse: () => ReadonlySet<string> = () => new Set();
  const sweep = async (): Promise<void> => {
    const used = inUse();
    const old = store
      .get()
      .files.filter(({ fileId, createdAt }) => now() - createdAt >= DAY_MS && !used.has(fileId))
      .map(({ fileId }) => fileId);
    await forget(new Set(old)).catch((error: unknown) =>
      log('warn', 'server', `Old uploads could not be removed: ${String(error)}`),
    );
  };

  return {
    async add(body, { name, owner }) {
      if (store.get().files.filter((file) => file.owner === owner).length >= MOST_FILES) {
        body.destroy();
        throw new CodedError('QUEUE_FULL', `You have ${MOST_FILES} files here already; remove some first.`);
      }
      const id = randomUUID().replaceAll('-', '');
      const part = `${of(id)}.part`;
      try {
        const limit = most();
        const check = counted(limit * MIB, {
          tooLarge: () =>
            new CodedError('TOO_LARGE', `The file is larger than the ${limit} MiB that sessions.uploadMax allows.`, {
              details: { limitBytes: limit * MIB },
            }),
          empty: () => new CodedError('INVALID_PAYLOAD', 'The file is empty.'),
        });
        await pipeline(body, check, createWriteStream(part, { mode: 0o600 }));
        const handle = await open(part, 'r+');
        await handle.sync().finally(() => handle.close());
        const { size } = await stat(part);
        const { mime, kind } = await kindOfFile(part);
        await rename(part, of(id));
        await syncFolder(nodeFs, folder);
        const record: SessionFileRecord = {
          ...{ fileId: id, fileName: cleanFileName(name), contentType: mime, mimeType: mime, size, fileSize: size },
          ...{ kind, url: `/api/sessions/files/${id}`, createdAt: now(), owner },
        };
        await store.update((draft) => void draft.files.push(record));
        return viewOf(record);
      } catch (error) {
        await erase(id).catch(() => undefined);
        throw error;
      }
    },
    list: (owner) =>
      store
        .get()
        .files.filter((file) => file.owner === owner)
        .map(viewOf)
        .reverse(),
    find(id, owner) {
      const record = store.get().files.find((file) => file.fileId === id && file.owner === owner);
      return record === undefined ? undefined : viewOf(record);
    },
    remove: async (id, owner) => forget(new Set([need(id, owner).fileId])),
    async textOf(id, owner, from, mostCharacters) {
      const { kind, fileName, mimeType } = need(id, owner);
      if (kind === 'text') return textPart(of(id), from, mostCharacters);
      if (kind === 'pdf') return textPart(await pdfTextFile(id), from, mostCharacters);
      throw new CodedError(
        'INVALID_STATE',
        kind === 'image'
          ? `${fileName} is a picture and has no text; a model that sees pictures is shown it.`
          : `${fileName} cannot be read: it is ${mimeType}, neither text, picture nor PDF. It can still be uploaded to a page.`,
      );
    },
    async picture(id) {
      const record = store.get().files.find(({ fileId }) => fileId === id);
      if (record === undefined || !SHOWN.has(record.mimeType) || record.size > MOST_PICTURE) return null;
      return { mime: record.mimeType, bytes: await readFile(of(id)) };
    },
    pathOf: (id, owner) => of(need(id, owner).fileId),
    async begin(used) {
      inUse = used;
      const known = new Set(store.get().files.map(({ fileId }) => fileId));
      for (const name of await readdir(folder)) {
        const [id = '', ending] = name.split('.');
        if (!known.has(id) || ending === 'part') await rm(path.join(folder, name), { force: true });
      }
      await sweep();
      timer = setInterval(() => void sweep(), SWEEP_MS).unref();
    },
    sweep,
    async close() {
      if (timer !== null) clearInterval(timer);
      await store.close();
    },
  };
};
