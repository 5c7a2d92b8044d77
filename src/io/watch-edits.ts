/** Notices when a person changes configuration or presets in the data folder with an editor. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { watch } from 'chokidar';

export interface EditWatch {
  close(): Promise<void>;
}

/** Editors write in several steps, or write another file and rename it; what stays the same this long is what was meant. */
const SETTLE_MS = 100;

/**
 * Resolves when the files are being watched. One reading at a time per kind; an edit during a reading is read after it. What we
 * write ourselves is told as well; the listeners compare.
 */
export const watchEdits = async (options: {
  dataDir: string;
  onConfig(): Promise<void>;
  onPresets(): Promise<void>;
  /** Edits may go unnoticed, or could not be looked at. */
  onProblem(message: string): void;
}): Promise<EditWatch> => {
  const config = path.join(options.dataDir, 'config.json');
  const presets = path.join(options.dataDir, 'presets');
  await mkdir(presets, { recursive: true, mode: 0o700 });
  const isOurs = (file: string): boolean =>
    file === config || (path.dirname(file) === presets && file.endsWith('.ini'));
  const readings = { config: serially(options.onConfig), presets: serially(options.onPresets) };

  const look = (file: string): void => {
    if (!isOurs(file)) return;
    const what = file === config ? 'config' : 'presets';
    readings[what]().catch((error: unknown) =>
      options.onProblem(
        `${path.basename(file)} was edited but could not be read: ${error instanceof Error ? error.message : String(error)}`,
      ),
    );
  };
  // The folder and not the file: a file that is renamed into place is another one.
  const watcher = watch([options.dataDir, presets], {
    depth: 0,
    ignoreInitial: true,
    ignored: (file, stats) => stats?.isFile() === true && !isOurs(file),
    awaitWriteFinish: { stabilityThreshold: SETTLE_MS, pollInterval: 20 },
  });
  for (const event of ['add', 'change', 'unlink'] as const) watcher.on(event, look);
  watcher.on('error', (error) =>
    options.onProblem(`Edits of configuration and presets may go unnoticed: ${String(error)}`),
  );
  await new Promise<void>((resolve) => {
    watcher.once('ready', resolve);
  });
  return { close: () => watcher.close() };
};

/** Runs `work` again when it was asked for while it ran, and never twice at once. */
const serially = (work: () => Promise<void>): (() => Promise<void>) => {
  let last: Promise<void> = Promise.resolve();
  let waits = false;
  return () => {
    if (waits) return last;
    waits = true;
    last = last
      .catch(() => undefined)
      .then(() => {
        waits = false;
        return work();
      });
    return last;
  };
};
