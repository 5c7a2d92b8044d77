import fs from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { CodedError } from '../../src/contracts/errors.ts';
import type { DamagedInfo } from '../../src/io/store/document-file.ts';
import { openDocument, type DocumentOptions } from '../../src/io/store/document.ts';
import { nodeFs, type StoreFs } from '../../src/io/store/store-fs.ts';
import { temporaryFolder } from './children.ts';

const Shelf = z.object({
  name: z.string().min(1),
  books: z.array(z.string()).default([]),
  size: z.int().max(100).default(1),
});
type Shelf = z.infer<typeof Shelf>;

let folder: string;
let file: string;
let damage: DamagedInfo[];

beforeEach(async () => {
  folder = await temporaryFolder('document');
  file = path.join(folder, 'shelf.json');
  damage = [];
});
afterEach(() => fs.rm(folder, { recursive: true, force: true }));

const open = (extra: Partial<DocumentOptions<Shelf>> = {}) =>
  openDocument<Shelf>({
    path: file,
    schema: Shelf,
    version: 2,
    defaults: () => ({ name: 'new', books: [], size: 1 }),
    onDamaged: (info) => damage.push(info),
    ...extra,
  });

const onDisk = async (name = file): Promise<unknown> => JSON.parse(await fs.readFile(name, 'utf8'));
const rejection = async (promise: Promise<unknown>): Promise<CodedError> => {
  const error: unknown = await promise.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CodedError);
  return error as CodedError;
};
const failWith = (errno: string): never => {
  throw Object.assign(new Error(`${errno}: made up`), { code: errno });
};

/** The real file system with a record of what was done and switches to make calls fail or wait. */
const watchedFs = () => {
  const calls: string[] = [];
  const faults: Partial<Record<'write' | 'sync' | 'link' | 'rename' | 'folder', string>> = {};
  let gate: Promise<void> = Promise.resolve();
  const storeFs: StoreFs = {
    ...nodeFs,
    open: async (name, flags, mode) => {
      const handle = await nodeFs.open(name, flags, mode);
      const isFolder = flags === 'r';
      const sync = handle.sync.bind(handle);
      handle.sync = async () => {
        calls.push(isFolder ? 'sync folder' : 'sync file');
        if (isFolder && faults.folder) failWith(faults.folder);
        if (!isFolder && faults.sync) failWith(faults.sync);
        return sync();
      };
      const write = handle.writeFile.bind(handle);
      handle.writeFile = async (data, options) => {
        calls.push('write');
        await gate;
        if (faults.write) {
          await write('{"half', options);
          failWith(faults.write);
        }
        return write(data, options);
      };
      return handle;
    },
    link: async (from, to) => (faults.link ? failWith(faults.link) : nodeFs.link(from, to)),
    rename: async (from, to) => {
      calls.push(`rename to ${path.basename(String(to))}`);
      return faults.rename ? failWith(faults.rename) : nodeFs.rename(from, to);
    },
  };
  return {
    fs: storeFs,
    calls,
    faults,
    hold: () => {
      let release: () => void = () => undefined;
      gate = new Promise((resolve) => (release = resolve));
      return release;
    },
  };
};

describe('a document', () => {
  it('starts with the defaults, keeps a change across opening, and is readable by its owner only', async () => {
    const first = await open();
    expect(first.get()).toEqual({ name: 'new', books: [], size: 1 });
    await first.update((draft) => {
      draft.books.push('Dune');
    });
    expect(first.get().books).toEqual(['Dune']);
    await first.close();
    expect(await onDisk()).toEqual({ version: 2, data: { name: 'new', books: ['Dune'], size: 1 } });
    expect((await fs.stat(file)).mode & 0o777).toBe(0o600);
    expect((await open()).get().books).toEqual(['Dune']);
    expect(damage).toEqual([]);
  });

  it('takes what the recipe returns as the new value', async () => {
    const document = await open();
    await document.update(() => ({ name: 'other', books: ['Emma'], size: 3 }));
    expect(document.get()).toEqual({ name: 'other', books: ['Emma'], size: 3 });
  });

  it('cannot be changed through what get() returns, nor through a draft that was kept', async () => {
    const document = await open();
    let kept: Shelf | undefined;
    await document.update((draft) => {
      kept = draft;
      draft.books.push('Dune');
    });
    kept?.books.push('smuggled');
    expect(() => document.get().books.push('smuggled')).toThrow(TypeError);
    expect(document.get().books).toEqual(['Dune']);
  });

  it.each<[string, (draft: Shelf) => void | Shelf]>([
    ['a field out of range', (draft) => void (draft.size = 101)],
    ['a missing field', () => ({ books: [], size: 1 }) as unknown as Shelf],
    ['NaN, which JSON cannot hold', (draft) => void (draft.size = Number.NaN)],
    ['a BigInt', () => ({ name: 1n }) as unknown as Shelf],
  ])('refuses %s with INVALID_PAYLOAD and changes nothing', async (_, recipe) => {
    const document = await open();
    await document.update((draft) => void (draft.name = 'before'));
    expect((await rejection(document.update(recipe))).code).toBe('INVALID_PAYLOAD');
    expect(document.get()).toEqual({ name: 'before', books: [], size: 1 });
    expect(await onDisk()).toEqual({ version: 2, data: { name: 'before', books: [], size: 1 } });
  });

  it('hands on what a recipe throws, and a refused change does not harm its neighbours in the same write', async () => {
    const document = await open();
    const results = await Promise.allSettled([
      document.update((draft) => void draft.books.push('a')),
      document.update((draft) => {
        draft.books.push('half done');
        throw new CodedError('NOT_FOUND', 'There is no such book.');
      }),
      document.update((draft) => void draft.books.push('b')),
    ]);
    expect(results.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'NOT_FOUND' } });
    expect(document.get().books).toEqual(['a', 'b']);
  });

  it('refuses updates after close with INVALID_STATE, and close waits for those before it', async () => {
    const document = await open();
    const before = document.update((draft) => void draft.books.push('in time'));
    await document.close();
    expect(await onDisk()).toMatchObject({ data: { books: ['in time'] } });
    await before;
    expect((await rejection(document.update(() => undefined))).code).toBe('INVALID_STATE');
  });
});

describe('writing', () => {
  it('syncs the file before the rename and the folder after it, and keeps the previous content as backup', async () => {
    const { fs: storeFs, calls } = watchedFs();
    const document = await open({ fs: storeFs });
    await document.update((draft) => void (draft.name = 'one'));
    expect(calls).toEqual(['write', 'sync file', 'rename to shelf.json', 'sync folder']);
    calls.length = 0;
    await document.update((draft) => void (draft.name = 'two'));
    expect(calls).toEqual(['write', 'sync file', 'rename to shelf.json.bak', 'rename to shelf.json', 'sync folder']);
    expect(await onDisk()).toMatchObject({ data: { name: 'two' } });
    expect(await onDisk(`${file}.bak`)).toMatchObject({ data: { name: 'one' } });
    expect((await fs.readdir(folder)).sort()).toEqual(['shelf.json', 'shelf.json.bak']);
  });

  it('lets changes that arrive during a write share the next one, and acknowledges none before its own write', async () => {
    const disk = watchedFs();
    const document = await open({ fs: disk.fs });
    const release = disk.hold();
    const first = document.update((draft) => void draft.books.push('0'));
    await vi.waitFor(() => expect(disk.calls).toContain('write'));
    let acknowledged = 0;
    const later = Array.from({ length: 100 }, (_, i) =>
      document.update((draft) => void draft.books.push(String(i + 1))).then(() => (acknowledged += 1)),
    );
    expect(document.get().books).toEqual([]);
    release();
    await first;
    expect(acknowledged).toBe(0);
    expect(document.get().books).toEqual(['0']);
    await Promise.all(later);
    expect(document.get().books).toEqual(Array.from({ length: 101 }, (_, i) => String(i)));
    expect(disk.calls.filter((call) => call === 'rename to shelf.json')).toHaveLength(2);
    expect(disk.calls.filter((call) => call === 'sync file')).toHaveLength(2);
  });

  it('does not write what is already there', async () => {
    const disk = watchedFs();
    const document = await open({ fs: disk.fs });
    await document.update((draft) => void (draft.name = 'same'));
    const before = disk.calls.length;
    await document.update((draft) => void (draft.name = 'same'));
    expect(disk.calls).toHaveLength(before);
  });

  it.each([
    ['write', 'ENOSPC', /shelf\.json could not be saved: the disk is full/],
    ['sync', 'EIO', /input\/output error/],
    ['rename', 'EROFS', /read-only/],
  ] as const)(
    'drops the changes of a write that fails at %s with %s, and works again afterwards',
    async (step, errno, words) => {
      const disk = watchedFs();
      const document = await open({ fs: disk.fs });
      await document.update((draft) => void (draft.name = 'safe'));
      disk.faults[step] = errno;
      const errors = await Promise.all([
        rejection(document.update((draft) => void (draft.name = 'lost'))),
        rejection(document.update((draft) => void draft.books.push('lost too'))),
      ]);
      for (const error of errors) {
        expect(error).toMatchObject({ code: 'INTERNAL', details: { errno } });
        expect(error.message).toMatch(words);
      }
      expect(document.get()).toEqual({ name: 'safe', books: [], size: 1 });
      expect(await onDisk()).toMatchObject({ data: { name: 'safe' } });
      expect(await fs.readdir(folder)).not.toContain('shelf.json.tmp');
      delete disk.faults[step];
      await document.update((draft) => void draft.books.push('after'));
      expect((await open()).get()).toEqual({ name: 'safe', books: ['after'], size: 1 });
    },
  );

  it('writes again when only the folder could not be synced, even if the value is the old one', async () => {
    const disk = watchedFs();
    const document = await open({ fs: disk.fs });
    await document.update((draft) => void (draft.name = 'old'));
    disk.faults.folder = 'EIO';
    await rejection(document.update((draft) => void (draft.name = 'half')));
    delete disk.faults.folder;
    await document.update((draft) => void (draft.name = 'old'));
    expect(await onDisk()).toMatchObject({ data: { name: 'old' } });
  });

  it('saves where folders cannot be synced and hard links do not exist', async () => {
    const disk = watchedFs();
    disk.faults.folder = 'EINVAL';
    disk.faults.link = 'EPERM';
    const document = await open({ fs: disk.fs });
    await document.update((draft) => void (draft.name = 'one'));
    await document.update((draft) => void (draft.name = 'two'));
    expect(await onDisk(`${file}.bak`)).toMatchObject({ data: { name: 'one' } });
    expect(disk.calls.filter((call) => call === 'sync file')).toHaveLength(3);
  });

  it('answers TIMEOUT when the disk does not answer; what waited behind it never happens', async () => {
    const disk = watchedFs();
    const document = await open({ fs: disk.fs, writeTimeoutMs: 50 });
    const release = disk.hold();
    const stuck = rejection(document.update((draft) => void draft.books.push('slow')));
    await vi.waitFor(() => expect(disk.calls).toContain('write'));
    const behind = rejection(document.update((draft) => void draft.books.push('behind')));
    expect([(await stuck).code, (await behind).code]).toEqual(['TIMEOUT', 'TIMEOUT']);
    expect(document.get().books).toEqual([]);
    release();
    // The write that was under way went through after all: memory follows the disk.
    await vi.waitFor(() => expect(document.get().books).toEqual(['slow']));
    expect(await onDisk()).toMatchObject({ data: { books: ['slow'] } });
  });

  it.runIf(process.platform === 'linux')('refuses a real device without space and keeps the old content', async () => {
    const full: StoreFs = {
      ...nodeFs,
      open: (name, flags, mode) => nodeFs.open(flags === 'w' ? '/dev/full' : name, flags, mode),
    };
    const document = await open({ fs: full });
    const error = await rejection(document.update((draft) => void (draft.name = 'lost')));
    expect(error).toMatchObject({ code: 'INTERNAL', details: { errno: 'ENOSPC' } });
    expect(document.get().name).toBe('new');
  });
});

describe('opening', () => {
  const write = (name: string, value: unknown) => fs.writeFile(name, JSON.stringify(value));
  const good = { version: 2, data: { name: 'backup', books: ['Dune'], size: 4 } };

  it.each([
    ['cut off', '{"version":2,"data":{"name":"x"', /not valid JSON/],
    ['empty', '', /not valid JSON/],
    ['zeros, as some file systems leave after a power cut', '\0\0\0\0', /not valid JSON/],
    ['without an envelope', '{"name":"x"}', /no version and data/],
    ['of the wrong shape', '{"version":2,"data":{"name":""}}', /name/],
    ['a list', '[]', /no version and data/],
  ])('sets a file that is %s aside, uses the last good copy and says so', async (_, content, reason) => {
    await fs.writeFile(file, content);
    await write(`${file}.bak`, good);
    const document = await open({ now: () => Date.UTC(2030, 0, 2, 3, 4, 5, 6) });
    expect(document.get()).toEqual(good.data);
    expect(damage).toHaveLength(1);
    const setAside = `${file}.damaged-20300102T030405006Z`;
    expect(damage[0]).toMatchObject({ path: file, setAside, used: 'backup' });
    expect(damage[0]?.reason).toMatch(reason);
    expect(damage[0]?.message).toContain('the last good copy is used');
    expect(await fs.readFile(setAside, 'utf8')).toBe(content);
    // Written back: the next start finds a whole file and has nothing to tell.
    expect(await onDisk()).toEqual(good);
    expect((await open()).get()).toEqual(good.data);
    expect(damage).toHaveLength(1);
  });

  it('uses the defaults when the backup is damaged too, and keeps both', async () => {
    await fs.writeFile(file, '{');
    await fs.writeFile(`${file}.bak`, 'not JSON');
    expect((await open()).get().name).toBe('new');
    expect(damage).toMatchObject([{ used: 'defaults' }]);
    const names = await fs.readdir(folder);
    expect(names.filter((name) => name.startsWith('shelf.json.damaged-'))).toHaveLength(1);
    expect(names.filter((name) => name.startsWith('shelf.json.bak.damaged-'))).toHaveLength(1);
  });

  it('uses the backup when the file has gone', async () => {
    await write(`${file}.bak`, good);
    expect((await open()).get()).toEqual(good.data);
    expect(damage).toMatchObject([{ setAside: null, used: 'backup', reason: 'the file is missing' }]);
  });

  it('clears what a killed writer left, without touching the good file', async () => {
    await write(file, good);
    await fs.writeFile(`${file}.tmp`, '{"half');
    await fs.link(file, `${file}.bak.tmp`);
    const document = await open();
    expect(document.get()).toEqual(good.data);
    expect(await fs.readdir(folder)).toEqual(['shelf.json']);
    await document.update((draft) => void (draft.name = 'next'));
    expect(await onDisk(`${file}.bak`)).toEqual(good);
  });

  it('goes on after a kill between the backup and the rename, when file and backup are one', async () => {
    await write(file, good);
    await fs.link(file, `${file}.bak`);
    const document = await open();
    await document.update((draft) => void (draft.name = 'next'));
    expect(await onDisk(`${file}.bak`)).toEqual(good);
    expect((await fs.readdir(folder)).sort()).toEqual(['shelf.json', 'shelf.json.bak']);
  });

  it('brings an older format up to date and keeps the old file as backup', async () => {
    await write(file, { version: 1, data: { title: 'old' } });
    const migrate = vi.fn((old: unknown) => ({ name: (old as { title: string }).title }));
    const document = await open({ migrate });
    expect(migrate).toHaveBeenCalledWith({ title: 'old' }, 1);
    expect(document.get()).toEqual({ name: 'old', books: [], size: 1 });
    await document.update(() => undefined);
    expect(await onDisk()).toEqual({ version: 2, data: { name: 'old', books: [], size: 1 } });
    expect(await onDisk(`${file}.bak`)).toEqual({ version: 1, data: { title: 'old' } });
  });

  it('sets an older file aside that cannot be brought up to date', async () => {
    await write(file, { version: 1, data: {} });
    const document = await open({
      migrate: () => {
        throw new Error('no title');
      },
    });
    expect(document.get().name).toBe('new');
    expect(damage[0]?.reason).toContain('format 1 could not be brought to 2 (no title)');
  });

  it('refuses a file of a newer version in a sentence and leaves everything as it is', async () => {
    await write(file, { version: 3, data: {} });
    await write(`${file}.bak`, good);
    const error = await rejection(open());
    expect(error.code).toBe('INVALID_STATE');
    expect(error.message).toContain('newer Llamactor');
    expect(await onDisk()).toEqual({ version: 3, data: {} });
    expect((await fs.readdir(folder)).sort()).toEqual(['shelf.json', 'shelf.json.bak']);
  });

  it('refuses, rather than calling it damaged, what cannot be read at all', async () => {
    await fs.mkdir(file);
    const error = await rejection(open());
    expect(error).toMatchObject({ code: 'INTERNAL', details: { errno: 'EISDIR' } });
    expect((await fs.stat(file)).isDirectory()).toBe(true);
    expect(damage).toEqual([]);
  });

  it('says in a sentence that the folder is a file', async () => {
    const plain = path.join(folder, 'plain');
    await fs.writeFile(plain, '');
    const error = await rejection(open({ path: path.join(plain, 'sub', 'shelf.json') }));
    expect(error.message).toMatch(/^The folder of .* cannot be used: .*file.*folder/);
  });

  it('fails when the defaults themselves are wrong', async () => {
    await expect(open({ defaults: () => ({ name: '', books: [], size: 1 }) })).rejects.toThrow();
  });
});

describe('a file that people edit while it is open', () => {
  const objection = (data: unknown) => {
    const key = Object.keys(data as object).find((each) => !['name', 'books', 'size'].includes(each));
    return key === undefined ? null : { path: [key], reason: `there is no "${key}"` };
  };
  const written = async (text: string): Promise<void> => fs.writeFile(file, text);
  const text = (data: object): string => JSON.stringify({ version: 2, data }, null, 2);

  it('is taken over, and an edit that says the same is none', async () => {
    const shelf = await open({ objection });
    await shelf.update((draft) => void (draft.size = 2));
    expect(await shelf.reread()).toBe(false);
    await written(JSON.stringify({ data: shelf.get(), version: 2 }));
    expect(await shelf.reread()).toBe(false);
    await written(text({ name: 'edited' }));
    expect(await shelf.reread()).toBe(true);
    expect(shelf.get()).toEqual({ name: 'edited', books: [], size: 1 });
    await shelf.close();
  });

  it('is read before it is written, so that no edit is lost', async () => {
    const shelf = await open({ objection });
    await shelf.update((draft) => void (draft.size = 2));
    await written(text({ name: 'edited', size: 2 }));
    await shelf.update((draft) => void draft.books.push('one'));
    expect(await onDisk()).toEqual({ version: 2, data: { name: 'edited', books: ['one'], size: 2 } });
    await shelf.close();
  });

  it.each([
    ['{\n "version": 2,\n "data": {"name": "a" "size": 3}\n}', 3, /not valid JSON/],
    ['{\n "version": 2,\n "data": {"name": "a",\n "size": 3,\n}}', 5, /not valid JSON/],
    ['{"version": 2,\n "data": {\n  "name": "a"', 3, /not valid JSON/],
    ['{\n "version": 2,\n "data": {\n  "name": oops\n}}', 4, /not valid JSON/],
    ['{"version": 2, "data":\n {"name": "a",\n "size": 1000}}', 3, /size/],
    ['{"version": 2, "data":\n {"name": "a",\n\n "syze": 1}}', 4, /there is no "syze"/],
    ['{"name": "a"}', 1, /no version/],
    ['', 1, /not valid JSON/],
  ])(
    '%j is refused with its line, kept as it is, and blocks changes until it is mended',
    async (broken, line, reason) => {
      const shelf = await open({ objection });
      await shelf.update((draft) => void (draft.size = 2));
      await written(broken);
      const refused = await rejection(shelf.reread());
      expect(refused).toMatchObject({ code: 'INVALID_PAYLOAD', details: { line } });
      expect(refused.message).toMatch(reason);
      expect(await rejection(shelf.reread())).toMatchObject({ code: 'INVALID_PAYLOAD' });
      expect(await rejection(shelf.update((draft) => void (draft.size = 3)))).toMatchObject({
        code: 'INVALID_STATE',
        details: { line },
      });
      expect(await fs.readFile(file, 'utf8')).toBe(broken);
      expect(shelf.get().size).toBe(2);
      await written(text({ name: 'mended' }));
      await shelf.update((draft) => void (draft.size = 4));
      expect(shelf.get()).toMatchObject({ name: 'mended', size: 4 });
      await shelf.close();
    },
  );

  it('that is removed is written again by the next change', async () => {
    const shelf = await open({ objection });
    await shelf.update((draft) => void (draft.size = 2));
    await fs.rm(file);
    expect(await shelf.reread()).toBe(false);
    await shelf.update((draft) => void (draft.size = 3));
    expect(await onDisk()).toMatchObject({ data: { size: 3 } });
    await shelf.close();
  });

  it('is not taken for an edit when a write of ours failed at its last step', async () => {
    const { fs: storeFs, faults } = watchedFs();
    const shelf = await open({ objection, fs: storeFs });
    await shelf.update((draft) => void (draft.size = 2));
    faults.folder = 'EIO';
    await rejection(shelf.update((draft) => void (draft.size = 3)));
    delete faults.folder;
    expect(await shelf.reread()).toBe(false);
    expect(shelf.get().size).toBe(2);
    await shelf.update((draft) => void (draft.name = 'x'));
    expect(await onDisk()).toMatchObject({ data: { size: 2, name: 'x' } });
    await shelf.close();
  });
});
