import { describe, expect, it } from 'vitest';
import type { MessageView } from '../../src/contracts/channels.ts';
import { createHistory } from '../../src/runtime/channels/history.ts';
import { memoryFiles } from '../support/memory-channels.ts';

const message = (n: number, over: Partial<MessageView> = {}): MessageView => ({
  id: `m${n}`,
  channelId: 'one',
  serverId: 'server',
  senderId: 'ana',
  senderName: 'Ana',
  text: `message ${n}`,
  createdAt: n,
  source: 'client',
  clientMessageId: null,
  inReplyToMessageId: null,
  attachments: [],
  metadata: {},
  thought: null,
  actions: [],
  ...over,
});

const open = async (most = 100, files = memoryFiles()) => {
  const damaged: number[] = [];
  const load = async () =>
    createHistory(
      await files.open('one'),
      () => most,
      (lines) => damaged.push(lines),
    );
  const history = await load();
  const add = async (...numbers: number[]): Promise<void> => {
    for (const n of numbers) await history.add(message(n), () => undefined);
  };
  return { history, add, files, load, damaged };
};
const ids = (messages: readonly MessageView[]): string[] => messages.map(({ id }) => id);

describe('the messages of a channel', () => {
  it('are the same after they were read again, with what was deleted, restored and cleared', async () => {
    const { history, add, load } = await open();
    await add(0, 1, 2, 3, 4);
    await history.delete('m1');
    await history.delete('m3');
    expect(await history.restore('m1')).toMatchObject({ id: 'm1' });
    const wanted = ['m0', 'm1', 'm2', 'm4'];
    expect(ids(history.last(10))).toEqual(wanted);
    expect(ids((await load()).last(10))).toEqual(wanted);
    expect(await history.clear()).toBe(4);
    await add(5);
    expect(ids((await load()).last(10))).toEqual(['m5']);
  });

  it('are here only once they are durable', async () => {
    const { history } = await open();
    const adding = history.add(message(0), () => undefined);
    expect(history.length).toBe(0);
    await adding;
    expect(history.length).toBe(1);
  });

  it('come in pages, oldest first', async () => {
    const { history, add } = await open();
    await add(0, 1, 2, 3, 4);
    expect(history.page({ limit: 2 })).toMatchObject({ messages: [{ id: 'm3' }, { id: 'm4' }], more: true });
    expect(history.page({ limit: 3, before: 'm3' })).toMatchObject({ messages: [{ id: 'm0' }, {}, {}], more: false });
    expect(ids(history.page({ limit: 9, text: 'MESSAGE 2' }).messages)).toEqual(['m2']);
    expect(() => history.page({ limit: 1, before: 'gone' })).toThrow(/no message gone/);
  });

  it('are as many as may be, and the file is written anew when it holds twice as much', async () => {
    const { history, add, files, load } = await open(10);
    await add(...Array.from({ length: 1100 }, (_, n) => n));
    await expect.poll(() => history.idle).toBe(true);
    expect(history.length).toBe(10);
    expect(history.page({ limit: 50 }).messages).toHaveLength(10);
    expect((await files.open('one')).lines.length).toBeLessThan(200);
    expect(ids((await load()).last(3))).toEqual(['m1097', 'm1098', 'm1099']);
  });

  it('that are damaged are left out and counted', async () => {
    const files = memoryFiles();
    const { log } = await files.open('one');
    for (const line of [JSON.stringify({ n: 0, m: message(0) }), 'not json', '{"n":1}'])
      await log.append(line, () => undefined);
    const { history, damaged } = await open(100, files);
    expect(ids(history.last(10))).toEqual(['m0']);
    expect(damaged).toEqual([2]);
  });

  it('are found by the id that their sender gave them, while they are there', async () => {
    const { history } = await open();
    await history.add(message(0, { clientMessageId: 'own' }), () => undefined);
    expect(history.sent('ana', 'own')).toMatchObject({ id: 'm0' });
    expect(history.sent('ben', 'own')).toBeUndefined();
    await history.delete('m0');
    expect(history.sent('ana', 'own')).toBeUndefined();
  });

  it('that are not there cannot be deleted or restored', async () => {
    const { history } = await open();
    await expect(history.delete('gone')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(history.restore('gone')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
