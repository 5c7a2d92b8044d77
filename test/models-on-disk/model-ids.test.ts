import { basename, dirname, join, sep } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignIds, naturalId, reconcileIds } from '../../src/io/models/model-ids.ts';
import type { Identifiable, KnownModel } from '../../src/io/models/model-ids.ts';

const folder = join(sep, 'models');
const at = (relativePath: string, fingerprint: string | null = null): Identifiable => ({
  id: '',
  name: basename(relativePath),
  path: join(folder, relativePath),
  folder,
  relativePath,
  fingerprint,
});
const idsByPath = (models: readonly Identifiable[]) =>
  Object.fromEntries(models.map(({ relativePath, id }) => [relativePath, id]));

const segment = fc.constantFrom('a', 'b', 'c', 'A', 'ü');
const fileName = fc.constantFrom('m.gguf', 'n.gguf', 'm-a.gguf', 'm-a-a.gguf', 'x-00001-of-00002.gguf', 'x.gguf');
const path = fc.tuple(fc.array(segment, { maxLength: 3 }), fileName).map(([folders, name]) => join(...folders, name));
const paths = fc.uniqueArray(path, { maxLength: 25 });

describe('naturalId', () => {
  test.each([
    ['qwen2.5-7b-instruct-q4_k_m.gguf', 'qwen2.5-7b-instruct-q4_k_m'],
    ['Big-00001-of-00003.gguf', 'Big'],
    ['UPPER.GGUF', 'UPPER'],
    ['x.gguf.part', 'x.gguf.part'],
    ['a,b\nc.gguf', 'a_b_c'],
    ['.gguf', 'model'],
    [`${'ü'.repeat(300)}.gguf`, 'ü'.repeat(160)],
  ])('of %j is %j', (name, id) => {
    expect(naturalId(name)).toBe(id);
  });
});

describe('assignIds', () => {
  test('the less deep file takes the plain id, others add their folder, then a hash', () => {
    const ids = idsByPath(assignIds([at('z/m.gguf'), at('deep/z/m.gguf'), at('m.gguf')]));
    expect(ids['m.gguf']).toBe('m');
    expect(ids['z/m.gguf']).toBe('m-z');
    expect(ids['deep/z/m.gguf']).toMatch(/^m-[0-9a-f]{6}$/);
  });

  test('ids are unique, not empty and independent of the order', () => {
    fc.assert(
      fc.property(
        paths.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([one, other]) => {
          const ids = idsByPath(assignIds(one.map((name) => at(name))));
          expect(new Set(Object.values(ids)).size).toBe(one.length);
          expect(Object.values(ids).every((id) => id.length > 0 && id.length <= 256)).toBe(true);
          expect(idsByPath(assignIds(other.map((name) => at(name))))).toEqual(ids);
        },
      ),
    );
  });

  test('a second scan with further files leaves every known id alone', () => {
    fc.assert(
      fc.property(paths, paths, (before, added) => {
        const known = assignIds(before.map((name) => at(name, name)));
        const all = [...new Set([...before, ...added])].map((name) => at(name, name));
        const after = idsByPath(reconcileIds(known, all));
        for (const { relativePath, id } of known) expect(after[relativePath]).toBe(id);
        expect(new Set(Object.values(after)).size).toBe(all.length);
      }),
    );
  });

  test('after the renaming of a folder every model has its id', () => {
    fc.assert(
      fc.property(paths, segment, (before, renamed) => {
        const known = assignIds(before.map((name) => at(name, `content of ${name}`)));
        const after = before.map((name) => {
          const moved = name.split(sep)[0] === renamed && name.includes(sep) ? join('moved', name) : name;
          return at(moved, `content of ${name}`);
        });
        const ids = reconcileIds(known, after).map(({ fingerprint, id }) => [fingerprint, id]);
        expect(Object.fromEntries(ids)).toEqual(
          Object.fromEntries(known.map(({ fingerprint, id }) => [fingerprint, id])),
        );
      }),
    );
  });
});

describe('reconcileIds', () => {
  const known = (id: string, relativePath: string | null, fingerprint: string | null): KnownModel => ({
    id,
    path: relativePath === null ? null : join(folder, relativePath),
    fingerprint,
  });
  const only = (previous: KnownModel[], found: Identifiable[]) => idsByPath(reconcileIds(previous, found));

  test('the path counts before the content', () => {
    expect(
      only([known('mine', 'a.gguf', '1'), known('other', 'b.gguf', '2')], [at('a.gguf', '2'), at('b.gguf', '1')]),
    ).toEqual({
      'a.gguf': 'mine',
      'b.gguf': 'other',
    });
  });
  test('a copy does not take the id of what is still there', () => {
    expect(only([known('mine', 'a.gguf', '1')], [at('a.gguf', '1'), at('copy.gguf', '1')])).toEqual({
      'a.gguf': 'mine',
      'copy.gguf': 'copy',
    });
  });
  test('a moved and renamed file is recognised by its content', () => {
    expect(only([known('mine', 'a.gguf', '1')], [at('elsewhere/b.gguf', '1')])).toEqual({ 'elsewhere/b.gguf': 'mine' });
  });
  test('of two moved copies each finds the record of its own name', () => {
    const previous = [known('one', 'x/one.gguf', '1'), known('two', 'x/two.gguf', '1')];
    expect(only(previous, [at('y/two.gguf', '1'), at('y/one.gguf', '1')])).toEqual({
      'y/one.gguf': 'one',
      'y/two.gguf': 'two',
    });
  });
  test('a newcomer does not take the id of a model that is away', () => {
    expect(only([known('m', 'usb/m.gguf', '1')], [at('m.gguf', '2')])).toEqual({ 'm.gguf': 'm-models' });
  });
  test('no fingerprint matches no fingerprint', () => {
    expect(only([known('m', 'a.gguf', null)], [at('b.gguf', null)])).toEqual({ 'b.gguf': 'b' });
  });
  test('a record that never had a file is left alone by path but found by content', () => {
    expect(only([known('m', null, '1')], [at('b.gguf', '1')])).toEqual({ 'b.gguf': 'm' });
  });
  test('a record whose id stands twice gives it once', () => {
    const ids = Object.values(
      only([known('m', 'a.gguf', '1'), known('m', 'b.gguf', '2')], [at('a.gguf', '1'), at('b.gguf', '2')]),
    );
    expect(new Set(ids).size).toBe(2);
  });
  test('hashes that a person already used as ids are avoided', () => {
    const [first] = assignIds([at('p/z/m.gguf')], [known('m', 'q', null), known('m-z', 'r', null)]);
    const [second] = assignIds(
      [at('p/z/m.gguf')],
      [known('m', 'q', null), known('m-z', 'r', null), known(first?.id ?? '', 's', null)],
    );
    expect(second?.id).not.toBe(first?.id);
    expect(second?.id).toMatch(/^m-[0-9a-f]{7}$/);
    expect(dirname(second?.relativePath ?? '')).toBe(join('p', 'z'));
  });
});
