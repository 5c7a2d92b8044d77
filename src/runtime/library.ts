/** The models on disk and what people said of them: scanning, watching, records, and the intent that survives a restart. */
import { realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { By } from '../commands/services.ts';
import type { CommandPayload } from '../contracts/commands.ts';
import { ModelRecord } from '../contracts/config.ts';
import { CodedError } from '../contracts/errors.ts';
import type { LogLevel } from '../contracts/views.ts';
import type { ModelFile } from '../io/models/model-file.ts';
import { reconcileIds } from '../io/models/model-ids.ts';
import { scanModels } from '../io/models/scan-models.ts';
import { watchModels } from '../io/models/watch-models.ts';
import type { Document } from '../io/store/document.ts';
import { buildCatalog } from './catalog.ts';
import type { Catalog, Known } from './catalog.ts';
import type { ModelsDocument } from './model-store.ts';

export interface ScanOutcome {
  found: number;
  added: number;
  updated: number;
  removed: number;
}

/** Ids to look at again, ids that are new, ids that are gone. */
export interface LibraryChange {
  touched: string[];
  created: string[];
  removed: string[];
  /** How many models the scan found, when the change comes from one. */
  scanned: number | null;
  by: By | null;
}

export interface LibraryOptions {
  store: Document<ModelsDocument>;
  cachePath: string;
  folders(): string[];
  onChange(change: LibraryChange): void;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}

export interface Library {
  catalog(): Catalog;
  scan(options: { path?: string; restoreHidden: boolean; by: By | null }): Promise<ScanOutcome>;
  watch(): Promise<void>;
  create(model: CommandPayload<'models:create'>['model'], by: By): Promise<string>;
  update(id: string, updates: CommandPayload<'models:update'>['updates'], by: By): Promise<void>;
  /** The model as `update` would leave it. */
  updated(id: string, updates: CommandPayload<'models:update'>['updates']): Known & { record: ModelRecord };
  removeRecord(id: string, by: By): Promise<void>;
  deleteFile(id: string, by: By): Promise<void>;
  wanted(): readonly string[];
  setWanted(id: string, wanted: boolean): Promise<void>;
  close(): Promise<void>;
}

const SCAN_DEADLINE_MS = 10 * 60_000;

export const createLibrary = (options: LibraryOptions): Library => {
  const { store } = options;
  let files: ModelFile[] = [];
  let catalog = buildCatalog([], store.get().records, store.get().files);
  let watcher: { close(): Promise<void> } | null = null;
  let scanning: Promise<unknown> = Promise.resolve();
  let closed = false;
  const missing = new Set<string>();
  const ending = new AbortController();

  const seconds = (): number => Math.floor(options.now() / 1000);

  /** Takes over a new picture of the world and tells the difference. */
  const rebuild = (
    by: By | null,
    touched: Iterable<string> = [],
    scanned: number | null = null,
  ): { created: string[]; removed: string[] } => {
    const before = catalog;
    catalog = buildCatalog(files, store.get().records, store.get().files);
    const created = catalog
      .all()
      .filter(({ id }) => before.get(id) === undefined)
      .map(({ id }) => id);
    const removed = before
      .all()
      .filter(({ id }) => catalog.get(id) === undefined)
      .map(({ id }) => id);
    options.onChange({ touched: [...touched].filter((id) => !created.includes(id)), created, removed, scanned, by });
    return { created, removed };
  };

  const scanNow = async ({ path: only, restoreHidden, by }: Parameters<Library['scan']>[0]): Promise<ScanOutcome> => {
    const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(SCAN_DEADLINE_MS)]);
    const folders = only === undefined ? await present(options.folders()) : [only];
    const scanned = await scanModels({
      folders,
      cachePath: options.cachePath,
      signal,
      onWarning: (message) => options.log('warn', 'server', message),
    });
    const kept = only === undefined ? [] : files.filter((file) => !isInside(only, file.path));
    const old = new Map(files.map((file) => [file.path, file]));
    const next = reconcileIds(store.get().files, [...kept, ...scanned]);
    const changed = next.filter((file) => {
      const previous = old.get(file.path);
      return (
        previous !== undefined &&
        (previous.mtimeMs !== file.mtimeMs || previous.size !== file.size || previous.problem !== file.problem)
      );
    });
    files = next;
    await remember(next, restoreHidden);
    const found = only === undefined ? next.length : scanned.length;
    const { created, removed } = rebuild(
      by,
      changed.map(({ id }) => id),
      found,
    );
    return { found, added: created.length, updated: changed.length, removed: removed.length };
  };

  /** An unplugged disk must not hide the models of the other folders. */
  const present = async (folders: readonly string[]): Promise<string[]> => {
    const there: string[] = [];
    for (const folder of folders) {
      if ((await stat(folder).catch(() => null))?.isDirectory() === true) there.push(folder);
      else if (!missing.has(folder))
        options.log('warn', 'server', `The models folder ${folder} is not there; its models come back when it does.`);
      if (there.includes(folder)) missing.delete(folder);
      else missing.add(folder);
    }
    return there;
  };

  const remember = async (next: readonly ModelFile[], restoreHidden: boolean): Promise<void> => {
    const present = new Set(next.map((file) => file.id));
    const seenBefore = new Map(store.get().files.map((entry) => [entry.id, entry]));
    const entries = next.map(({ id, path: file, fingerprint }) => ({
      id,
      path: file,
      fingerprint,
      seenAt: seenBefore.get(id)?.seenAt ?? seconds(),
    }));
    // A file that is not there now (an unplugged disk, a renamed folder) keeps its id for when it comes back.
    const absent = [...seenBefore.values()].filter((entry) => !present.has(entry.id));
    const files = [...entries, ...absent.slice(-10_000)];
    const hides = restoreHidden && store.get().records.some((record) => record.hidden);
    if (!hides && JSON.stringify(files) === JSON.stringify(store.get().files)) return;
    await store.update((draft) => {
      draft.files = files;
      if (restoreHidden) draft.records = draft.records.map((record) => ({ ...record, hidden: false }));
    });
  };

  const need = (id: string): Known => {
    const known = catalog.get(id);
    if (known === undefined) throw new CodedError('NOT_FOUND', `Model not found: ${id}`);
    return known;
  };

  const freshRecord = (known: Known): ModelRecord =>
    known.record ??
    ModelRecord.parse({
      id: known.id,
      name: known.file?.name ?? known.id,
      model_path: known.file?.path ?? null,
      fingerprint: known.file?.fingerprint ?? null,
      created_at: known.seenAt,
      updated_at: seconds(),
    });

  const put = (records: ModelRecord[], record: ModelRecord): ModelRecord[] => [
    ...records.filter(({ id }) => id !== record.id),
    record,
  ];

  const refuseTakenNames = (id: string, names: readonly string[]): void => {
    for (const name of names) {
      const other = catalog.find(name);
      if (other !== undefined && other.id !== id) {
        throw new CodedError('INVALID_PAYLOAD', `The name ${name} already belongs to ${other.id}; choose another.`);
      }
    }
  };

  const library: Library = {
    catalog: () => catalog,
    scan(request) {
      // One scan at a time: two at once would each undo what the other found.
      const run = scanning.then(() => scanNow(request));
      scanning = run.catch(() => undefined);
      return run;
    },
    async watch() {
      await watcher?.close();
      watcher = null;
      if (closed) return;
      watcher = watchModels({
        folders: options.folders(),
        onChange: () => {
          library.scan({ restoreHidden: false, by: null }).catch((error: unknown) => {
            if (!closed)
              options.log('warn', 'server', `The models folder changed but could not be searched: ${String(error)}`);
          });
        },
        onError: (error) => options.log('warn', 'server', `A models folder cannot be watched: ${String(error)}`),
      });
    },
    async create(model, by) {
      const file =
        model.model_path == null
          ? fileNamed(model.name)
          : (catalog.all().find(({ file: known }) => known?.path === model.model_path) ?? null);
      const id = model.id ?? (file !== null && file.record === null ? file.id : freeId(model.name));
      if (catalog.get(id)?.record != null)
        throw new CodedError('INVALID_STATE', `There is a record ${id} already; update it instead.`);
      refuseTakenNames(id, model.aliases ?? []);
      const at = seconds();
      const record = ModelRecord.parse({
        ...model,
        id,
        model_path: model.model_path ?? file?.file?.path ?? null,
        fingerprint: file?.file?.fingerprint ?? null,
        created_at: at,
        updated_at: at,
      });
      // A record with an id of its own stands beside the file's model, which without a record would give way to it.
      const own = model.model_path != null && file?.record === null && file.id !== id ? freshRecord(file) : null;
      await store.update((draft) => {
        draft.records = put(own === null ? draft.records : put(draft.records, own), record);
      });
      rebuild(by, [id]);
      return id;
    },
    async update(id, updates, by) {
      const { record } = library.updated(id, updates);
      await store.update((draft) => {
        draft.records = put(draft.records, record);
      });
      rebuild(by, [id]);
    },
    updated(id, updates) {
      const known = need(id);
      refuseTakenNames(id, updates.aliases ?? []);
      return { ...known, record: ModelRecord.parse({ ...freshRecord(known), ...updates, id, updated_at: seconds() }) };
    },
    async removeRecord(id, by) {
      const known = need(id);
      const hidden =
        known.file === null ? null : ModelRecord.parse({ ...freshRecord(known), hidden: true, updated_at: seconds() });
      await store.update((draft) => {
        draft.records = draft.records.filter((record) => record.id !== id);
        draft.wanted = draft.wanted.filter((wanted) => wanted !== id);
        if (hidden !== null) draft.records.push(hidden);
      });
      rebuild(by);
    },
    async deleteFile(id, by) {
      const known = need(id);
      if (known.file === null)
        throw new CodedError('NOT_FOUND', `No file belongs to ${id}; delete its record instead.`);
      const targets = await confined(
        known.file.shards.length > 0 ? known.file.shards : [known.file.path],
        options.folders(),
      );
      // The record goes first: a crash in between leaves a file that the next scan finds, not a record without a file.
      await store.update((draft) => {
        draft.records = draft.records.filter((record) => record.id !== id);
        draft.files = draft.files.filter((file) => file.id !== id);
        draft.wanted = draft.wanted.filter((wanted) => wanted !== id);
      });
      for (const target of targets) await rm(target, { force: true });
      files = files.filter((file) => file.id !== id);
      rebuild(by);
    },
    wanted: () => store.get().wanted,
    async setWanted(id, wanted) {
      if (store.get().wanted.includes(id) === wanted) return;
      await store.update((draft) => {
        draft.wanted = draft.wanted.filter((other) => other !== id);
        if (wanted) draft.wanted.push(id);
      });
    },
    async close() {
      closed = true;
      ending.abort();
      await watcher?.close();
      await scanning;
      await store.close();
    },
  };
  return library;

  function fileNamed(name: string): Known | null {
    const known = catalog.find(name);
    return known?.file != null && known.record === null ? known : null;
  }

  function freeId(name: string): string {
    const base = name.replace(/\.gguf$/i, '').replace(/[\\/\s]+/g, '-') || 'model';
    if (catalog.find(base) === undefined) return base;
    let number = 2;
    while (catalog.find(`${base}-${number}`) !== undefined) number += 1;
    return `${base}-${number}`;
  }
};

/** Whether `file` lies in `folder`, by path alone. */
export const isInside = (folder: string, file: string): boolean => {
  const relative = path.relative(path.resolve(folder), file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
};

/** Real files inside the folders only: neither `..` nor a symbolic link may lead a deletion elsewhere. */
const confined = async (paths: readonly string[], folders: readonly string[]): Promise<string[]> => {
  const roots = await Promise.all(folders.map((folder) => realpath(folder).catch(() => path.resolve(folder))));
  const checked: string[] = [];
  for (const target of paths) {
    const real = await realpath(target).catch(() => null);
    if (real === null) continue;
    if (!roots.some((root) => isInside(root, real)) || !(await stat(real)).isFile()) {
      throw new CodedError(
        'FORBIDDEN',
        `${path.basename(target)} lies outside the models folders, so it is not deleted; delete it by hand.`,
      );
    }
    checked.push(target);
  }
  return checked;
};
