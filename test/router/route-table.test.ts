import { describe, expect, test } from 'vitest';
import { editDistance } from '../../src/router/edit-distance.ts';
import { RouteTable } from '../../src/router/route-table.ts';
import { routeOf } from './support/routes.ts';

const tableOf = (...models: [string, ...string[]][]): RouteTable => {
  const table = new RouteTable();
  for (const [id, ...names] of models) table.set(routeOf(id, { names: [id, ...names] }));
  return table;
};

describe('names', () => {
  test('the exact case wins over another case, an id over an alias', () => {
    const table = tableOf(['Alpha', 'both'], ['alpha', 'both'], ['both']);
    expect(table.resolve('alpha')).toBe('alpha');
    expect(table.resolve('Alpha')).toBe('Alpha');
    expect(table.resolve('ALPHA')).toBe('Alpha');
    expect(table.resolve('both')).toBe('both');
    expect(table.resolve('alpha ')).toBeUndefined();
  });

  test('changed names and removed models are not found any more', () => {
    const table = tableOf(['alpha', 'old']);
    table.set(routeOf('alpha', { names: ['alpha', 'new'] }));
    expect(table.resolve('old')).toBeUndefined();
    expect(table.resolve('NEW')).toBe('alpha');
    table.delete('alpha');
    expect(table.resolve('new')).toBeUndefined();
  });
});

describe('an unknown name', () => {
  const table = tableOf(['llama-3-8b', 'llama-3-8b.gguf'], ['qwen2.5-7b'], ['mistral'], ['org/mixtral-8x7b']);
  test.each([
    ['llama-3-8', '"llama-3-8b"'],
    ['LLAMA-38b', '"llama-3-8b"'],
    ['mistrall', '"mistral"'],
    ['mixtral', '"org/mixtral-8x7b", "mistral"'],
  ])('%s is answered with the nearest', (name, near) => {
    expect(table.unknown(name)).toMatchObject({ status: 404, code: 'model_not_found', type: 'invalid_request_error' });
    expect(table.unknown(name).message).toBe(`There is no model named "${name}". The nearest names are ${near}.`);
  });

  test('far from everything, it says where the list is; with no models, what to do', () => {
    expect(table.unknown('zzzzzzzz').message).toContain('GET /v1/models lists');
    expect(new RouteTable().unknown('x').message).toContain('add a GGUF file');
  });

  test('a very long one is shortened', () => {
    expect(table.unknown('x'.repeat(100_000)).message.length).toBeLessThan(300);
  });
});

test.each([
  ['', '', 0],
  ['kitten', 'sitting', 3],
  ['abc', 'abc', 0],
  ['abc', '', 3],
  ['flaw', 'lawn', 2],
])('the distance from %j to %j is %i', (a, b, distance) => {
  expect(editDistance(a, b, 5)).toBe(distance);
  expect(editDistance(b, a, 5)).toBe(distance);
});

test('a distance above the bound is only known to be above it', () => {
  expect(editDistance('kitten', 'sitting', 2)).toBe(3);
  expect(editDistance('aaaaaaaa', 'bbbbbbbb', 3)).toBe(4);
});
