import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { runProgram } from '../../src/io/engine/run-program.ts';
import { realEngine } from '../support/real-engine.ts';

it('gives every test the same engine, which runs', async () => {
  const [engine, again] = await Promise.all([realEngine(), realEngine()]);
  expect(again).toBe(engine);
  expect(existsSync(engine.path)).toBe(true);
  const result = await runProgram(engine.command, [...engine.prefixArgs, '--version'], {
    env: process.env,
    deadlineMs: 20_000,
  });
  expect(result).toMatchObject({ code: 0, signal: null, timedOut: false });
}, 300_000);
