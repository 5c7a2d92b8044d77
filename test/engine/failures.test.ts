/** Models that cannot be loaded: each one ends in `error` with the engine's own reason, told in the same words everywhere. */
import { mkdir, mkdtemp, open, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FailureView, ModelView, ParameterValue } from '../../src/contracts/views.ts';
import type { EngineApp } from '../support/engine-app.ts';
import { memoryLimitedEngine, startEngineApp } from '../support/engine-app.ts';
import { QUICK_POLICY } from '../support/fake-app.ts';
import {
  badMagicModel,
  emptyModel,
  futureVersionModel,
  tinyModel,
  truncatedHeaderModel,
  truncatedModel,
  unknownArchitectureModel,
} from '../support/gguf.ts';
import { connectClient } from '../support/socket-client.ts';
import type { TestClient } from '../support/socket-client.ts';

const GIB = 2 ** 30;
let folder: string;
let engine: EngineApp;
let client: TestClient;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-failures-'));
  // The stacks of its threads for HTTP alone reserve more than 2 GiB.
  const enginePath = await memoryLimitedEngine(folder, 4 * GIB);
  await mkdir(join(folder, 'elsewhere'));
  engine = await startEngineApp(
    async (models) => {
      await badMagicModel(models);
      await emptyModel(models);
      await futureVersionModel(models);
      await truncatedModel(models);
      await truncatedHeaderModel(models);
      await unknownArchitectureModel(models);
      for (const id of ['good', 'misspelt', 'unreadable', 'hungry', 'huge']) await tinyModel(models, `${id}.gguf`);
      for (const id of ['spoilt', 'gone']) {
        // Behind a link the folder's watcher does not see what happens to the file.
        await symlink(await tinyModel(join(folder, 'elsewhere'), `${id}.gguf`), join(models, `${id}.gguf`));
      }
    },
    { enginePath },
  );
  client = await connectClient(engine.app.url.replace('localhost', '127.0.0.1'));
});
afterAll(async () => {
  client.close();
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

const set = (id: string, parameters: Record<string, ParameterValue>): Promise<ModelView> =>
  engine.app.services.models.update(id, { parameters }, 'test');

interface HttpFailure {
  error: { code: string; message: string };
}

/** Without how much memory is free, which changes from one moment to the next. */
const timeless = (message: string | undefined): string | undefined =>
  message?.replace(/[\d.]+ GiB are free/, 'some are free');

/** Loads over each transport, checks that all of them refuse in the same words, and returns code and words. */
const refusalOf = async (id: string): Promise<{ code: string; message: string }> => {
  const a = await client.ack('models:load', { modelName: id });
  const b = await client.request('models:load', { modelId: id });
  const response = await fetch(`${engine.app.url}/api/commands/models:load`, {
    method: 'POST',
    body: JSON.stringify({ modelId: id }),
  });
  const http = ((await response.json()) as HttpFailure).error;
  expect(a).toMatchObject({ success: false, code: http.code });
  expect(b).toMatchObject({ success: false, error: { reason: http.code } });
  expect([a.error, b.error?.message].map(timeless)).toEqual([timeless(http.message), timeless(http.message)]);
  expect(response.ok).toBe(false);
  return { code: http.code, message: http.message };
};

/** What a request at the router is told. */
const atTheRouter = async (id: string): Promise<{ status: number; message: string }> => {
  const response = await engine.post('/v1/completions', { model: id, prompt: 'x' });
  return { status: response.status, message: ((await response.json()) as HttpFailure).error.message };
};

const ONE_SENTENCE = /^[^\n]+[.?]$/;

/** Fails to load over each transport and at the router, with this code; returns the failure as the model shows it. */
const failureOf = async (id: string, code: FailureView['code']): Promise<FailureView> => {
  const refusal = await refusalOf(id);
  const view = await engine.until(id, ({ state, gaveUp }) => state === 'error' && gaveUp);
  const { failure } = view;
  if (failure === null) throw new Error(`${id} failed without a reason.`);
  expect(failure.code).toBe(code);
  expect(failure.message).toMatch(ONE_SENTENCE);
  expect(refusal).toEqual({ code: 'UPSTREAM_FAILED', message: failure.message });
  expect(view).toMatchObject({ pid: null, retryAt: null, progress: null, contextSize: null });
  const logged = engine.app.services.logs.query({ limit: 200, offset: 0, level: 'error', source: 'server' });
  expect(logged.map(({ message }) => message).join('\n')).toContain(failure.message);
  const told = await atTheRouter(id);
  expect(told.status).toBe(502);
  expect(told.message).toContain(failure.message);
  return failure;
};

describe('a file that the scan sees to be unusable', () => {
  it.each([
    ['bad-magic', /not a GGUF file/],
    ['empty', /empty/],
    ['future', /version 99/],
    ['truncated', /incomplete/],
    ['truncated-header', /ends inside its header/],
  ])('%s is listed with its reason, and a load is refused with it', async (id, reason) => {
    const view = engine.model(id);
    expect(view).toMatchObject({ state: 'unloaded' });
    expect(view.problem).toMatch(reason);
    expect(await refusalOf(id)).toEqual({
      code: 'INVALID_STATE',
      message: `${view.name} cannot be loaded: ${view.problem ?? ''}`,
    });
    expect(engine.model(id)).toMatchObject({ state: 'unloaded', pid: null, failure: null });
    expect((await atTheRouter(id)).message).toContain(view.problem);
  });
});

describe('a file that turns out to be unusable', () => {
  it('is named damaged when it was spoilt after the scan', async () => {
    const path = join(folder, 'elsewhere', 'spoilt.gguf');
    const before = await stat(path);
    const file = await open(path, 'r+');
    await file.write('LLAMACTOR WAS HERE', 0);
    await file.close();
    await utimes(path, before.atime, before.mtime);
    expect(engine.model('spoilt').problem).toBeNull();
    const failure = await failureOf('spoilt', 'CORRUPT_FILE');
    expect(failure.message).toMatch(/damaged/);
    expect(failure.exitCode).toBe(1);
    expect(failure.stderr.join('\n')).toContain('invalid magic');
  });

  it('is named missing when it was deleted after the scan', async () => {
    await rm(join(folder, 'elsewhere', 'gone.gguf'));
    const failure = await failureOf('gone', 'FILE_MISSING');
    expect(failure.message).toMatch(/gone\.gguf/);
  });

  it('needs another engine when this one does not know its architecture', async () => {
    const failure = await failureOf('unknown-architecture', 'UNSUPPORTED_ARCHITECTURE');
    expect(failure.message).toContain('llamactor-imaginary');
    expect(failure.stderr.length).toBeGreaterThan(0);
    expect(failure.stderr.length).toBeLessThanOrEqual(20);
    expect(failure.stderr.join('\n')).toContain('unknown model architecture');
  });
});

describe('a parameter', () => {
  it('that the engine does not have is refused with the nearest name, and nothing is started', async () => {
    const refused = set('misspelt', { 'gpu-layer': 1 });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    await expect(refused).rejects.toThrow(/no parameter "gpu-layer".*"gpu-layers"/);
    expect(engine.model('misspelt')).toMatchObject({ state: 'unloaded', parameters: {} });
  });

  it('that an edited preset brings along is warned of, refused at the load, and nothing is started', async () => {
    await writeFile(join(engine.dataDir, 'presets', 'foreign.ini'), 'version = 1\n[misspelt]\ngpu-layer = 1\n');
    await engine.app.services.router.startWithPreset('foreign', 'test');
    await vi.waitFor(
      () => expect(engine.app.services.router.view()).toMatchObject({ state: 'loaded', preset: 'foreign' }),
      {
        timeout: 20_000,
      },
    );
    const warned = engine.app.services.logs.query({ limit: 200, offset: 0, level: 'warn', source: 'server' });
    expect(warned.map(({ message }) => message).join('\n')).toMatch(/preset foreign.*Line 3.*"gpu-layer"/);
    const pids: number[] = [];
    const unsubscribe = engine.app.services.subscribe((changes) => {
      for (const change of changes)
        if (change.kind === 'model' && change.model.id === 'misspelt' && change.model.pid !== null)
          pids.push(change.model.pid);
    });
    const failure = await failureOf('misspelt', 'BAD_ARGUMENT');
    unsubscribe();
    expect(failure.message).toMatch(/no parameter "gpu-layer".*"gpu-layers"/);
    expect(pids).toEqual([]);
  });

  it('whose value the engine refuses is named, and a correction is enough', async () => {
    await set('unreadable', { 'gpu-layers': 'abc' });
    const failure = await failureOf('unreadable', 'BAD_ARGUMENT');
    expect(failure.message).toContain('--gpu-layers, which is no number');
    expect(failure.stderr.join('\n')).toContain('error while handling argument "--gpu-layers"');
    expect(await set('unreadable', { 'gpu-layers': 0 })).toMatchObject({ state: 'unloaded', failure: null });
    expect(await engine.app.services.models.load('unreadable', 'test')).toMatchObject({
      state: 'loaded',
      failure: null,
    });
    await engine.app.services.models.unload('unreadable', 'test');
  });
});

describe('memory', () => {
  it('that the machine does not have is refused beforehand, with the arithmetic', async () => {
    await set('huge', { 'ctx-size': 2_000_000_000 });
    const { code, message } = await refusalOf('huge');
    expect(code).toBe('DOES_NOT_FIT');
    expect(message).toMatch(/It needs [\d.]+ GiB; [\d.]+ GiB are free after a reserve of 0\.50 GiB\.$/);
    expect(engine.model('huge')).toMatchObject({ state: 'unloaded', pid: null });
    const told = await atTheRouter('huge');
    expect(told.status).toBe(507);
    expect(timeless(told.message)).toBe(timeless(message));
    const explained = engine.app.services.models.explain('huge');
    expect(explained.verdict).toBe('refused');
    expect(timeless(explained.reason)).toBe(timeless(message));
    expect(engine.app.services.decisions.list(10)[0]).toMatchObject({ kind: 'refused', modelId: 'huge' });
  });

  it('that the engine does not get, after all, is told in its own words and tried again in vain', async () => {
    // 2 GB of cache for an engine that may have 1.5 GiB of address space.
    await set('hungry', { 'ctx-size': 8_000_000 });
    const failure = await failureOf('hungry', 'OUT_OF_MEMORY');
    expect(failure.message).toMatch(/not enough memory \([\d.]+ MB/);
    expect(failure.stderr.join('\n')).toContain('failed to allocate');
    expect(engine.model('hungry').restarts).toBeGreaterThanOrEqual(QUICK_POLICY.budget);
    await set('hungry', { 'ctx-size': 4096 });
    expect(await engine.app.services.models.load('hungry', 'test')).toMatchObject({
      state: 'loaded',
      contextSize: 4096,
    });
    await engine.app.services.models.unload('hungry', 'test');
  });
});

it('failures of some leave the others alone', async () => {
  const response = await engine.post('/v1/completions', { model: 'good', prompt: 'x', max_tokens: 3 });
  expect(response.status).toBe(200);
  expect(engine.model('good')).toMatchObject({ state: 'loaded', restarts: 0 });
});
