/**
 * The folder of media: one folder each, named by an id that was made here. A tool works in a folder inside of it; what it leaves
 * is named by its content, never by a client.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { CodedError } from '../../contracts/errors.ts';
import { counted } from '../store/counted.ts';

/** Ids are made here and are plain, but a path is never built from anything else. */
const PLAIN_ID = /^[\w-]{1,64}$/;
const PLAIN_ENDING = /^[a-z0-9]{1,8}$/;
const THUMBNAIL = 'thumbnail.jpg';
const WORK = 'work';

export interface MediaFolder {
  /** A tool's words without the paths of this machine. */
  withoutPaths(text: string): string;
  /** The file of complete media. */
  fileOf(id: string, extension: string): string;
  thumbnailOf(id: string): string;
  /** Makes the folder that a tool works in. */
  begin(id: string): Promise<string>;
  workOf(id: string): string;
  /** The file that a tool was to write, or else the only one it wrote; null when there is none. */
  written(id: string, wanted: string): Promise<string | null>;
  /** Moves it to its place. */
  keep(id: string, file: string, extension: string): Promise<void>;
  /** Takes an upload to `work/upload`. Throws INVALID_PAYLOAD when it is empty or larger than `mostBytes`. */
  receive(id: string, body: Readable, mostBytes: number): Promise<string>;
  /** Removes what a tool worked with. */
  endWork(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Ids that have a folder. */
  list(): Promise<string[]>;
}

/** What is refused of an upload. */
const checked = (mostBytes: number) =>
  counted(mostBytes, {
    tooLarge: () =>
      new CodedError(
        'INVALID_PAYLOAD',
        `The upload is larger than the ${Math.floor(mostBytes / 1048576)} MiB that are allowed.`,
      ),
    empty: () => new CodedError('INVALID_PAYLOAD', 'The upload is empty: send the file as the body.'),
  });

export const openMediaFolder = async (folder: string): Promise<MediaFolder> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const of = (id: string): string => {
    if (!PLAIN_ID.test(id)) throw new Error(`not an id of media: ${id.slice(0, 64)}`);
    return path.join(folder, id);
  };
  const workOf = (id: string): string => path.join(of(id), WORK);
  const begin = async (id: string): Promise<string> => {
    await mkdir(workOf(id), { recursive: true, mode: 0o700 });
    return workOf(id);
  };
  const fileOf = (id: string, extension: string): string => {
    if (!PLAIN_ENDING.test(extension)) throw new Error(`not an ending: ${extension.slice(0, 32)}`);
    return path.join(of(id), `media.${extension}`);
  };

  return {
    withoutPaths: (text) => text.replaceAll(`${path.resolve(folder)}${path.sep}`, ''),
    fileOf,
    thumbnailOf: (id) => path.join(of(id), THUMBNAIL),
    begin,
    workOf,
    async written(id, wanted) {
      const work = workOf(id);
      const found: string[] = [];
      for (const entry of await readdir(work, { withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const file = path.join(work, entry.name);
        if ((await stat(file)).size > 0) found.push(file);
      }
      if (found.includes(wanted)) return wanted;
      return found.length === 1 ? (found[0] ?? null) : null;
    },
    keep: (id, file, extension) => rename(file, fileOf(id, extension)),
    async receive(id, body, mostBytes) {
      const target = path.join(await begin(id), 'upload');
      await pipeline(body, checked(mostBytes), createWriteStream(target, { mode: 0o600 }));
      return target;
    },
    endWork: (id) => rm(workOf(id), { recursive: true, force: true }),
    remove: (id) => rm(of(id), { recursive: true, force: true }),
    async list() {
      return (await readdir(folder)).filter((name) => PLAIN_ID.test(name));
    },
  };
};
