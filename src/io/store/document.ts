import path from 'node:path';
import { Low } from 'lowdb';
import type { z } from 'zod';
import { CodedError } from '../../contracts/errors.ts';
import { deepFreeze } from './deep-freeze.ts';
import { complaintOf, DocumentFile, type DamagedInfo, type Envelope, type Objection } from './document-file.ts';
import { nodeFs, type StoreFs } from './store-fs.ts';

export interface DocumentOptions<T> {
  path: string;
  /** Must accept its own output, and its output must survive JSON: what it parses to is what is written. */
  schema: z.ZodType<T>;
  /** Format number, counted up by one whenever older content needs `migrate`. */
  version: number;
  /** Brings content of an older format to the present one; the schema checks what it returns. */
  migrate?: (old: unknown, fromVersion: number) => unknown;
  defaults: () => T;
  /** Told (at most once, while opening) that the file was unusable and what was used in its place. */
  onDamaged: (info: DamagedInfo) => void;
  /** Indented for people (the default) or compact for bulky data. */
  pretty?: boolean;
  /**
   * Given when people change the file with an editor while it is open: their edits are taken over before anything is written,
   * and a file that cannot be used is never overwritten. Says what an edit may not say although the schema lets it pass.
   */
  objection?: (data: unknown) => Objection | null;
  /** Longest time an `update` waits for the disk, ms; 30 s by default. */
  writeTimeoutMs?: number;
  now?: () => number;
  fs?: StoreFs;
}

/** A change to a document: alters the draft, or returns a new value. Refuse by throwing; nothing changes then. */
export type Recipe<T> = (draft: T) => void | T;

export interface Document<T> {
  /** What is durable on disk, frozen all the way down. Cheap: nothing is copied. */
  get(): Readonly<T>;
  /**
   * Applies `recipe` to the newest value and resolves once the write that holds the result is durable.
   *
   * Recipes run in the order of the calls, one after the other, each exactly once, when their write begins; `get()`
   * shows the result only after it is durable, so memory never runs ahead of the disk. Rejects, with nothing changed,
   * with INVALID_PAYLOAD when the result does not fit the schema, with what the recipe threw, with INTERNAL when the
   * disk refuses (every change of that write is dropped), with INVALID_STATE after `close`, and with TIMEOUT when the
   * disk does not answer in time (a write under way may then still happen, and `get()` shows it if it does).
   */
  update(recipe: Recipe<T>): Promise<void>;
  /**
   * Takes over what somebody wrote into the file; resolves with whether that changed anything. Rejects with INVALID_PAYLOAD and
   * `details: {line, reason}` when it cannot be used, and then nothing changes.
   */
  reread(): Promise<boolean>;
  /** Resolves when every update made so far has been acknowledged or refused. */
  flush(): Promise<void>;
  /** Refuses further updates, then flushes. */
  close(): Promise<void>;
}

interface Change<T> {
  recipe: Recipe<T>;
  /** It only wants to know what is in the file. */
  rereads: boolean;
  settled: boolean;
  /** Ends the caller's wait; only the first call counts. */
  settle: (error?: Error) => void;
}

interface Value<T> {
  data: T;
  text: string;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const asJson = (name: string, value: unknown): string => {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // Circular structures and BigInts: refused below, like functions and undefined.
  }
  if (text === undefined) throw new CodedError('INVALID_PAYLOAD', `${name} can only hold JSON values.`);
  return text;
};

const unusable = (name: string, cause: Error): Error =>
  cause instanceof CodedError && cause.code === 'INVALID_PAYLOAD'
    ? new CodedError(
        'INVALID_STATE',
        `${name} was edited and cannot be used (${cause.message.replace(/\.$/, '')}); mend it or remove it first, because a change now would overwrite it.`,
        { details: { ...cause.details } },
      )
    : cause;

/** Opens (and creates the folder of) one stored document. Throws CodedError when the file is newer than `version` or the disk fails. */
export const openDocument = async <T>(options: DocumentOptions<T>): Promise<Document<T>> => {
  const name = path.basename(options.path);
  const { schema, version, writeTimeoutMs = 30_000 } = options;
  const file = new DocumentFile<T>({
    path: options.path,
    schema,
    version,
    migrate: options.migrate,
    onDamaged: options.onDamaged,
    now: options.now ?? Date.now,
    pretty: options.pretty ?? true,
    fs: options.fs ?? nodeFs,
    objection: options.objection,
  });
  const low = new Low<Envelope<T>>(file, { version, data: schema.parse(options.defaults()) });
  await low.read();

  let durable: Value<T> = { data: deepFreeze(low.data.data), text: asJson(name, low.data.data) };
  let queue: Change<T>[] = [];
  const waiting = new Set<Promise<void>>();
  let busy = false;
  let closed = false;

  /** What is checked is the JSON that will be read back, so that no accepted change can make the file unreadable. */
  const apply = (before: Value<T>, recipe: Recipe<T>): Value<T> => {
    const draft = JSON.parse(before.text) as T;
    const returned = recipe(draft);
    const wanted: unknown = JSON.parse(asJson(name, returned === undefined ? draft : returned));
    const parsed = schema.safeParse(wanted);
    if (!parsed.success) {
      throw new CodedError('INVALID_PAYLOAD', `${name} was not changed, because ${complaintOf(parsed.error)}.`, {
        details: { issues: parsed.error.issues.map((issue) => ({ path: issue.path, message: issue.message })) },
      });
    }
    return { data: parsed.data, text: asJson(name, parsed.data) };
  };

  const store = async (next: Value<T>): Promise<void> => {
    if (next.text === durable.text && file.stored) return;
    low.data = { version, data: next.data };
    try {
      await low.write();
    } catch (error) {
      low.data = { version, data: durable.data };
      throw error;
    }
    durable = { data: deepFreeze(next.data), text: next.text };
  };

  /** Edits come first, so that no change of ours undoes what a person wrote. */
  const takeOverEdits = async (): Promise<void> => {
    const edited = await file.edited();
    if (edited === null) return;
    const text = asJson(name, edited);
    if (text !== durable.text) durable = { data: deepFreeze(edited), text };
  };

  const writeBatch = async (batch: Change<T>[]): Promise<void> => {
    if (options.objection !== undefined || batch.some((change) => change.rereads)) {
      try {
        await takeOverEdits();
      } catch (error) {
        for (const change of batch) change.settle(change.rereads ? asError(error) : unusable(name, asError(error)));
        return;
      }
    }
    let next = durable;
    const accepted: Change<T>[] = [];
    for (const change of batch) {
      // Given up while it waited behind a slow write: it must not happen after its caller was told so.
      if (change.settled) continue;
      try {
        next = apply(next, change.recipe);
        accepted.push(change);
      } catch (error) {
        change.settle(asError(error));
      }
    }
    if (accepted.length === 0) return;
    let failure: Error | undefined;
    try {
      await store(next);
    } catch (error) {
      failure = asError(error);
    }
    for (const change of accepted) change.settle(failure);
  };

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      await writeBatch(batch);
    }
    busy = false;
  };

  const enqueue = (recipe: Recipe<T>, rereads: boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        change.settle(new CodedError('TIMEOUT', `${name} was not saved within ${writeTimeoutMs} ms; check the disk.`));
      }, writeTimeoutMs);
      const change: Change<T> = {
        recipe,
        rereads,
        settled: false,
        settle: (error) => {
          if (change.settled) return;
          change.settled = true;
          clearTimeout(timer);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      queue.push(change);
    });

  const update = (recipe: Recipe<T>, rereads = false): Promise<void> => {
    if (closed) return Promise.reject(new CodedError('INVALID_STATE', `${name} is closed; the server is stopping.`));
    const done = enqueue(recipe, rereads);
    const forget = () => waiting.delete(done);
    waiting.add(done);
    done.then(forget, forget);
    if (!busy) {
      busy = true;
      // One turn later, so that updates made together share the first write as well.
      queueMicrotask(() => void drain());
    }
    return done;
  };

  const flush = async (): Promise<void> => {
    await Promise.allSettled([...waiting]);
  };

  return {
    get: () => durable.data,
    update: (recipe) => update(recipe),
    async reread() {
      const before = durable;
      await update(() => undefined, true);
      return durable.text !== before.text;
    },
    flush,
    close: () => {
      closed = true;
      return flush();
    },
  };
};
