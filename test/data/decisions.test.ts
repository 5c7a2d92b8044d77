import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDocument } from '../../src/io/store/document.ts';
import { DecisionsDocument, createDecisions } from '../../src/runtime/decisions.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-decisions-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = async () => {
  const store = await openDocument({
    path: join(folder, 'decisions.json'),
    schema: DecisionsDocument,
    version: 1,
    defaults: (): DecisionsDocument => ({ count: 0, decisions: [] }),
    onDamaged: ({ message }) => expect.fail(message),
  });
  const decisions = createDecisions({ store, now: () => 5, onProblem: (message) => expect.fail(message) });
  const close = async (): Promise<void> => {
    await decisions.close();
    await store.close();
  };
  return { decisions, close };
};

const decision = (modelId: string) => ({
  kind: 'evicted' as const,
  modelId,
  reason: `${modelId} leaves.`,
  by: 'placement',
  for: 'other',
  evicts: [],
  requiredBytes: { ram: 1, gpus: [2] },
  availableBytes: null,
});

it('outlive the server, newest first, with ids that go on', async () => {
  const first = await open();
  first.decisions.add(decision('a'));
  first.decisions.add(decision('b'));
  await first.close();
  const second = await open();
  const added = second.decisions.add(decision('c'));
  expect(added).toMatchObject({ id: '3', at: 5 });
  expect(second.decisions.list(10)).toMatchObject([
    { id: '3', modelId: 'c' },
    { id: '2', modelId: 'b', requiredBytes: { ram: 1, gpus: [2] } },
    { id: '1', modelId: 'a' },
  ]);
  await second.close();
});

it('are bounded', async () => {
  const { decisions, close } = await open();
  for (let n = 0; n < 1100; n += 1) decisions.add(decision(String(n)));
  expect(decisions.list(5000)).toHaveLength(1000);
  await close();
  const again = await open();
  expect(again.decisions.list(5000).at(-1)?.modelId).toBe('100');
  await again.close();
});
