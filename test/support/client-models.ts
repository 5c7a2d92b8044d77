/** The models that the tests of real clients talk to, and what those tests ask the engine behind the router. */
import type { AppOptions } from '../../src/app.ts';
import { expect, vi } from 'vitest';
import type { EngineApp } from './engine-app.ts';
import { startEngineApp } from './engine-app.ts';
import { tinyModel } from './gguf.ts';

const MIB = 2 ** 20;

export const WEATHER_CALL = { name: 'get_weather', arguments: { city: 'Paris' } };

/** `tiny` says its sentence, `tool` calls a tool first, `embedder` embeds, and `slow` goes on for as long as it is let. */
export const startClientModels = async (options: Partial<AppOptions> = {}): Promise<EngineApp> => {
  const app = await startEngineApp(async (folder) => {
    await tinyModel(folder, 'tiny.gguf');
    await tinyModel(folder, 'tool.gguf', { toolCall: WEATHER_CALL });
    await tinyModel(folder, 'embedder.gguf');
    await tinyModel(folder, 'slow.gguf', { padToBytes: 32 * MIB, contextLength: 262_144 });
  }, options);
  const { models } = app.app.services;
  await models.update('embedder', { parameters: { embeddings: true, pooling: 'mean' } }, 'test');
  // Not every API has a word for it, and an answer that ends by itself shows nothing.
  await models.update('slow', { parameters: { 'ignore-eos': true } }, 'test');
  return app;
};

const busySlots = async (app: EngineApp): Promise<number> =>
  ((await app.engine('/slots')) as { is_processing: boolean }[]).filter((slot) => slot.is_processing).length;

/** Leaves only `slow` loaded, so that the engine can be asked past the router. */
export const onlySlow = async (app: EngineApp): Promise<void> => {
  const { models } = app.app.services;
  for (const { id, state } of models.list()) if (id !== 'slow' && state !== 'unloaded') await models.unload(id, 'test');
  await models.load('slow', 'test');
};

/** Under 100 ms where nothing else runs; the rest is room for the other work of the machine that runs the tests. */
export const STOPS_WITHIN_MS = 1000;

/**
 * How long the engine goes on after a client that reads a stream has left, in ms: the least of three tries, because the machine
 * that runs the tests has other work, too. `begin` starts a stream and resolves, once it flows, with what leaves it.
 */
export const goesOnFor = async (app: EngineApp, begin: () => Promise<() => void>): Promise<number> => {
  let least = Infinity;
  for (let i = 0; i < 3; i += 1) {
    const leave = await begin();
    await vi.waitFor(async () => expect(await busySlots(app)).toBe(1), { timeout: 10_000, interval: 5 });
    const left = performance.now();
    leave();
    await vi.waitFor(async () => expect(await busySlots(app)).toBe(0), { timeout: 20_000, interval: 5 });
    least = Math.min(least, performance.now() - left);
  }
  return least;
};
