import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MessageView } from '../../src/contracts/channels.ts';
import { openChannels } from '../../src/runtime/channels/open.ts';
import { noTools } from '../support/no-tools.ts';
import { compileProgram, nextLine, startProgram, temporaryFolder } from '../data/children.ts';

let folder: string;
let program: string;
beforeAll(async () => {
  folder = await temporaryFolder('channel-power-cut');
  program = await compileProgram('busy-channel', folder, import.meta.dirname);
});
afterAll(() => fs.rm(folder, { recursive: true, force: true }));

/** Kills the talk at a random moment. Returns the numbers that were acknowledged. */
const talkAndKill = async (dataDir: string, first: number): Promise<number[]> => {
  const talk = startProgram(program, [dataDir, String(first)]);
  for (let lines = Math.floor(Math.random() * 20); lines >= 0; lines -= 1) await nextLine(talk);
  await delay(Math.random() * 6);
  talk.child.kill('SIGKILL');
  const { output, errors } = await talk.ended;
  expect(errors).toBe('');
  // The last line may have been cut by the kill; a whole one ends in a line end.
  const lines = output.split('\n').slice(0, -1);
  return lines.map(Number).filter(Number.isFinite);
};

/** All messages of all channels, by the number that their sender gave them, in their order. */
const kept = async (dataDir: string): Promise<{ numbers: number[]; problems: string[] }> => {
  const problems: string[] = [];
  const { channels, close } = await openChannels({
    dataDir,
    limits: () => ({ channels: 10, messages: 100_000 }),
    answering: { models: () => [], find: () => undefined, nearest: () => [], routerUrl: () => null, key: '' },
    tools: noTools,
    publish: () => undefined,
    log: (_level, _source, message) => problems.push(message),
    now: Date.now,
  });
  const numbers: number[] = [];
  for (const { id } of channels.list()) {
    const { messages } = await channels.page(id, { limit: 100_000 });
    expect(messages.every(isWhole)).toBe(true);
    numbers.push(...messages.map(({ clientMessageId }) => Number(clientMessageId)));
  }
  await close();
  return { numbers, problems };
};
const isWhole = ({ text, clientMessageId }: MessageView): boolean =>
  text === `message ${clientMessageId ?? ''} ${'x'.repeat(Number(clientMessageId) % 500)}`;

describe('a busy channel whose server is killed', () => {
  it('has lost no acknowledged message and doubled none after each of 100 kills', { timeout: 300_000 }, async () => {
    const lanes = Array.from({ length: 2 }, async (_, lane) => {
      const dataDir = path.join(folder, `lane-${lane}`);
      await fs.mkdir(dataDir);
      const acknowledged = new Set<number>();
      for (let kill = 0; kill < 50; kill += 1) {
        // Whoever heard no acknowledgement sends again.
        let first = 0;
        while (acknowledged.has(first)) first += 1;
        for (const number of await talkAndKill(dataDir, first)) acknowledged.add(number);
        const { numbers, problems } = await kept(dataDir);
        expect(problems).toEqual([]);
        const there = new Set(numbers);
        expect(numbers).toHaveLength(there.size);
        expect([...acknowledged].filter((number) => !there.has(number))).toEqual([]);
      }
      return acknowledged.size;
    });
    const totals = await Promise.all(lanes);
    // The kills must have hit a talk, not silence.
    expect(Math.min(...totals)).toBeGreaterThan(100);
    console.log(`${totals.join(' and ')} messages acknowledged over 100 kills`);
  });
});
