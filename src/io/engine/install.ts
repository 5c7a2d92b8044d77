/** Installs llama-server into the data folder. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../contracts/errors.ts';
import { debianSource } from './debian-source.ts';
import { githubSource } from './github-source.ts';
import { acquireInstallLock } from './install-lock.ts';
import { enginesFolder, installedEngine, readCurrent, startOf, writeCurrent } from './installed.ts';
import { probeEngine } from './probe.ts';
import { bytesProgress, throttleProgress } from './progress.ts';
import type { EngineInfo, EngineProgress, EngineSource } from './types.ts';

export interface InstallOptions {
  dataDir: string;
  /** Called at most about ten times a second. */
  onProgress?: (progress: EngineProgress) => void;
  signal?: AbortSignal;
  /** Tried in this order; the default is GitHub's releases, then Debian's packages. */
  sources?: readonly EngineSource[];
}

const LOCK_MS = 30 * 60_000;

/**
 * Gets an engine from the first source that can give one that runs, and makes it the current one. A second install that had to
 * wait for the first uses its result.
 *
 * Everything is built in a temporary folder and renamed when the engine has run there, so a half install is never seen;
 * what a killed install left is removed by the next one. Rejects with ENGINE_MISSING, naming each source and what it said, with
 * TIMEOUT when another install does not end, and with the signal's reason when it aborts.
 */
export const installEngine = async (options: InstallOptions): Promise<EngineInfo> => {
  const { dataDir } = options;
  const signal = options.signal ?? new AbortController().signal;
  const engines = enginesFolder(dataDir);
  await makeFolder(engines);
  const before = await readCurrent(dataDir);
  const release = await acquireInstallLock(join(dataDir, 'run', 'installing'), signal, LOCK_MS);
  const progress = throttleProgress(options.onProgress ?? (() => undefined));
  try {
    const current = await readCurrent(dataDir);
    if (current && current.folder !== before?.folder) {
      const engine = await installedEngine(dataDir, { signal });
      if (engine) return engine;
    }
    await removeLeftovers(engines, current?.folder ?? null);
    await installFirst(dataDir, options.sources ?? [githubSource(), debianSource()], signal, progress.report);
    const engine = await installedEngine(dataDir, { signal });
    if (!engine)
      throw new CodedError('ENGINE_MISSING', 'The engine that was just installed has disappeared; install it again.');
    return engine;
  } finally {
    progress.finish();
    await release();
  }
};

const makeFolder = async (engines: string): Promise<void> => {
  try {
    await mkdir(engines, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CodedError(
      'ENGINE_MISSING',
      `No engine can be installed in ${engines} (${code ?? String(error)}); make the data folder writable.`,
    );
  }
};

const installFirst = async (
  dataDir: string,
  sources: readonly EngineSource[],
  signal: AbortSignal,
  report: (progress: EngineProgress) => void,
): Promise<void> => {
  const said: { source: string; problem: string }[] = [];
  for (const source of sources) {
    try {
      await installFrom(source, dataDir, signal, report);
      return;
    } catch (error) {
      signal.throwIfAborted();
      said.push({ source: source.name, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  const reasons = said.map(({ source, problem }) => `${source}: ${problem.replace(/\.$/, '')}`).join('; ');
  throw new CodedError(
    'ENGINE_MISSING',
    `No llama-server could be installed (${reasons}). Mend one of these, or install llama.cpp yourself and set serverPath to its llama-server.`,
    { details: { sources: said } },
  );
};

const installFrom = async (
  source: EngineSource,
  dataDir: string,
  signal: AbortSignal,
  report: (progress: EngineProgress) => void,
): Promise<void> => {
  const engines = enginesFolder(dataDir);
  const id = randomBytes(4).toString('hex');
  const temporary = join(engines, `.tmp-${process.pid}-${id}`);
  const folder = join(temporary, 'engine');
  const scratch = join(temporary, 'scratch');
  const downloads = join(engines, 'downloads');
  try {
    for (const each of [folder, scratch, downloads]) await mkdir(each, { recursive: true });
    const { layout, label } = await source.fetch({ folder, scratch, downloads, signal, report });
    report(bytesProgress('checking that llama-server runs', 0, null));
    const start = startOf(folder, layout);
    if (process.platform !== 'win32') await Promise.all([start.path, start.command].map((file) => chmod(file, 0o755)));
    await probeEngine(start.command, start.prefixArgs, { path: start.path, source: 'installed', signal });
    signal.throwIfAborted();
    const name = `${label.replace(/[^\w.-]/g, '_')}-${id}`;
    await rename(folder, join(engines, name));
    await writeCurrent(dataDir, name, layout);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
};

/** Temporary folders, finished engines (`<label>-<8 hex digits>`), and unfinished writes of files that only a lock holder writes. */
const OURS = /^\.tmp-|-[0-9a-f]{8}$|^current\.json\..*\.tmp$|^install\.lock\./;

/**
 * Only the holder of the lock calls this, so every temporary folder belongs to an install that died. Of finished engines the
 * current one stays, because models may be running from it until they are started again.
 */
const removeLeftovers = async (engines: string, current: string | null): Promise<void> => {
  for (const name of await readdir(engines)) {
    if (OURS.test(name) && name !== current) await rm(join(engines, name), { recursive: true, force: true });
  }
};
