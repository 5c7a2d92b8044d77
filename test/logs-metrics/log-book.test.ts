import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LOG_LEVELS, type LogEntryView } from '../../src/contracts/views.ts';
import { createLogBook, type LogBook, type LogBookOptions } from '../../src/io/logs/log-book.ts';

let dir: string;
const books: LogBook[] = [];

beforeEach(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), 'llamactor-logs-'));
});
afterEach(async () => {
  await Promise.all(books.splice(0).map((book) => book.close()));
  await fs.rm(dir, { recursive: true, force: true });
});

const createBook = (options: Partial<LogBookOptions> = {}): LogBook => {
  const book = createLogBook({ dir, ringSize: 500, level: 'debug', console: false, ...options });
  books.push(book);
  return book;
};

const logFiles = async (): Promise<string[]> => (await fs.readdir(dir)).sort();
const linesOf = async (name = 'llamactor.jsonl'): Promise<string[]> =>
  (await fs.readFile(path.join(dir, name), 'utf8')).split('\n').filter(Boolean);
const entriesOf = async (name?: string): Promise<LogEntryView[]> =>
  (await linesOf(name)).map((line) => JSON.parse(line) as LogEntryView);
const messages = (entries: LogEntryView[]): string[] => entries.map((entry) => entry.message);

describe('the log in memory', () => {
  it('keeps the newest entries, newest first, with strictly increasing ids', () => {
    const book = createBook({ ringSize: 3 });
    for (const word of ['a', 'b', 'c', 'd', 'e']) book.write('info', 'server', word, 1_000);
    expect(messages(book.ring())).toEqual(['e', 'd', 'c']);
    const ids = book.ring().map((entry) => BigInt(entry.id));
    expect(ids[0]).toBe((ids[1] ?? 0n) + 1n);
    expect(ids[1]).toBe((ids[2] ?? 0n) + 1n);
    expect(book.ring()[0]).toMatchObject({ timestamp: 1_000, level: 'info', source: 'server' });
  });

  it('gives higher ids after a restart', () => {
    const first = createBook({ now: () => 1_700_000_000_000 });
    first.write('info', 'server', 'before');
    const second = createBook({ now: () => 1_700_000_000_500 });
    second.write('info', 'server', 'after');
    expect(BigInt(second.ring()[0]?.id ?? 0)).toBeGreaterThan(BigInt(first.ring()[0]?.id ?? 0));
  });

  it.each<[string, Parameters<LogBook['ring']>[0], string[]]>([
    ['limit', { limit: 2 }, ['e4', 'w3']],
    ['limit 0', { limit: 0 }, []],
    ['offset', { offset: 1, limit: 2 }, ['w3', 'i2']],
    ['exact level', { level: 'warn' }, ['w3']],
    ['minimum level', { level: 'warn', match: 'minimum' }, ['e4', 'w3']],
    ['source', { source: 'model:a' }, ['i2']],
    ['text in any case', { text: 'E4' }, ['e4']],
    ['since', { since: 3 }, ['e4', 'w3']],
    ['several at once, offset counted after filtering', { level: 'info', match: 'minimum', offset: 1 }, ['w3', 'i2']],
  ])('filters by %s', (_, filter, expected) => {
    const book = createBook();
    book.write('debug', 'server', 'd1', 1);
    book.write('info', 'model:a', 'i2', 2);
    book.write('warn', 'router', 'w3', 3);
    book.write('error', 'server', 'e4', 4);
    expect(messages(book.ring(filter))).toEqual(expected);
  });

  it('drops what is below the level, and follows a change of it', async () => {
    const book = createBook({ level: 'warn' });
    for (const level of LOG_LEVELS) book.write(level, 'server', `1 ${level}`);
    book.setLevel('debug');
    book.write('debug', 'server', '2 debug');
    expect(messages(book.ring())).toEqual(['2 debug', '1 error', '1 warn']);
    await book.flush();
    expect(messages(await entriesOf())).toEqual(['1 warn', '1 error', '2 debug']);
  });

  it('keeps the newest when it is made smaller, and grows again', () => {
    const book = createBook({ ringSize: 4 });
    for (let i = 0; i < 6; i += 1) book.write('info', 'server', String(i));
    book.setRingSize(2);
    expect(messages(book.ring())).toEqual(['5', '4']);
    book.setRingSize(3);
    book.write('info', 'server', '6');
    book.write('info', 'server', '7');
    expect(messages(book.ring())).toEqual(['7', '6', '5']);
  });

  it('is empty after clear, which tells how many there were; the files stay', async () => {
    const book = createBook();
    book.write('info', 'server', 'a');
    book.write('info', 'server', 'b');
    expect(book.clear()).toBe(2);
    expect(book.clear()).toBe(0);
    expect(book.ring()).toEqual([]);
    await book.flush();
    expect(await linesOf()).toHaveLength(2);
  });

  it('shortens a line nobody could read', () => {
    const book = createBook();
    book.write('info', 'engine', 'x'.repeat(100_000));
    const [entry] = book.ring();
    expect(entry?.message.length).toBeLessThan(9_000);
    expect(entry?.message).toContain('91808 more characters');
  });
});

describe('subscribers of the log', () => {
  it('hear every entry until they leave', () => {
    const book = createBook();
    const heard: string[] = [];
    const leave = book.subscribe((entry) => heard.push(entry.message));
    book.write('info', 'server', 'a');
    book.write('info', 'server', 'b');
    leave();
    book.write('info', 'server', 'c');
    expect(heard).toEqual(['a', 'b']);
  });

  it('that throw break neither the log nor the others, and are named once', () => {
    const book = createBook();
    const heard: string[] = [];
    book.subscribe(() => {
      throw new Error('broken view');
    });
    book.subscribe((entry) => heard.push(entry.message));
    book.write('info', 'server', 'a');
    book.write('info', 'server', 'b');
    expect(heard).toEqual(['a', 'b']);
    expect(messages(book.ring({ text: 'broken view' }))).toHaveLength(1);
  });

  it('that log themselves do not cause an endless loop; what they write is kept', async () => {
    const book = createBook();
    const heard: string[] = [];
    book.subscribe((entry) => {
      heard.push(entry.message);
      book.write('debug', 'server', `sent ${entry.message}`);
    });
    book.write('info', 'server', 'a');
    book.write('info', 'server', 'b');
    expect(heard).toEqual(['a', 'b']);
    expect(messages(book.ring())).toEqual(['sent b', 'b', 'sent a', 'a']);
    await book.flush();
    expect(await linesOf()).toHaveLength(4);
  });
});

describe('the log on the terminal', () => {
  it('is printed only when wanted, without control characters', () => {
    const printed: string[] = [];
    const book = createBook({ print: (line) => printed.push(line) });
    book.write('info', 'server', 'unseen');
    book.setConsole(true);
    book.write('warn', 'engine', '\u001b[2Jred\nsecond', Date.UTC(2030, 0, 1));
    book.setConsole(false);
    book.write('info', 'server', 'unseen');
    expect(printed).toEqual(['2030-01-01T00:00:00.000Z WARN  engine:  [2Jred second']);
  });

  it('is given up when the terminal has gone', () => {
    const print = vi.fn(() => {
      throw new Error('EPIPE');
    });
    const book = createBook({ print, console: true });
    book.write('info', 'server', 'a');
    book.write('info', 'server', 'b');
    expect(print).toHaveBeenCalledTimes(1);
    expect(book.ring()).toHaveLength(2);
  });
});

describe('the log on disk', () => {
  it('holds every line of a burst after close, in order', async () => {
    const book = createBook({ ringSize: 10 });
    for (let i = 0; i < 20_000; i += 1) book.write('info', 'engine', `line ${i}`);
    await book.close();
    expect(messages(await entriesOf())).toEqual(Array.from({ length: 20_000 }, (_, i) => `line ${i}`));
    expect((await fs.stat(path.join(dir, 'llamactor.jsonl'))).mode & 0o777).toBe(0o600);
  });

  it('writes without being asked', async () => {
    createBook().write('info', 'server', 'soon');
    await vi.waitFor(async () => expect(messages(await entriesOf())).toEqual(['soon']));
  });

  it('rotates by size, keeps the given number of files, and loses only the oldest lines', async () => {
    const book = createBook({ maxFileBytes: 2_000, maxFiles: 3 });
    for (let i = 0; i < 100; i += 1) {
      book.write('info', 'server', `line ${i} ${'.'.repeat(50)}`);
      if (i % 7 === 0) await book.flush();
    }
    await book.close();
    expect(await logFiles()).toEqual(['llamactor.1.jsonl', 'llamactor.2.jsonl', 'llamactor.jsonl']);
    const all: LogEntryView[] = [];
    for (const name of ['llamactor.2.jsonl', 'llamactor.1.jsonl', 'llamactor.jsonl']) {
      expect((await fs.stat(path.join(dir, name))).size).toBeLessThanOrEqual(2_000);
      all.push(...(await entriesOf(name)));
    }
    const numbers = all.map((entry) => Number(entry.message.split(' ')[1]));
    expect(numbers.length).toBeGreaterThan(20);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => 100 - numbers.length + i));
  });

  it('gives a line that is larger than a file one of its own', async () => {
    const book = createBook({ maxFileBytes: 100, maxFiles: 3 });
    book.write('info', 'server', 'x'.repeat(500));
    book.write('info', 'server', 'small');
    await book.close();
    expect(messages(await entriesOf('llamactor.1.jsonl'))).toEqual(['x'.repeat(500)]);
    expect(messages(await entriesOf())).toEqual(['small']);
  });

  it('works with a single file', async () => {
    const book = createBook({ maxFileBytes: 150, maxFiles: 1 });
    for (let i = 0; i < 10; i += 1) book.write('info', 'server', `line ${i}`);
    await book.close();
    expect(await logFiles()).toEqual(['llamactor.jsonl']);
    expect(messages(await entriesOf()).at(-1)).toBe('line 9');
  });

  it('goes on in the file of the last run, after a line a crash has cut', async () => {
    await fs.writeFile(path.join(dir, 'llamactor.jsonl'), '{"id":"1","message":"whole"}\n{"id":"2","mess');
    const book = createBook();
    book.write('info', 'server', 'next');
    await book.close();
    const lines = await linesOf();
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ message: 'next' });
  });

  it('says once that the disk refuses, goes on in memory, and writes again when it can', async () => {
    const blocked = path.join(dir, 'logs');
    await fs.writeFile(blocked, 'a file where the folder should be');
    const book = createBook({ dir: blocked, retryMs: 0 });
    for (let i = 0; i < 5; i += 1) {
      book.write('info', 'server', `lost ${i}`);
      await book.flush();
    }
    expect(book.ring({ text: 'lost' })).toHaveLength(5);
    expect(book.ring({ text: 'cannot be written' })).toHaveLength(1);
    await fs.rm(blocked);
    book.write('info', 'server', 'found');
    await book.close();
    expect(book.ring({ text: 'can be written again' })).toHaveLength(1);
    const written = (await fs.readFile(path.join(blocked, 'llamactor.jsonl'), 'utf8')).trim().split('\n');
    expect(written.map((line) => (JSON.parse(line) as LogEntryView).message)).toContain('found');
  });

  it.runIf(process.platform === 'linux')('survives a device without space', async () => {
    await fs.symlink('/dev/full', path.join(dir, 'llamactor.jsonl'));
    const book = createBook();
    book.write('info', 'server', 'lost');
    await book.flush();
    expect(book.ring({ level: 'error' })[0]?.message).toContain('ENOSPC');
    await book.close();
  });

  it('takes no lines after close, and closing twice is nothing', async () => {
    const book = createBook();
    book.write('info', 'server', 'in time');
    await book.close();
    book.write('info', 'server', 'too late');
    await book.close();
    expect(messages(await entriesOf())).toEqual(['in time']);
  });

  it('never holds a secret', async () => {
    const book = createBook();
    book.write('info', 'engine', 'started with --api-key abc123 in the dark');
    await book.flush();
    expect(messages(await entriesOf())).toEqual(['started with --api-key [hidden] in the dark']);
    expect(messages(book.ring())).toEqual(['started with --api-key [hidden] in the dark']);
  });
});
