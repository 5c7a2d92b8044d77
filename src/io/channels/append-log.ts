/**
 * A file of JSON lines that only grows, until it is written anew. A line is acknowledged when it is on the disk; lines that come
 * while the disk is busy share the next write and its fsync. A last line that a crash has cut was never acknowledged, and goes.
 */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { CodedError } from '../../contracts/errors.ts';
import { errnoOf } from '../processes/errno.ts';
import { diskError } from '../store/disk-error.ts';
import { removeIfThere, replaceDurably, syncFolder } from '../store/durable-file.ts';
import type { StoreFs } from '../store/store-fs.ts';

export interface AppendLog {
  /** Bytes in the file. */
  readonly size: number;
  /**
   * Resolves when the line is durable; lines keep the order of the calls. `onDurable` is called at that very moment, before
   * anything that came later is begun. Rejects with INTERNAL when the disk refuses, with TIMEOUT when it does not answer, and
   * with INVALID_STATE after `close`.
   */
  append(line: string, onDurable: () => void): Promise<void>;
  /** Puts these lines in the place of all that was appended before this call; a crash leaves either the old or the new ones. */
  rewrite(lines: () => Iterable<string>): Promise<void>;
  /** Resolves when what was appended is settled; nothing is taken afterwards. */
  close(): Promise<void>;
}

type Work =
  | { kind: 'line'; text: string; settle(error?: Error): void }
  | { kind: 'rewrite'; lines: () => Iterable<string>; settle(error?: Error): void };

const WRITE_MS = 30_000;
const MODE = 0o600;

/** Everything up to the last line end. */
const whole = (content: Buffer): number => content.lastIndexOf(0x0a) + 1;

/** Opens or makes the file. `lines` are its whole lines, as text. Throws a CodedError when the disk refuses. */
export const openAppendLog = async (file: string, fs: StoreFs): Promise<{ log: AppendLog; lines: string[] }> => {
  const name = path.basename(file);
  let size = 0;
  let handle: FileHandle | null = null;
  const queue: Work[] = [];
  let working: Promise<void> | null = null;
  let closed = false;

  const open = async (): Promise<FileHandle> => {
    const opened = await fs.open(file, constants.O_RDWR | constants.O_CREAT, MODE);
    handle = opened;
    return opened;
  };

  const begin = async (): Promise<string[]> => {
    await removeIfThere(fs, `${file}.tmp`);
    const content = await fs.readFile(file).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
      return null;
    });
    if (content === null) return [];
    size = whole(content);
    if (size < content.length) {
      const opened = await open();
      await opened.truncate(size);
      await opened.datasync();
    }
    return content.toString('utf8', 0, size).split('\n').slice(0, -1);
  };

  const writeLines = async (lines: readonly string[]): Promise<void> => {
    const isNew = handle === null;
    const opened = handle ?? (await open());
    const bytes = Buffer.from(lines.join(''), 'utf8');
    try {
      await opened.write(bytes, 0, bytes.length, size);
      await opened.datasync();
    } catch (error) {
      // Half a write must not stand before the next one; what is not cut off now is overwritten by it.
      await opened.truncate(size).catch(() => undefined);
      throw error;
    }
    if (isNew && size === 0) await syncFolder(fs, path.dirname(file));
    size += bytes.length;
  };

  const writeAnew = async (lines: Iterable<string>): Promise<void> => {
    const text = [...lines].map((line) => `${line}\n`).join('');
    await replaceDurably(fs, file, text, { backup: false });
    await handle?.close();
    handle = null;
    size = Buffer.byteLength(text);
    await open();
  };

  const step = async (): Promise<void> => {
    const [first] = queue;
    if (first?.kind === 'rewrite') {
      queue.shift();
      await settled([first], () => writeAnew(first.lines()));
      return;
    }
    const end = queue.findIndex(({ kind }) => kind === 'rewrite');
    const batch = queue.splice(0, end === -1 ? queue.length : end);
    await settled(batch, () => writeLines(batch.map((work) => (work.kind === 'line' ? work.text : ''))));
  };

  const settled = async (works: readonly Work[], act: () => Promise<void>): Promise<void> => {
    let failure: Error | undefined;
    try {
      await act();
    } catch (error) {
      failure = diskError(`${name} could not be written`, error);
    }
    for (const work of works) work.settle(failure);
  };

  const start = (): void => {
    working ??= (async () => {
      // One turn later, so that what is said in the same turn shares the first write as well.
      await Promise.resolve();
      while (queue.length > 0) await step();
      working = null;
    })();
  };

  const enqueue = (make: (settle: Work['settle']) => Work): Promise<void> => {
    if (closed)
      return Promise.reject(new CodedError('INVALID_STATE', 'The server is stopping; nothing is written now.'));
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new CodedError('TIMEOUT', `${name} was not written within ${WRITE_MS / 1000} s; check the disk.`));
      }, WRITE_MS);
      queue.push(
        make((error) => {
          clearTimeout(timer);
          if (error === undefined) resolve();
          else reject(error);
        }),
      );
      start();
    });
  };

  const close = async (): Promise<void> => {
    closed = true;
    await working;
    await handle?.close();
    handle = null;
  };

  let lines: string[];
  try {
    await fs.mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    lines = await begin();
  } catch (error) {
    throw diskError(`${name} cannot be read`, error);
  }

  return {
    lines,
    log: {
      get size() {
        return size;
      },
      append: (line, onDurable) =>
        enqueue((settle) => ({
          kind: 'line',
          text: `${line}\n`,
          settle: (error) => {
            if (error === undefined) onDurable();
            settle(error);
          },
        })),
      rewrite: (wanted) => enqueue((settle) => ({ kind: 'rewrite', lines: wanted, settle })),
      close,
    },
  };
};
