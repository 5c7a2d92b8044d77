import { constants } from 'node:fs';
import fs, { type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '../processes/errno.ts';

export interface LogFileOptions {
  dir: string;
  /** The newest file is `<name>.jsonl`, older ones `<name>.1.jsonl`, `<name>.2.jsonl`, … */
  name: string;
  maxFileBytes: number;
  /** Files kept, the current one included. */
  maxFiles: number;
  /** Told once when lines can no longer be written, and once when they can again (`error` is null then). */
  onTrouble: (error: Error | null, lostLines: number) => void;
  /** Longest time between two attempts while the disk refuses, ms. */
  retryMs?: number;
}

export interface LogFile {
  /** Takes one line, without its line end. Never throws and never waits. */
  append(line: string): void;
  /** Resolves when every line taken so far is in the file, or given up because the disk refuses. */
  flush(): Promise<void>;
  /** Flushes and closes. Lines appended afterwards are ignored. */
  close(): Promise<void>;
}

const FLUSH_MS = 100;
const CHUNK_BYTES = 256 * 1024;
/** What may wait for a slow disk. Beyond it the oldest lines are given up: logging must never eat the memory of the machine. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;
const RETRY_MS = 5_000;
/** A disk that does not answer at all must not keep the server from ending. */
const FLUSH_DEADLINE_MS = 10_000;

/**
 * JSON-lines files that rotate by size. Lines are collected and written together, one write at a time, so bursts cost
 * little and the order is kept. When the disk refuses, lines are dropped and counted, writing is tried again every few
 * seconds, and the caller is told twice at most: when it begins and when it is over.
 */
export const createLogFile = (options: LogFileOptions): LogFile => {
  const { dir, name, maxFileBytes, maxFiles, onTrouble, retryMs = RETRY_MS } = options;
  const current = path.join(dir, `${name}.jsonl`);
  const older = (n: number): string => path.join(dir, `${name}.${n}.jsonl`);

  const pending: { line: string; bytes: number }[] = [];
  let pendingBytes = 0;
  let handle: FileHandle | null = null;
  let size = 0;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> | null = null;
  let closed = false;
  let lost = 0;
  let refusedAt: number | null = null;

  /** A last line without its end was cut by a crash or a full disk; the next one must not be glued to it. */
  const endsMidLine = async (file: FileHandle): Promise<boolean> => {
    if (size === 0) return false;
    const last = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return last.buffer[0] !== 0x0a;
  };

  const open = async (): Promise<FileHandle> => {
    if (handle) return handle;
    await fs.mkdir(dir, { recursive: true, mode: 0o700 });
    const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
    const opened = await fs.open(current, flags, 0o600);
    try {
      size = (await opened.stat()).size;
      if (await endsMidLine(opened)) {
        await opened.writeFile('\n');
        size += 1;
      }
    } catch (error) {
      await opened.close().catch(() => undefined);
      throw error;
    }
    handle = opened;
    return opened;
  };

  const release = async (): Promise<void> => {
    const old = handle;
    handle = null;
    await old?.close();
  };

  const rotate = async (): Promise<void> => {
    await release();
    if (maxFiles <= 1) {
      await fs.rm(current, { force: true });
      return;
    }
    await fs.rm(older(maxFiles - 1), { force: true });
    for (let n = maxFiles - 2; n >= 0; n -= 1) {
      await fs.rename(n === 0 ? current : older(n), older(n + 1)).catch((error: unknown) => {
        if (errnoOf(error) !== 'ENOENT') throw error;
      });
    }
  };

  /** As many waiting lines as one write and the file's limit allow; at least one. */
  const takeChunk = (room: number): { text: string; bytes: number; lines: number } => {
    let bytes = 0;
    let lines = 0;
    for (const item of pending) {
      if (lines > 0 && (bytes + item.bytes > room || bytes > CHUNK_BYTES)) break;
      bytes += item.bytes;
      lines += 1;
    }
    const text = pending.slice(0, lines).map((item) => `${item.line}\n`);
    return { text: text.join(''), bytes, lines };
  };

  const drop = (lines: number): void => {
    for (const item of pending.splice(0, lines)) pendingBytes -= item.bytes;
  };

  const writeSome = async (): Promise<void> => {
    let file = await open();
    const first = pending[0]?.bytes ?? 0;
    if (size > 0 && size + first > maxFileBytes) {
      await rotate();
      file = await open();
    }
    const chunk = takeChunk(maxFileBytes - size);
    drop(chunk.lines);
    try {
      await file.writeFile(chunk.text);
      size += chunk.bytes;
    } catch (error) {
      lost += chunk.lines;
      throw error;
    }
  };

  const refuse = async (error: unknown): Promise<void> => {
    // Opened anew next time, which also finds and mends a line that was cut.
    await release().catch(() => undefined);
    lost += pending.length;
    drop(pending.length);
    const isFirst = refusedAt === null;
    refusedAt = performance.now();
    if (isFirst) onTrouble(error instanceof Error ? error : new Error(String(error)), lost);
  };

  const work = async (): Promise<void> => {
    while (pending.length > 0) {
      try {
        await writeSome();
      } catch (error) {
        await refuse(error);
        return;
      }
      if (refusedAt !== null) {
        refusedAt = null;
        onTrouble(null, lost);
        lost = 0;
      }
    }
  };

  const start = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    working ??= work().finally(() => {
      working = null;
      // A line taken between the end of the work and this moment has nobody to write it otherwise.
      if (pending.length > 0) startSoon();
    });
    return working;
  };

  // Keeps no process alive: whoever ends in order calls close().
  const startSoon = (): void => {
    timer ??= setTimeout(() => void start(), FLUSH_MS).unref();
  };

  const append = (line: string): void => {
    if (closed) return;
    if (refusedAt !== null && performance.now() - refusedAt < retryMs) {
      lost += 1;
      return;
    }
    const bytes = Buffer.byteLength(line) + 1;
    pending.push({ line, bytes });
    pendingBytes += bytes;
    if (pendingBytes > MAX_PENDING_BYTES) {
      const tooMany = Math.ceil(pending.length / 4);
      lost += tooMany;
      drop(tooMany);
    }
    if (pendingBytes > CHUNK_BYTES) void start();
    else startSoon();
  };

  const writeAll = async (): Promise<void> => {
    while (pending.length > 0 || working) await start();
  };

  const flush = (): Promise<void> => {
    const patience = new AbortController();
    const giveUp = delay(FLUSH_DEADLINE_MS, undefined, { signal: patience.signal }).catch(() => undefined);
    return Promise.race([writeAll(), giveUp]).finally(() => patience.abort());
  };

  return {
    append,
    flush,
    close: async () => {
      closed = true;
      await flush();
      await release().catch(() => undefined);
    },
  };
};
