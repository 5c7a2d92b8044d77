/** What was acknowledged survives kill -9 of the server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FAKE_ENGINE } from '../support/fake-app.ts';
import { serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';
import { connect } from '../../src/client/index.ts';
import type { LlamactorClient } from '../../src/client/index.ts';

let dataDir: string;
let served: Served;
let client: LlamactorClient;
const begin = async (): Promise<void> => {
  served = await serve({ dataDir, args: ['--no-web'], env: { LLAMACTOR_ENGINE_PATH: FAKE_ENGINE } });
  client = await connect({ url: served.url });
};
const kill = async (): Promise<void> => {
  served.child.kill('SIGKILL');
  await served.exited;
  client.close();
};
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'llamactor-approvals-'));
  await begin();
});
afterEach(async () => {
  await kill();
  await rm(dataDir, { recursive: true, force: true });
});

it('an answer and its audit line are there after it, and a question still waits', async () => {
  const { approval: paid } = await client.call('approvals:request', { title: 'Pay', session: 's', rule: 'pay' });
  await client.call('approvals:approve', { id: paid.id, answer: 'always', reason: 'It is cheap.' });
  const { approval: waiting } = await client.call('approvals:request', { title: 'Ship' });
  await kill();
  await begin();
  const { approvals, allowances } = await client.call('approvals:list', {});
  expect(approvals).toMatchObject([
    { id: waiting.id, status: 'pending', timeoutAt: waiting.timeoutAt },
    { id: paid.id, status: 'approved', why: 'It is cheap.' },
  ]);
  expect(allowances).toMatchObject([{ session: 's', rule: 'pay' }]);
  const { entries } = await client.call('audit:list', {});
  expect(entries).toMatchObject([{ act: 'asked', title: 'Ship' }, { act: 'approved' }, { act: 'asked', title: 'Pay' }]);
  expect(await client.call('approvals:reject', { id: waiting.id })).toMatchObject({ approval: { status: 'rejected' } });
});
