/** A model's own limit, else the configuration's, as the router gets it. */
import { expect, it } from 'vitest';
import type { ToRouter } from '../../src/contracts/ipc.ts';
import { createRouteTable } from '../../src/runtime/route-table.ts';
import { memoryModel } from '../support/memory-views.ts';

it.each([
  [null, 0, null],
  [null, 3, 3],
  [2, 3, 2],
  [0, 3, null],
])('record %j, configuration %j: %j', (own, usual, expected) => {
  const sent: ToRouter[] = [];
  const table = createRouteTable(
    (message) => sent.push(message),
    () => usual,
  );
  table.update([{ model: memoryModel('alpha.gguf', { concurrency: own }), upstream: null }], []);
  expect(sent).toMatchObject([{ type: 'routes', changed: [{ concurrency: expected }] }]);
});

it('a change of the configuration is a change of the routes, and of those only that it concerns', () => {
  const sent: ToRouter[] = [];
  let usual = 0;
  const table = createRouteTable(
    (message) => sent.push(message),
    () => usual,
  );
  const models = [memoryModel('alpha.gguf'), memoryModel('beta.gguf', { concurrency: 5 })];
  const update = (): void =>
    table.update(
      models.map((model) => ({ model, upstream: null })),
      [],
    );
  update();
  usual = 2;
  update();
  expect(sent[1]).toMatchObject({ changed: [{ id: 'alpha', concurrency: 2 }] });
  expect((sent[1] as Extract<ToRouter, { type: 'routes' }>).changed).toHaveLength(1);
});
