import path from 'node:path';
import type { Adapter } from 'lowdb';
import type { z } from 'zod';
import { CodedError } from '../../contracts/errors.ts';
import { diskError } from './disk-error.ts';
import { lineOfPath, lineOfSyntaxError } from './json-place.ts';
import { backupOf, leftoversOf, removeIfThere, replaceDurably } from './durable-file.ts';
import type { StoreFs } from './store-fs.ts';
import { errnoOf } from '../processes/errno.ts';

/** What is on disk: `{ "version": n, "data": … }`. */
export interface Envelope<T> {
  version: number;
  data: T;
}

/** Told when a document could not be read and what was used in its place. */
export interface DamagedInfo {
  path: string;
  /** Where the unreadable file lies now; null when there was no file, only a backup of it. */
  setAside: string | null;
  used: 'backup' | 'defaults';
  /** Why it could not be used, in words. */
  reason: string;
  /** One sentence for the person. */
  message: string;
}

export interface DocumentFileOptions<T> {
  path: string;
  schema: z.ZodType<T>;
  version: number;
  migrate?: ((old: unknown, fromVersion: number) => unknown) | undefined;
  onDamaged: (info: DamagedInfo) => void;
  now: () => number;
  pretty: boolean;
  fs: StoreFs;
  /** What an edit may not say although the schema lets it pass, for example a misspelt key. */
  objection?: ((data: unknown) => Objection | null) | undefined;
}

/** Why an edit is refused, and the key at which. */
export interface Objection {
  path: readonly PropertyKey[];
  reason: string;
}

type Copy<T> =
  | { kind: 'absent' }
  | { kind: 'damaged'; reason: string; line: number | null }
  | { kind: 'good'; version: number; data: T; raw: unknown };

/** The first complaint of a zod check with the path of the field, for example "port: Too big". */
export const complaintOf = (error: z.ZodError): string => {
  const issue = error.issues[0];
  if (!issue) return 'it has the wrong shape';
  return issue.path.length > 0 ? `${issue.path.join('.')}: ${issue.message}` : issue.message;
};

const isEnvelope = (value: unknown): value is Envelope<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  'data' in value &&
  'version' in value &&
  Number.isInteger(value.version);

const parseCopy = <T>(options: DocumentFileOptions<T>, file: string, text: string): Copy<T> => {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return {
      kind: 'damaged',
      reason: `it is not valid JSON (${error instanceof Error ? error.message : 'unreadable'})`,
      line: lineOfSyntaxError(text),
    };
  }
  if (!isEnvelope(raw)) return { kind: 'damaged', reason: 'it has no version and data', line: 1 };
  if (raw.version > options.version) {
    throw new CodedError(
      'INVALID_STATE',
      `${file} was written by a newer Llamactor (format ${raw.version}, this one knows ${options.version}): update Llamactor, or move the file away.`,
      { details: { path: file, found: raw.version, known: options.version } },
    );
  }
  let data = raw.data;
  if (raw.version < options.version && options.migrate) {
    try {
      data = options.migrate(data, raw.version);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      const reason = `format ${raw.version} could not be brought to ${options.version} (${cause})`;
      return { kind: 'damaged', reason, line: null };
    }
  }
  const parsed = options.schema.safeParse(data);
  if (!parsed.success) {
    const path = ['data', ...(parsed.error.issues[0]?.path ?? [])];
    return { kind: 'damaged', reason: complaintOf(parsed.error), line: lineOfPath(text, path) };
  }
  return { kind: 'good', version: raw.version, data: parsed.data, raw: data };
};

/** Only content makes a copy damaged. A file that cannot be read at all (permission, disk) is an error and stays where it is. */
const readCopy = async <T>(
  options: DocumentFileOptions<T>,
  file: string,
): Promise<{ copy: Copy<T>; text: string | null }> => {
  let text: string;
  try {
    text = await options.fs.readFile(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { copy: { kind: 'absent' }, text: null };
    throw diskError(`${file} cannot be read`, error);
  }
  return { copy: parseCopy(options, file, text), text };
};

/**
 * The lowdb adapter of one document: reads it with its backup behind it, writes it durably.
 * `stored` is true once the newest known content, in the newest format, is in the file.
 */
export class DocumentFile<T> implements Adapter<Envelope<T>> {
  stored = false;
  #good = false;
  /** What is known to be in the file. */
  #text: string | null = null;
  readonly #options: DocumentFileOptions<T>;

  constructor(options: DocumentFileOptions<T>) {
    this.#options = options;
  }

  /** Null when nothing usable is there and the defaults apply. Throws CodedError for a newer format or a failing disk. */
  async read(): Promise<Envelope<T> | null> {
    const { path: file, fs, version } = this.#options;
    try {
      await fs.mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      for (const leftover of leftoversOf(file)) await removeIfThere(fs, leftover);
    } catch (error) {
      throw diskError(`The folder of ${file} cannot be used`, error);
    }
    const { copy, text } = await readCopy(this.#options, file);
    if (copy.kind === 'good') {
      this.#text = text;
      this.#good = true;
      this.stored = copy.version === version;
      return { version, data: copy.data };
    }
    return this.#recover(copy.kind === 'damaged' ? copy.reason : null);
  }

  async write(envelope: Envelope<T>): Promise<void> {
    const { path: file, fs, pretty } = this.#options;
    const text = pretty ? `${JSON.stringify(envelope, null, 2)}\n` : JSON.stringify(envelope);
    // Before the attempt, because one that fails at its last step has replaced the file all the same.
    this.#text = text;
    try {
      await replaceDurably(fs, file, text, { backup: this.#good });
    } catch (error) {
      // The rename may have happened before the failure: the next write must not be skipped as a repetition.
      this.stored = false;
      throw diskError(`${path.basename(file)} could not be saved`, error);
    }
    this.#good = true;
    this.stored = true;
  }

  /**
   * What somebody else has written into the file since it was last read or written; null when nobody has. A file that is gone
   * is no edit. Throws INVALID_PAYLOAD with `details: {line, reason}` for what cannot be used, as often as it is asked.
   */
  async edited(): Promise<T | null> {
    const { path: file, objection } = this.#options;
    const { copy, text } = await readCopy(this.#options, file);
    if (copy.kind === 'absent') {
      // There is nothing to keep as a backup when it is written again.
      this.#good = false;
      return null;
    }
    if (text === this.#text) return null;
    const complaint = copy.kind === 'good' ? (objection?.(copy.raw) ?? null) : null;
    if (copy.kind === 'damaged' || complaint !== null) {
      const reason = copy.kind === 'damaged' ? copy.reason : (complaint?.reason ?? '');
      const line = copy.kind === 'damaged' ? copy.line : lineOfPath(text ?? '', ['data', ...(complaint?.path ?? [])]);
      const where = line === null ? path.basename(file) : `${path.basename(file)}, line ${line}`;
      throw new CodedError('INVALID_PAYLOAD', `${where}: ${reason}.`, { details: { line, reason } });
    }
    this.#text = text;
    this.#good = true;
    this.stored = copy.version === this.#options.version;
    return copy.data;
  }

  /** `reason` is null when the file is absent, which is normal unless a backup shows that it once was there. */
  async #recover(reason: string | null): Promise<Envelope<T> | null> {
    const { path: file, version } = this.#options;
    const { copy: backup } = await readCopy(this.#options, backupOf(file));
    if (reason === null && backup.kind === 'absent') return null;
    const setAside = reason === null ? null : await this.#setAside(file);
    if (backup.kind === 'damaged') await this.#setAside(backupOf(file));
    const why =
      reason ??
      (backup.kind === 'damaged' ? `the file is missing and of its backup ${backup.reason}` : 'the file is missing');
    const used = backup.kind === 'good' ? 'backup' : 'defaults';
    if (backup.kind === 'good') await this.write({ version, data: backup.data });
    this.#tell({ path: file, setAside, used, reason: why });
    return backup.kind === 'good' ? { version, data: backup.data } : null;
  }

  async #setAside(file: string): Promise<string> {
    const stamp = new Date(this.#options.now()).toISOString().replaceAll(/[-:.]/g, '');
    const aside = `${file}.damaged-${stamp}`;
    try {
      await this.#options.fs.rename(file, aside);
    } catch (error) {
      throw diskError(`The damaged ${file} cannot be set aside`, error);
    }
    return aside;
  }

  #tell(info: Omit<DamagedInfo, 'message'>): void {
    const kept = info.setAside ? `; the damaged file is kept as ${path.basename(info.setAside)}` : '';
    const used = info.used === 'backup' ? 'the last good copy is used' : 'the defaults are used';
    const message = `${path.basename(info.path)} could not be used (${info.reason}): ${used}${kept}.`;
    this.#options.onDamaged({ ...info, message });
  }
}
