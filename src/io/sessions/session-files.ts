/** What lies in the folder of a session: its transcript, pictures and downloads, and the profile of its browser. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openAppendLog } from '../channels/append-log.ts';
import type { AppendLog } from '../channels/append-log.ts';
import { nodeFs } from '../store/store-fs.ts';

export interface SessionFiles {
  /** The lines of the transcript, and what appends to it. Open each once at a time. */
  openTranscript(id: string): Promise<{ log: AppendLog; lines: string[] }>;
  savePicture(id: string, name: string, png: Buffer): Promise<void>;
  /** Absolute paths; `name` was made by this server. */
  picture(id: string, name: string): string;
  download(id: string, name: string): string;
  downloads(id: string): string;
  profile(id: string): string;
  /** Removes all of it. */
  remove(id: string): Promise<void>;
  /** Ids that have a folder. */
  list(): Promise<string[]>;
}

/** Ids and names are made here and are plain, but a path is never built from anything else. */
const PLAIN_ID = /^[\w-]{1,64}$/;
const PLAIN_PICTURE = /^[\w-]{1,64}\.png$/;

export const sessionFiles = (folder: string): SessionFiles => {
  const of = (id: string): string => {
    if (!PLAIN_ID.test(id)) throw new Error(`not an id of a session: ${id.slice(0, 64)}`);
    return path.join(folder, id);
  };
  const picture = (id: string, name: string): string => {
    if (!PLAIN_PICTURE.test(name)) throw new Error(`not the name of a picture: ${name.slice(0, 64)}`);
    return path.join(of(id), 'pictures', name);
  };
  return {
    openTranscript: (id) => openAppendLog(path.join(of(id), 'transcript.jsonl'), nodeFs),
    async savePicture(id, name, png) {
      const file = picture(id, name);
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      await writeFile(file, png, { mode: 0o600 });
    },
    picture,
    download: (id, name) => path.join(of(id), 'downloads', path.basename(name)),
    downloads: (id) => path.join(of(id), 'downloads'),
    profile: (id) => path.join(of(id), 'profile'),
    remove: (id) => rm(of(id), { recursive: true, force: true }),
    async list() {
      const names = await readdir(folder).catch(() => []);
      return names.filter((name) => PLAIN_ID.test(name));
    },
  };
};
