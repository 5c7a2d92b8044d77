import { realpath, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { watch } from 'chokidar';
import type { FSWatcher } from 'chokidar';
import { CodedError } from '../../contracts/errors.ts';
import { MAX_DEPTH, isModelName } from './find-files.ts';

export interface WatchOptions {
  folders: readonly string[];
  /** Something that a scan would see has changed; several changes close together are told once. */
  onChange: () => void;
  /** Changes of a folder may go unnoticed from now on. */
  onError: (error: CodedError) => void;
  /** How long a growing file must keep its size before it counts, ms; default 2 000. */
  settleMs?: number;
  /** How often a folder that is missing, or was replaced, is looked for, ms; default 5 000. */
  rootCheckMs?: number;
}

export interface ModelWatch {
  /** Resolves when every folder that exists is being watched. */
  ready: Promise<void>;
  close(): Promise<void>;
}

const GATHER_MS = 200;
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'Raise fs.inotify.max_user_watches, or scan by hand.',
  EMFILE: 'Raise the limit of open files, or scan by hand.',
};

/** aria2's control file says whether the file beside it is complete, so its disappearance is news. */
const isNews = (path: string): boolean => isModelName(basename(path).replace(/\.aria2$/, ''));

/** The real folder behind a name, which may be a link, and what tells it from another one of the same name. */
const identify = async (folder: string): Promise<{ path: string; identity: string } | null> => {
  try {
    const path = await realpath(folder);
    const info = await stat(path);
    return info.isDirectory() ? { path, identity: `${info.dev}:${info.ino}:${path}` } : null;
  } catch {
    return null;
  }
};

/** Watches one existing folder with everything below it. */
const watchFolder = (
  root: string,
  settleMs: number,
  onChange: () => void,
  onError: (error: unknown) => void,
): { watcher: FSWatcher; ready: Promise<void> } => {
  let listed = false;
  const roots = new Set([root]);
  const watcher = watch(root, {
    // Links are not followed by chokidar, which would run in circles where one leads back up; see `followLink`.
    followSymlinks: false,
    depth: MAX_DEPTH,
    awaitWriteFinish: { stabilityThreshold: settleMs, pollInterval: Math.min(100, settleMs) },
    ignored: (path, stats) => {
      if (roots.has(path)) return false;
      return basename(path).startsWith('.') || (stats?.isFile() === true && !isNews(path));
    },
  });
  const followLink = async (path: string): Promise<void> => {
    try {
      const [target, info] = await Promise.all([realpath(path), stat(path)]);
      if (!info.isDirectory() || watcher.closed) return;
      // A target inside what is watched is seen already; one that holds it would be a loop.
      const covered = [...roots].some(
        (other) => `${target}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${target}/`),
      );
      if (covered) return;
      roots.add(target);
      watcher.add(target);
    } catch {
      // A link that leads nowhere: the scan names it when it looks like a model.
    }
  };
  const tell = (path: string): void => {
    if (listed && isNews(path)) onChange();
  };
  watcher.on('add', (path) => {
    // Other files are ignored above, so what is not named like a model is a link, perhaps to a folder.
    if (isNews(path)) tell(path);
    else void followLink(path).then(() => (listed ? onChange() : undefined));
  });
  watcher.on('change', tell);
  // What is gone was worth watching: a model, or a link or folder that may have held some without an event for each.
  for (const event of ['unlink', 'addDir', 'unlinkDir'] as const)
    watcher.on(event, () => (listed ? onChange() : undefined));
  watcher.on('error', onError);
  const ready = new Promise<void>((done) => {
    watcher.once('ready', () => {
      listed = true;
      done();
    });
  });
  return { watcher, ready };
};

/**
 * Tells when models below the folders appear, change or vanish. Says neither which nor how: the listener scans, which is fast.
 * A folder may be missing, be removed, come back, or be another disk's mount point: it is looked for again every `rootCheckMs`.
 * A file that is being copied counts once it has stopped growing.
 */
export const watchModels = ({
  folders,
  onChange,
  onError,
  settleMs = 2000,
  rootCheckMs = 5000,
}: WatchOptions): ModelWatch => {
  let closed = false;
  // Asked through a function because it changes while the caller of it awaits.
  const isClosed = (): boolean => closed;
  let gathering: NodeJS.Timeout | undefined;
  let endWaiting = (): void => undefined;
  const closing = new Promise<void>((done) => {
    endWaiting = done;
  });
  const watched = new Map<string, { identity: string; watcher: FSWatcher }>();

  const changed = (): void => {
    if (isClosed() || gathering !== undefined) return;
    gathering = setTimeout(() => {
      gathering = undefined;
      if (!isClosed()) onChange();
    }, GATHER_MS);
  };
  const failed = (folder: string) => (error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    // What vanishes while it is being looked at is reported by the folder it vanished from.
    if (isClosed() || code === 'ENOENT') return;
    const advice = ADVICE[code] ?? 'Scan by hand to see new models.';
    onError(
      new CodedError('INTERNAL', `Changes in ${folder} may go unnoticed (${code}). ${advice}`, {
        details: { folder, code },
      }),
    );
  };
  const check = async (folder: string, first: boolean): Promise<void> => {
    const now = await identify(folder);
    const current = watched.get(folder);
    if (isClosed() || now?.identity === current?.identity) return;
    watched.delete(folder);
    await current?.watcher.close();
    if (!first) changed();
    if (now === null || isClosed()) return;
    const { watcher, ready } = watchFolder(now.path, settleMs, changed, failed(folder));
    const entry = { identity: now.identity, watcher };
    watched.set(folder, entry);
    // A new folder of the same name may get the old one's inode number; no real identity is empty.
    watcher.on('unlinkDir', (path) => {
      if (path === now.path) entry.identity = '';
    });
    await Promise.race([ready, closing]);
  };
  const roots = [...new Set(folders.map((folder) => resolve(folder)))];
  const checkAll = (first: boolean): Promise<void> =>
    Promise.all(roots.map((folder) => check(folder, first))).then(() => undefined);

  const ready = checkAll(true);
  let checking: Promise<void> | undefined = ready.then(() => (checking = undefined));
  const timer = setInterval(() => {
    checking ??= checkAll(false).then(() => (checking = undefined));
  }, rootCheckMs);

  return {
    ready,
    async close() {
      closed = true;
      clearInterval(timer);
      clearTimeout(gathering);
      endWaiting();
      await checking;
      await Promise.all([...watched.values()].map(({ watcher }) => watcher.close()));
    },
  };
};
