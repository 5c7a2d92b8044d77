import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDocument } from '../../src/io/store/document.ts';
import { compileProgram, nextLine, startProgram, temporaryFolder } from './children.ts';
import { CounterDocument, paddingFor } from './counter-document.ts';

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await temporaryFolder('power-cut');
  program = await compileProgram('writer', folder);
});

afterAll(() => fs.rm(folder, { recursive: true, force: true }));

const open = (file: string, damage: string[]) =>
  openDocument({
    path: file,
    schema: CounterDocument,
    version: 1,
    defaults: () => ({ n: 0, recent: [], padding: '' }),
    onDamaged: (info) => damage.push(info.message),
  });

/**
 * Starts a writer on the file and kills it at a random moment: after some acknowledgements and a random part of the time a
 * write takes. Counted in acknowledgements, so that a slow disk makes the test slower and not emptier.
 */
const writeAndKill = async (file: string): Promise<{ acknowledged: number; errors: string }> => {
  const writer = startProgram(program, [file]);
  for (let lines = Math.floor(Math.random() * 12); lines >= 0; lines -= 1) await nextLine(writer);
  await delay(Math.random() * 6);
  writer.child.kill('SIGKILL');
  const { output, errors } = await writer.ended;
  // The last line may have been cut by the kill; a whole one ends in a line end.
  const numbers = output.split('\n').slice(0, -1).map(Number).filter(Number.isFinite);
  return { acknowledged: Math.max(0, ...numbers), errors };
};

describe('a document whose writer is killed', () => {
  it('opens and holds every acknowledged change after each of 200 kills', { timeout: 180_000 }, async () => {
    const lanes = Array.from({ length: 4 }, async (_, lane) => {
      const file = path.join(folder, `lane-${lane}.json`);
      let total = 0;
      for (let kill = 0; kill < 50; kill += 1) {
        const { acknowledged, errors } = await writeAndKill(file);
        expect(errors).toBe('');
        const damage: string[] = [];
        const { n, recent, padding } = (await open(file, damage)).get();
        expect(damage).toEqual([]);
        expect(n).toBeGreaterThanOrEqual(acknowledged);
        expect(n).toBeGreaterThanOrEqual(total);
        expect(recent).toEqual(Array.from({ length: Math.min(n, 20) }, (_, i) => n - Math.min(n, 20) + 1 + i));
        expect(padding === paddingFor(n)).toBe(true);
        total = n;
      }
      const names = (await fs.readdir(folder)).filter((name) => name.startsWith(`lane-${lane}.json`));
      expect(names.sort()).toEqual([`lane-${lane}.json`, `lane-${lane}.json.bak`]);
      return total;
    });
    const totals = await Promise.all(lanes);
    // The kills must have hit writers at work, not idle ones.
    expect(Math.min(...totals)).toBeGreaterThan(50);
  });
});
