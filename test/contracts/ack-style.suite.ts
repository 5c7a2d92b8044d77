/** Rows A01–A17 of the contracts: seed 000, acknowledgement style. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SOCKET_PATHS } from '../../src/sockets/server.ts';
import type { ServerFactory, TestServer } from '../support/server.ts';
import { connectClient, fence } from '../support/socket-client.ts';
import type { TestClient } from '../support/socket-client.ts';

type Fields = Record<string, unknown>;
const fields = (value: unknown): Fields => value as Fields;
const list = (value: unknown): Fields[] => value as Fields[];

export const ackStyleSuite = (name: string, start: ServerFactory, paths: readonly string[] = SOCKET_PATHS): void => {
  describe.each(paths)(`acknowledgement style over ${name} at %s`, (path) => {
    let server: TestServer;
    let sender: TestClient;
    let other: TestClient;
    let third: TestClient;
    let alpha: string;

    beforeEach(async () => {
      server = await start();
      alpha = server.models[0];
      sender = await connectClient(server.url, { path });
      other = await connectClient(server.url, { path });
      // The other path and namespace share every broadcast.
      third = await connectClient(server.url, {
        path: path === '/socket.io' ? '/llamaproxws' : '/socket.io',
        namespace: '/llamaproxws',
      });
    });
    afterEach(async () => {
      for (const client of [sender, other, third]) client.close();
      await server.close();
    });

    const write = (message: string): void => server.services.logs.write('info', 'server', message);
    const senderHeardNothingOf = async (...events: string[]): Promise<void> => {
      await fence(write, [sender, other, third]);
      expect(sender.received.map((message) => message.event)).not.toEqual(
        expect.arrayContaining([expect.stringMatching(new RegExp(`^(${events.join('|')})$`))]),
      );
    };
    const hasModel = (model: string, status: string) => (payload: Fields) =>
      list(payload['models']).some((entry) => entry['name'] === model && entry['status'] === status);

    it.each([[[{}]], [[]]])('A01 models:list answers with an array (%j)', async (args) => {
      const reply = await sender.ack('models:list', ...args);
      expect(reply).toMatchObject({
        success: true,
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      });
      const models = list(reply.data);
      expect(Array.isArray(models)).toBe(true);
      expect(models.map((model) => model['name'])).toEqual(expect.arrayContaining([...server.models]));
      for (const model of models) {
        expect(Object.keys(model)).toEqual(
          expect.arrayContaining(['id', 'name', 'size', 'status', 'loadedAt', 'metadata']),
        );
        expect(['loaded', 'loading', 'unloaded', 'error']).toContain(model['status']);
      }
    });

    it('A02 models:scan counts what is new, once, and tells the others', async () => {
      await server.addFile('delta.gguf');
      const first = await sender.ack('models:scan', {});
      expect(first).toMatchObject({ success: true, data: { added: 1, updated: 0 } });
      expect(list(fields(first.data)['models']).map((model) => model['name'])).toContain('delta.gguf');
      expect(fields(first.data)['found']).toBe(list(fields(first.data)['models']).length);
      const told = await other.waitFor('models:updated', hasModel('delta.gguf', 'unloaded'));
      expect(fields(told['data'])['model']).toBeDefined();
      await third.waitFor('models:updated', hasModel('delta.gguf', 'unloaded'));
      await senderHeardNothingOf('models:updated', 'models:list', 'models:created', 'models:scanned');
      expect(await sender.ack('models:scan')).toMatchObject({ success: true, data: { added: 0 } });
    });

    it('A02 models:scan refuses a path that is no folder', async () => {
      const reply = await sender.ack('models:scan', { path: '/nowhere/at/all' });
      expect(reply).toMatchObject({ success: false, error: expect.any(String) as string });
    });

    it('A03 models:load answers when loaded and tells the others of each step', async () => {
      const reply = await sender.ack('models:load', { modelName: alpha });
      expect(reply).toMatchObject({
        success: true,
        data: { status: 'loaded', model: { name: alpha, status: 'loaded' } },
      });
      for (const client of [other, third]) {
        await client.waitFor('models:updated', hasModel(alpha, 'loading'));
        await client.waitFor('models:updated', hasModel(alpha, 'loaded'));
        expect(await client.waitFor('router:status', (p) => p['loadedModel'] === alpha)).toMatchObject({
          status: 'ready',
          running: true,
          loadedModels: [alpha],
        });
      }
      await senderHeardNothingOf('models:updated', 'models:status', 'router:status', 'llama:status');
    });

    it('A03 models:load finds a model by its name without .gguf', async () => {
      const reply = await sender.ack('models:load', { modelName: alpha.replace('.gguf', '') });
      expect(reply).toMatchObject({ success: true, data: { model: { name: alpha } } });
    });

    it.each([[{}], [{ modelName: '' }], [{ modelName: 7 }], [null], ['text'], [[1]]])(
      'A03 models:load and the other model calls refuse %j',
      async (payload) => {
        for (const event of ['models:load', 'models:unload', 'models:delete']) {
          expect(await sender.ack(event, payload)).toMatchObject({ success: false, error: 'Invalid modelName' });
        }
      },
    );

    it('A03 models:load refuses an unknown model by its name', async () => {
      for (const event of ['models:load', 'models:unload', 'models:delete']) {
        expect(await sender.ack(event, { modelName: 'nobody.gguf' })).toMatchObject({
          success: false,
          error: 'Model not found: nobody.gguf',
          code: 'NOT_FOUND',
        });
      }
    });

    it('A03 models:load that fails answers with the cause, and everyone else sees the error', async () => {
      const reply = await sender.ack('models:load', { modelName: server.broken });
      expect(reply.success).toBe(false);
      expect(reply.error).toMatch(/\S/);
      await other.waitFor('models:updated', hasModel(server.broken, 'error'));
      await senderHeardNothingOf('models:updated');
    });

    it('A03 models:load while the router is down fails and leaves the model as it was', async () => {
      expect((await other.request('llama:stop')).success).toBe(true);
      const reply = await sender.ack('models:load', { modelName: alpha });
      expect(reply).toMatchObject({ success: false, error: expect.any(String) as string });
      const models = list((await sender.ack('models:list')).data);
      expect(models.find((model) => model['name'] === alpha)).toMatchObject({ status: 'unloaded' });
    });

    it('A03 concurrent loads of one model are one load', async () => {
      const replies = await Promise.all(
        [sender, other, third].map((client) => client.ack('models:load', { modelName: alpha })),
      );
      expect(replies.every((reply) => reply.success)).toBe(true);
      const pids = replies.map((reply) => (reply.success ? fields(fields(reply.data)['model'])['pid'] : null));
      expect(new Set(pids).size).toBe(1);
    });

    it('A04 models:unload says idle to the others when no model is left, else ready with the one that remains', async () => {
      await other.ack('models:load', { modelName: alpha });
      await other.ack('models:load', { modelName: server.models[1] });
      await fence(write, [sender, other, third]);
      for (const client of [sender, other, third]) client.forget();

      const reply = await sender.ack('models:unload', { modelName: server.models[1] });
      expect(reply).toMatchObject({ success: true, data: { status: 'unloaded', model: { status: 'unloaded' } } });
      expect(await other.waitFor('router:status')).toMatchObject({
        status: 'ready',
        loadedModel: alpha,
        loadedModels: [alpha],
      });
      await other.waitFor('models:updated', hasModel(server.models[1], 'unloaded'));
      other.forget();

      await sender.ack('models:unload', { modelName: alpha });
      expect(await other.waitFor('router:status')).toMatchObject({
        status: 'idle',
        running: true,
        loadedModel: null,
        loadedModels: [],
      });
      await senderHeardNothingOf('models:updated', 'router:status');
    });

    it('A04 models:unload of a model that is not loaded succeeds and changes nothing', async () => {
      const reply = await sender.ack('models:unload', { modelName: alpha });
      expect(reply).toMatchObject({ success: true, data: { status: 'unloaded' } });
      await fence(write, [other]);
      expect(other.of('models:updated')).toEqual([]);
      expect(other.of('router:status')).toEqual([]);
    });

    it('A05 models:delete deletes the model, unloading it first, and tells the others', async () => {
      await other.ack('models:load', { modelName: alpha });
      await fence(write, [sender, other, third]);
      for (const client of [sender, other, third]) client.forget();
      const reply = await sender.ack('models:delete', { modelName: alpha });
      expect(reply).toMatchObject({ success: true, data: { modelName: alpha, deleted: true } });
      const gone = (payload: Fields): boolean => !list(payload['models']).some((model) => model['name'] === alpha);
      await other.waitFor('models:updated', gone);
      await third.waitFor('models:updated', gone);
      await other.waitFor('models:deleted');
      await senderHeardNothingOf('models:updated', 'models:deleted');
      expect(gone(fields({ models: (await sender.ack('models:list')).data }))).toBe(true);
      expect(await sender.ack('models:scan')).toMatchObject({ success: true, data: { added: 0 } });
    });

    it('A05 models:delete does not take paths', async () => {
      const before = list((await sender.ack('models:list')).data).length;
      for (const modelName of ['../secret.gguf', '/etc/passwd', `../models/${alpha}`, '..']) {
        expect(await sender.ack('models:delete', { modelName })).toMatchObject({ success: false });
      }
      expect(list((await sender.ack('models:list')).data)).toHaveLength(before);
    });

    it.each([[[{}]], [[]]])('A06 router:status answers (%j)', async (args) => {
      const reply = await sender.ack('router:status', ...args);
      expect(reply).toMatchObject({ success: true, data: { status: 'ready', running: true, loadedModel: null } });
      const data = fields(reply.data);
      for (const key of ['uptime', 'cpuUsage', 'memoryUsage', 'timestamp'])
        expect(data[key]).toEqual(expect.any(Number));
      expect(Math.abs(Date.now() - (data['timestamp'] as number))).toBeLessThan(60_000);
    });

    it('A06 router:status answers when the router is stopped, too', async () => {
      await other.request('llama:stop');
      expect(await sender.ack('router:status')).toMatchObject({
        success: true,
        data: { status: 'idle', running: false, loadedModel: null, uptime: 0 },
      });
    });

    it('A07 router:restart answers at once; ready is broadcast on completion and models come back', async () => {
      await sender.ack('models:load', { modelName: alpha });
      await other.waitFor('router:status', (p) => p['loadedModel'] === alpha);
      other.forget();
      expect(await sender.ack('router:restart', {})).toMatchObject({ success: true, data: { status: 'restarting' } });
      await other.waitFor('router:status', (p) => p['status'] === 'loading');
      await other.waitFor('router:status', (p) => p['status'] === 'ready');
      await other.waitFor('router:status', (p) => p['status'] === 'ready' && p['loadedModel'] === alpha);
    });

    it('A07 router:restart takes SIGTERM, SIGINT and SIGKILL only', async () => {
      for (const signal of ['SIGUSR1', 'sigterm', 9, '']) {
        expect(await sender.ack('router:restart', { signal })).toMatchObject({
          success: false,
          error: expect.stringContaining('signal') as string,
        });
      }
      expect(await sender.ack('router:restart', { signal: 'SIGINT' })).toMatchObject({ success: true });
      await other.waitFor('router:status', (p) => p['status'] === 'ready');
    });

    it('A08 router:start-with-preset starts, says loading, later ready', async () => {
      const reply = await sender.ack('router:start-with-preset', { presetName: 'default' });
      expect(reply).toMatchObject({ success: true, data: { preset: 'default', status: 'starting' } });
      await other.waitFor('router:status', (p) => p['status'] === 'loading');
      await other.waitFor('router:status', (p) => p['status'] === 'ready');
    });

    it('A08 router:start-with-preset with an unknown preset is an error without a broadcast', async () => {
      expect(await sender.ack('router:start-with-preset', { presetName: 'nothing-like-it' })).toMatchObject({
        success: false,
      });
      await fence(write, [other]);
      expect(other.of('router:status')).toEqual([]);
    });

    it('A09 config:get is flat and has the aliases of both dialects', async () => {
      const reply = await sender.ack('config:get', {});
      const data = fields(reply.data);
      expect(data).toMatchObject({ modelsMax: 4, contextSize: 0, gpuLayers: 'auto', threads: 'auto' });
      expect(data['modelsDir']).toEqual(expect.any(String));
      expect(data['baseModelsPath']).toBe(data['modelsDir']);
      expect(data['maxModelsLoaded']).toBe(data['modelsMax']);
      expect(data['ctx_size']).toBe(data['contextSize']);
    });

    it('A10 config:update stores one key and broadcasts the full configuration', async () => {
      const reply = await sender.ack('config:update', { key: 'modelsMax', value: 3 });
      expect(reply).toMatchObject({ success: true, data: { key: 'modelsMax', value: 3 } });
      for (const client of [other, third]) {
        expect(await client.waitFor('config:updated')).toMatchObject({
          config: { modelsMax: 3, maxModelsLoaded: 3, contextSize: 0 },
          data: { config: { modelsMax: 3 } },
        });
      }
      await senderHeardNothingOf('config:updated');
      expect(await sender.ack('config:get')).toMatchObject({ data: { modelsMax: 3 } });
    });

    it('A10 config:update takes the other spelling of a key', async () => {
      const reply = await sender.ack('config:update', { key: 'maxModelsLoaded', value: 2 });
      expect(reply).toMatchObject({ success: true, data: { key: 'maxModelsLoaded', value: 2 } });
      expect(await sender.ack('config:get')).toMatchObject({ data: { modelsMax: 2 } });
    });

    it('A10 config:update refuses unknown keys and wrong types, and stores nothing', async () => {
      const before = (await sender.ack('config:get')).data;
      const refusals: [Fields, RegExp][] = [
        [{ key: 'modelMax', value: 3 }, /modelsMax/],
        [{ key: 'modelsMax', value: 'many' }, /whole number from 1 to 128/],
        [{ key: 'port', value: 70_000 }, /1 to 65535/],
        [{ key: 'contextSize', value: 100 }, /0 or between 512 and 1048576/],
        [{ key: '__proto__', value: { polluted: true } }, /__proto__/],
        [{ key: 'constructor', value: 1 }, /constructor/],
        [{ key: 'modelsMax' }, /Config data is required/],
        [{ value: 3 }, /Config data is required/],
        [{}, /Config data is required/],
      ];
      for (const [payload, error] of refusals) {
        const reply = await sender.ack('config:update', payload);
        expect(reply, JSON.stringify(payload)).toMatchObject({ success: false, code: 'INVALID_PAYLOAD' });
        expect(reply.error).toMatch(error);
      }
      await fence(write, [other]);
      expect(other.of('config:updated')).toEqual([]);
      expect((await sender.ack('config:get')).data).toEqual(before);
    });

    it('A11 logs:get is an array, newest first, limited and filtered', async () => {
      write('one');
      server.services.logs.write('error', 'engine', 'two');
      write('three');
      const all = list((await sender.ack('logs:get')).data);
      expect(all.slice(0, 3).map((entry) => entry['message'])).toEqual(['three', 'two', 'one']);
      expect(all[1]).toMatchObject({ level: 'error', source: 'engine', timestamp: expect.any(Number) as number });
      expect(list((await sender.ack('logs:get', { limit: 1, offset: 1 })).data)).toMatchObject([{ message: 'two' }]);
      const errors = list((await sender.ack('logs:get', { level: 'error' })).data);
      expect(errors.every((entry) => entry['level'] === 'error')).toBe(true);
      expect(errors[0]).toMatchObject({ message: 'two' });
      for (const payload of [{ limit: 0 }, { limit: 1001 }, { limit: 'x' }, { level: 'loud' }, { offset: -1 }]) {
        expect(await sender.ack('logs:get', payload)).toMatchObject({ success: false });
      }
    });

    it('A12 A16 logs:clear empties the log and tells the others', async () => {
      write('to be forgotten');
      expect(await sender.ack('logs:clear', {})).toMatchObject({ success: true, data: { cleared: true } });
      await other.waitFor('logs:cleared');
      await third.waitFor('logs:cleared');
      const left = list((await sender.ack('logs:get')).data);
      expect(left.map((entry) => entry['message'])).not.toContain('to be forgotten');
      await senderHeardNothingOf('logs:cleared');
    });

    it('A13 models:updated satisfies both dialects at once', async () => {
      await sender.ack('models:load', { modelName: alpha });
      const told = await other.waitFor('models:updated', hasModel(alpha, 'loaded'));
      expect(told).toMatchObject({
        type: 'broadcast',
        event: 'models:updated',
        timestamp: expect.any(Number) as number,
      });
      const data = fields(told['data']);
      expect(data['model']).toMatchObject({ name: alpha, status: 'running' });
      expect(list(data['models'])).toHaveLength(list(told['models']).length);
      expect(list(data['models']).find((model) => model['name'] === alpha)).toMatchObject({ status: 'running' });
    });

    it('A14 router:status and models:updated that nobody asked for reach everyone', async () => {
      await sender.ack('models:load', { modelName: alpha });
      await fence(write, [sender, other, third]);
      for (const client of [sender, other, third]) client.forget();
      server.crash(alpha);
      for (const client of [sender, other, third]) {
        await client.waitFor('models:updated', (p) => !hasModel(alpha, 'loaded')(p));
        await client.waitFor('router:status', (p) => !(p['loadedModels'] as string[]).includes(alpha));
      }
    });

    it('A15 config:updated reaches the caller of style B, too', async () => {
      const reply = await sender.request('config:update', { config: { modelsMax: 5 } });
      expect(reply.success).toBe(true);
      for (const client of [sender, other, third]) {
        expect(await client.waitFor('config:updated')).toMatchObject({ config: { modelsMax: 5 } });
      }
    });

    it.each(['models:nothing', 'constructor', '__proto__', 'hasOwnProperty', '', 'models:list:result'])(
      'A17 the unknown event %j with an acknowledgement is answered',
      async (event) => {
        expect(await sender.ack(event, { any: 1 })).toMatchObject({
          success: false,
          error: expect.stringContaining('Unknown event') as string,
        });
      },
    );

    it.each([[null], ['text'], [[1, 2]], [42], [true]])(
      'A17 bad payloads like %j are always answered',
      async (payload) => {
        for (const event of ['models:load', 'config:update', 'settings:update', 'models:update', 'presets:get']) {
          expect(await sender.ack(event, payload)).toMatchObject({
            success: false,
            error: expect.any(String) as string,
          });
        }
      },
    );

    it('timestamps of one event strictly increase', async () => {
      for (const value of [1, 2, 3]) await sender.ack('config:update', { key: 'modelsMax', value });
      await other.waitFor('config:updated', (p) => fields(p['config'])['modelsMax'] === 3);
      const stamps = other.of('config:updated').map((payload) => payload['timestamp'] as number);
      expect(stamps.length).toBeGreaterThanOrEqual(3);
      expect(stamps.every((stamp, index) => index === 0 || stamp > (stamps[index - 1] ?? Infinity))).toBe(true);
    });
  });
};
