import { appendFile, mkdir, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { watchModels } from '../../src/io/models/watch-models.ts';
import { headerModel } from '../support/gguf.ts';
import { temporaryFolder } from './temp-folder.ts';

const watching = async (folder: string) => {
  const onChange = vi.fn();
  const onError = vi.fn();
  const watch = watchModels({ folders: [folder], onChange, onError, settleMs: 50, rootCheckMs: 50 });
  onTestFinished(() => watch.close());
  await watch.ready;
  const next = async (what: string, act: () => Promise<unknown>) => {
    onChange.mockClear();
    await act();
    await vi.waitFor(() => expect(onChange, what).toHaveBeenCalled(), { timeout: 10_000, interval: 20 });
  };
  return { onChange, onError, next, watch };
};

test('new, changed, renamed and removed models are told, in new folders too', async () => {
  const folder = await temporaryFolder();
  const first = await headerModel(folder, 'first.gguf');
  const { next, onError } = await watching(folder);
  await next('new', () => headerModel(folder, 'a.gguf'));
  await next('changed', () => appendFile(first, 'more'));
  await next('renamed', () => rename(join(folder, 'a.gguf'), join(folder, 'b.gguf')));
  await next('removed', () => rm(join(folder, 'b.gguf')));
  await next('folder', () => mkdir(join(folder, 'x', 'y'), { recursive: true }));
  await next('in the folder', () => headerModel(join(folder, 'x', 'y'), 'deep.gguf'));
  await next('folder gone', () => rm(join(folder, 'x'), { recursive: true }));
  expect(onError).not.toHaveBeenCalled();
});

test('other files are no news', async () => {
  const folder = await temporaryFolder();
  const { onChange, next } = await watching(folder);
  await writeFile(join(folder, 'notes.txt'), 'x');
  await writeFile(join(folder, '.hidden.gguf'), 'x');
  // The model that follows is the proof that the watcher had looked past the others.
  await next('model', () => headerModel(folder, 'a.gguf'));
  expect(onChange).toHaveBeenCalledTimes(1);
});

test('a growing file is told when it has stopped growing', async () => {
  const folder = await temporaryFolder();
  const { onChange, next } = await watching(folder);
  const file = await open(join(folder, 'growing.gguf'), 'w');
  onTestFinished(() => file.close());
  await next('settled', async () => {
    for (let i = 0; i < 20; i += 1) await file.write(Buffer.alloc(64 * 1024));
  });
  expect(onChange.mock.calls.length).toBeGreaterThan(0);
});

test('a folder that is missing at first is found when it appears, and again after it was removed', async () => {
  const base = await temporaryFolder();
  const folder = join(base, 'later', 'models');
  const { next, onError } = await watching(folder);
  await next('appears', () => mkdir(folder, { recursive: true }));
  await next('model', () => headerModel(folder, 'a.gguf'));
  await next('removed', () => rm(join(base, 'later'), { recursive: true }));
  await next('back', () => mkdir(folder, { recursive: true }));
  await next('model again', () => headerModel(folder, 'a.gguf'));
  expect(onError).not.toHaveBeenCalled();
});

test('links to folders are followed once, and loops do no harm', async () => {
  const base = await temporaryFolder();
  const folder = join(base, 'models');
  const outside = join(base, 'outside');
  await mkdir(folder);
  await mkdir(outside);
  await symlink(outside, join(folder, 'linked'));
  await symlink(folder, join(outside, 'back'));
  const { next, onError } = await watching(folder);
  await next('behind the link', () => headerModel(outside, 'far.gguf'));
  const another = join(base, 'another');
  await mkdir(another);
  await next('a new link', () => symlink(another, join(folder, 'second')));
  await next('behind the new link', () => headerModel(another, 'x.gguf'));
  expect(onError).not.toHaveBeenCalled();
});

test('a watched name may itself be a link, which may come to lead elsewhere', async () => {
  const base = await temporaryFolder();
  await mkdir(join(base, 'one'));
  await mkdir(join(base, 'two'));
  const link = join(base, 'models');
  await symlink(join(base, 'one'), link);
  const { next } = await watching(link);
  await next('behind it', () => headerModel(join(base, 'one'), 'a.gguf'));
  await next('elsewhere', async () => {
    await rm(link);
    await symlink(join(base, 'two'), link);
  });
  await next('behind the new one', () => headerModel(join(base, 'two'), 'b.gguf'));
});

test('nothing is told after close, and close may come before ready', async () => {
  const folder = await temporaryFolder();
  const { onChange, watch } = await watching(folder);
  await headerModel(folder, 'a.gguf');
  await watch.close();
  onChange.mockClear();
  await headerModel(folder, 'b.gguf');
  const early = watchModels({ folders: [folder], onChange, onError: onChange });
  await early.close();
  await early.ready;
  expect(onChange).not.toHaveBeenCalled();
});
