import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { replaceFile } from '../gguf/replace-file.ts';
import type { Inspection } from './inspect-file.ts';

/** Raise it whenever an inspection's shape or the meaning of its values changes: older caches are then rebuilt. */
const VERSION = 2;

interface Entry {
  size: number;
  mtimeMs: number;
  inspection: Inspection;
}

/** Only the outline is checked: the file is ours, written whole, and its version pins the rest. */
const Document = z.object({
  version: z.literal(VERSION),
  files: z.record(
    z.string(),
    z.object({
      size: z.number(),
      mtimeMs: z.number(),
      inspection: z.looseObject({
        metadata: z.looseObject({ inputModalities: z.array(z.string()) }).nullable(),
        facts: z.looseObject({ layerBytes: z.array(z.number()) }).nullable(),
        projector: z.looseObject({ inputs: z.array(z.string()) }).nullable(),
        problem: z.string().nullable(),
        fingerprint: z.string().nullable(),
      }),
    }),
  ),
});

/** What was learnt about files, by path, size and time of change. A missing, old or damaged cache is an empty one. */
export class ScanCache {
  readonly #path: string;
  readonly #known: ReadonlyMap<string, Entry>;
  readonly #current = new Map<string, Entry>();
  #changed = false;

  private constructor(path: string, known: ReadonlyMap<string, Entry>) {
    this.#path = path;
    this.#known = known;
  }

  static async open(path: string): Promise<ScanCache> {
    let known = new Map<string, Entry>();
    try {
      const document = Document.parse(JSON.parse(await readFile(path, 'utf8')));
      known = new Map(Object.entries(document.files as unknown as Record<string, Entry>));
    } catch {
      // Everything in it can be read from the files again; the scan after this one is fast again.
    }
    return new ScanCache(path, known);
  }

  get(file: { path: string; size: number; mtimeMs: number }): Inspection | null {
    const entry = this.#known.get(file.path);
    if (entry === undefined || entry.size !== file.size || entry.mtimeMs !== file.mtimeMs) return null;
    this.#current.set(file.path, entry);
    return entry.inspection;
  }

  /** Files that could not be read are not kept: permissions change without a new time of change. */
  set(file: { path: string; size: number; mtimeMs: number }, inspection: Inspection): void {
    if (inspection.fingerprint === null) return;
    this.#changed = true;
    this.#current.set(file.path, { size: file.size, mtimeMs: file.mtimeMs, inspection });
  }

  /** Writes what this scan used, if it differs from what was read; files that are gone are forgotten. */
  async save(): Promise<void> {
    if (!this.#changed && this.#current.size === this.#known.size) return;
    const text = JSON.stringify({ version: VERSION, files: Object.fromEntries(this.#current) });
    await replaceFile(this.#path, (handle) => handle.writeFile(text));
  }
}
