/** Rows B01–B30 of the contracts: seed 001, envelope style. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SOCKET_PATHS } from '../../src/sockets/server.ts';
import type { ServerFactory, TestServer } from '../support/server.ts';
import { connectClient, fence } from '../support/socket-client.ts';
import type { TestClient } from '../support/socket-client.ts';

type Fields = Record<string, unknown>;
const fields = (value: unknown): Fields => value as Fields;
const list = (value: unknown): Fields[] => value as Fields[];
const envelope = { type: 'broadcast', timestamp: expect.any(Number) as number };

export const envelopeStyleSuite = (
  name: string,
  start: ServerFactory,
  paths: readonly string[] = SOCKET_PATHS,
): void => {
  describe.each(paths)(`envelope style over ${name} at %s`, (path) => {
    let server: TestServer;
    let client: TestClient;
    let other: TestClient;
    let everyone: TestClient[] = [];
    let alpha: string;

    beforeEach(async () => {
      server = await start();
      alpha = server.models[0];
      client = await connectClient(server.url, { path });
      other = await connectClient(server.url, {
        path: '/llamaproxws',
        namespace: '/llamaproxws',
        transports: ['polling'],
      });
      everyone = [client, other];
    });
    afterEach(async () => {
      for (const each of everyone) each.close();
      await server.close();
    });

    const write = (message: string): void => server.services.logs.write('info', 'server', message);
    const idOf = (model: string): string => server.services.models.find(model)?.id ?? 'missing';
    const refused = async (event: string, data: unknown, code: string, message?: string): Promise<void> => {
      const reply = await client.request(event, data);
      expect(reply).toMatchObject({ type: 'response', event, success: false, data: null, error: { code } });
      expect(reply.error?.message).toMatch(message === undefined ? /\S/ : new RegExp(`^${message}$`));
      expect(reply.error?.reason).toMatch(/^[A-Z_]+$/);
    };

    it('B01 models:list', async () => {
      const reply = await client.request('models:list');
      expect(reply).toMatchObject({ success: true, error: null, event: 'models:list', type: 'response' });
      const models = list(reply.data?.['models']);
      expect(models.map((model) => model['name'])).toEqual(expect.arrayContaining([...server.models]));
      expect(models.every((model) => ['idle', 'loading', 'running', 'error'].includes(String(model['status'])))).toBe(
        true,
      );
    });

    it('B02 models:get by id, by name and by name without .gguf', async () => {
      for (const modelId of [idOf(alpha), alpha, alpha.replace('.gguf', '')]) {
        const reply = await client.request('models:get', { modelId });
        expect(reply).toMatchObject({
          success: true,
          data: { model: { id: idOf(alpha), name: alpha, status: 'idle' } },
        });
        const model = fields(reply.data?.['model']);
        // Seconds, as in the seed's table.
        expect(model['created_at']).toBeLessThan(100_000_000_000);
      }
    });

    it('B02 models:get refuses a missing and an unknown id', async () => {
      await refused('models:get', {}, 'GET_MODEL_FAILED', 'modelId is required');
      await refused('models:get', { modelId: '' }, 'GET_MODEL_FAILED', 'modelId is required');
      await refused('models:get', { modelId: 5 }, 'GET_MODEL_FAILED', 'modelId is required');
      await refused('models:get', { modelId: 'nobody' }, 'GET_MODEL_FAILED', 'Model not found');
    });

    it('B03 B23 models:create makes a record with an id and defaults, and tells everyone', async () => {
      const reply = await client.request('models:create', { model: { name: 'made-here' } });
      expect(reply.success).toBe(true);
      const model = fields(reply.data?.['model']);
      expect(model).toMatchObject({
        name: 'made-here',
        type: 'llama',
        batch_size: 512,
        status: 'idle',
        parameters: {},
      });
      expect(model['id']).toEqual(expect.stringMatching(/\S/));
      for (const each of everyone) {
        const told = await each.waitFor('models:created', (p) => fields(p['model'])['id'] === model['id']);
        expect(told).toMatchObject({ ...envelope, event: 'models:created', data: { model: { name: 'made-here' } } });
      }
    });

    it('B03 models:create needs data and a name', async () => {
      await refused('models:create', {}, 'CREATE_MODEL_FAILED', 'Model data is required');
      await refused('models:create', { model: 'x' }, 'CREATE_MODEL_FAILED', 'Model data is required');
      await refused('models:create', { model: {} }, 'CREATE_MODEL_FAILED', 'Model name is required');
      await refused('models:create', { model: { name: null } }, 'CREATE_MODEL_FAILED', 'Model name is required');
      await fence(write, everyone);
      expect(other.of('models:created')).toEqual([]);
    });

    it('B04 B24 models:update changes the record; the model of the broadcast is never undefined', async () => {
      const modelId = idOf(alpha);
      const reply = await client.request('models:update', { modelId, updates: { ctx_size: 4096 } });
      expect(reply).toMatchObject({ success: true, data: { model: { id: modelId, ctx_size: 4096 } } });
      for (const each of everyone) {
        const told = await each.waitFor('models:updated');
        expect(told).toMatchObject({
          ...envelope,
          event: 'models:updated',
          data: { model: { id: modelId, ctx_size: 4096 } },
        });
        expect(Array.isArray(told['models'])).toBe(true);
      }
    });

    it('B04 models:update refuses what is no update', async () => {
      const modelId = idOf(alpha);
      await refused('models:update', { updates: {} }, 'UPDATE_MODEL_FAILED', 'modelId is required');
      await refused('models:update', { modelId }, 'UPDATE_MODEL_FAILED', 'Model updates are required');
      await refused('models:update', { modelId: 'nobody', updates: {} }, 'UPDATE_MODEL_FAILED', 'Model not found');
      await refused('models:update', { modelId, updates: { ctx_size: 'big' } }, 'UPDATE_MODEL_FAILED');
      await refused('models:update', { modelId, updates: { status: 'running' } }, 'UPDATE_MODEL_FAILED');
      await fence(write, everyone);
      expect(other.of('models:updated')).toEqual([]);
    });

    it('B05 B25 models:delete removes the record; llama:rescan brings it back', async () => {
      const modelId = idOf(alpha);
      expect(await client.request('models:delete', { modelId })).toMatchObject({
        success: true,
        data: { deletedId: modelId },
      });
      for (const each of everyone) {
        const told = await each.waitFor('models:deleted');
        expect(told).toMatchObject({ ...envelope, data: { modelId } });
        expect(each.of('models:updated').every((payload) => fields(payload['data'])['model'] !== undefined)).toBe(true);
      }
      await refused('models:get', { modelId }, 'GET_MODEL_FAILED', 'Model not found');
      await refused('models:delete', { modelId }, 'DELETE_MODEL_FAILED', 'Model not found');
      await refused('models:delete', {}, 'DELETE_MODEL_FAILED', 'modelId is required');
      await client.request('llama:rescan');
      expect(await client.request('models:get', { modelId: alpha })).toMatchObject({ success: true });
    });

    it('B06 B22 models:start: status loading, then running, to everyone', async () => {
      const modelId = idOf(alpha);
      const reply = await client.request('models:start', { modelId });
      expect(reply).toMatchObject({ success: true, data: { model: { id: modelId, status: 'running' } } });
      for (const each of everyone) {
        await each.waitFor('models:status', (p) => p['status'] === 'running');
        const told = each.of('models:status').filter((payload) => payload['modelId'] === modelId);
        expect(told.map((payload) => payload['status'])).toEqual(['loading', 'running']);
        expect(told[0]).toMatchObject({ ...envelope, event: 'models:status', data: { modelId, status: 'loading' } });
      }
      await refused('models:start', {}, 'START_MODEL_FAILED', 'modelId is required');
      await refused('models:start', { modelId: 'nobody' }, 'START_MODEL_FAILED', 'Model not found');
      await refused('models:start', { modelId: server.broken }, 'START_MODEL_FAILED');
    });

    it('B07 models:stop: status idle, to everyone', async () => {
      const modelId = idOf(alpha);
      await client.request('models:start', { modelId });
      const reply = await client.request('models:stop', { modelId });
      expect(reply).toMatchObject({ success: true, data: { model: { id: modelId, status: 'idle' } } });
      for (const each of everyone) {
        await each.waitFor('models:status', (p) => p['status'] === 'idle' && p['modelId'] === modelId);
      }
      await refused('models:stop', { modelId: 'nobody' }, 'STOP_MODEL_FAILED', 'Model not found');
    });

    it('B08 metrics:get', async () => {
      const reply = await client.request('metrics:get');
      const metrics = fields(reply.data?.['metrics']);
      for (const group of ['cpu', 'memory', 'disk']) {
        const percent = fields(metrics[group])[group === 'cpu' ? 'usage' : 'used'] as number;
        expect(percent).toBeGreaterThanOrEqual(0);
        expect(percent).toBeLessThanOrEqual(100);
      }
      expect(metrics['uptime']).toEqual(expect.any(Number));
    });

    it('B09 metrics:history is newest first and limited', async () => {
      const reply = await client.request('metrics:history', { limit: 2, hours: 1 });
      const history = list(reply.data?.['history']);
      expect(reply.success).toBe(true);
      expect(history.length).toBeLessThanOrEqual(2);
      const stamps = history.map((sample) => sample['timestamp'] as number);
      expect(stamps).toEqual([...stamps].sort((left, right) => right - left));
      await refused('metrics:history', { limit: 0 }, 'GET_METRICS_HISTORY_FAILED');
      await refused('metrics:history', { hours: 'all' }, 'GET_METRICS_HISTORY_FAILED');
    });

    it('B10 logs:get', async () => {
      write('hello log');
      const reply = await client.request('logs:get', { limit: 5 });
      expect(list(reply.data?.['logs'])[0]).toMatchObject({
        message: 'hello log',
        level: 'info',
        context: { source: 'server' },
      });
      await refused('logs:get', { limit: -1 }, 'GET_LOGS_FAILED');
    });

    it('B11 logs:clear says how many', async () => {
      write('one more');
      const reply = await client.request('logs:clear');
      expect(reply.data?.['cleared']).toBeGreaterThanOrEqual(1);
      for (const each of everyone) await each.waitFor('logs:cleared');
    });

    it('B12 B13 config:get and config:update', async () => {
      const before = fields((await client.request('config:get')).data?.['config']);
      expect(before).toMatchObject({
        modelsMax: 4,
        maxModelsLoaded: 4,
        batch_size: 512,
        autoStart: expect.any(Boolean) as boolean,
      });
      const reply = await client.request('config:update', { config: { ctx_size: 4096, maxModelsLoaded: 2 } });
      expect(reply).toMatchObject({
        success: true,
        data: { config: { ctx_size: 4096, contextSize: 4096, modelsMax: 2 } },
      });
      for (const each of everyone) {
        expect(await each.waitFor('config:updated')).toMatchObject({
          ...envelope,
          data: { config: { contextSize: 4096 } },
        });
      }
    });

    it('B13 config:update is all or nothing', async () => {
      await refused('config:update', {}, 'UPDATE_CONFIG_FAILED', 'Config data is required');
      await refused('config:update', { config: null }, 'UPDATE_CONFIG_FAILED', 'Config data is required');
      await refused('config:update', { config: 'x' }, 'UPDATE_CONFIG_FAILED', 'Config data is required');
      await refused('config:update', { config: { modelsMax: 9, nonsense: 1 } }, 'UPDATE_CONFIG_FAILED');
      await refused('config:update', { config: { modelsMax: 9, maxModelsLoaded: 8 } }, 'UPDATE_CONFIG_FAILED');
      await refused('config:update', { config: { modelsMax: 9, port: 0 } }, 'UPDATE_CONFIG_FAILED');
      expect((await client.request('config:get')).data).toMatchObject({ config: { modelsMax: 4 } });
      await fence(write, everyone);
      expect(other.of('config:updated')).toEqual([]);
    });

    it('B14 B15 settings:get and settings:update', async () => {
      const before = fields((await client.request('settings:get')).data?.['settings']);
      expect(before).toMatchObject({ theme: 'system', compactMode: false, refreshInterval: 10 });
      const reply = await client.request('settings:update', { settings: { theme: 'dark' } });
      expect(reply).toMatchObject({ success: true, data: { settings: { theme: 'dark', compactMode: false } } });
      for (const each of everyone) {
        expect(await each.waitFor('settings:updated')).toMatchObject({
          ...envelope,
          data: { settings: { theme: 'dark' } },
        });
      }
      await refused('settings:update', {}, 'UPDATE_SETTINGS_FAILED');
      await refused('settings:update', { settings: { theme: 'pink' } }, 'UPDATE_SETTINGS_FAILED');
      await refused('settings:update', { settings: { theme: 'light', thme: 1 } }, 'UPDATE_SETTINGS_FAILED');
      expect((await client.request('settings:get')).data).toMatchObject({ settings: { theme: 'dark' } });
    });

    it('B16 llama:status nested in the result, flat in the :response form', async () => {
      const reply = await client.request('llama:status');
      expect(reply.data?.['status']).toMatchObject({ status: 'running', lastError: null, models: [] });
      client.socket.emit('llama:status', { requestId: 77 });
      const flat = await client.waitFor('llama:status:response:77');
      expect(flat).toMatchObject({
        requestId: 77,
        status: 'running',
        processRunning: true,
        data: { status: 'running', processRunning: true, uptime: expect.any(Number) as number },
      });
    });

    it('B17 B18 llama:stop and llama:start', async () => {
      expect(await client.request('llama:stop')).toMatchObject({ success: true, data: { success: true } });
      for (const each of everyone) {
        expect(await each.waitFor('llama:status', (p) => p['status'] === 'idle')).toMatchObject({
          ...envelope,
          data: { status: 'idle' },
        });
        await each.waitFor('router:status', (p) => p['status'] === 'idle' && p['running'] === false);
      }
      expect((await client.request('llama:status')).data?.['status']).toMatchObject({ status: 'idle', uptime: 0 });
      for (const each of everyone) each.forget();
      expect(await client.request('llama:start')).toMatchObject({ success: true, data: { success: true } });
      for (const each of everyone) {
        expect(await each.waitFor('llama:status', (p) => p['status'] === 'running')).toMatchObject({
          data: { status: 'running' },
        });
      }
    });

    it('B19 B30 llama:rescan answers with the real count and broadcasts the list', async () => {
      await server.addFile('epsilon.gguf');
      const reply = await client.request('llama:rescan');
      expect(reply.success).toBe(true);
      for (const each of everyone) {
        const told = await each.waitFor('models:list');
        const names = list(fields(told['data'])['models']).map((model) => model['name']);
        expect(names).toContain('epsilon.gguf');
        expect(reply.data?.['scanned']).toBe(names.length);
        expect(told).toMatchObject({ ...envelope, event: 'models:list' });
        expect(await each.waitFor('models:scanned')).toMatchObject({
          data: { scanned: names.length, total: names.length },
        });
      }
    });

    it('B20 system:info', async () => {
      expect((await client.request('system:info')).data?.['info']).toMatchObject({
        platform: process.platform,
        arch: process.arch,
        nodeVersion: process.version,
        uptime: expect.any(Number) as number,
        memory: expect.anything() as object,
        cpuCount: expect.any(Number) as number,
      });
    });

    it('B21 system:health', async () => {
      const { data } = await client.request('system:health');
      expect(['healthy', 'degraded']).toContain(data?.['status']);
      expect(data?.['details']).toEqual(expect.any(Object));
    });

    it('B26 metrics:update at the interval a client asks for, with increasing timestamps', async () => {
      expect((await client.request('metrics:subscribe', { interval: 1000 })).data).toEqual({ interval: 1000 });
      await client.waitFor('metrics:update', () => client.of('metrics:update').length >= 2);
      const told = client.of('metrics:update');
      expect(told[0]).toMatchObject({ ...envelope, event: 'metrics:update', data: { metrics: { cpu: {} } } });
      expect(told[1]?.['timestamp']).toBeGreaterThan(told[0]?.['timestamp'] as number);
      expect((await client.request('metrics:unsubscribe')).data).toEqual({ interval: null });
      await refused('metrics:subscribe', { interval: 10 }, 'SUBSCRIBE_METRICS_FAILED');
    });

    it('B27 logs:entry for each line, and sending it writes none', async () => {
      write('line one');
      const told = await client.waitFor('logs:entry', (p) => fields(p['entry'])['message'] === 'line one');
      expect(told).toMatchObject({
        ...envelope,
        data: { entry: { id: expect.any(String) as string, level: 'info', context: { source: 'server' } } },
      });
      expect(fields(told['entry'])['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
      await fence(write, everyone);
      const lines = client.of('logs:entry').map((payload) => fields(payload['entry'])['message']);
      expect(lines.filter((line) => line === 'line one')).toHaveLength(1);
      expect(lines.filter((line) => String(line).includes('logs:entry'))).toEqual([]);
    });

    it.each([['text-id'], [42], [0], [-1.5]])(
      'B28 the requestId %j is echoed with its type, to the caller only',
      async (id) => {
        const reply = await client.request('models:list', {}, id);
        expect(reply.requestId).toBe(id);
        await fence(write, everyone);
        expect(other.of('models:list:result')).toEqual([]);
        expect(client.of('models:list:result')).toHaveLength(1);
      },
    );

    it('B28 a missing requestId is made; an envelope with an ack function is answered both ways', async () => {
      const viaAck = await client.ack('models:list', { type: 'request', event: 'models:list', data: {} });
      const viaEvent = await client.waitFor('models:list:result');
      expect(viaAck).toEqual(viaEvent);
      expect(viaEvent['requestId']).toEqual(expect.stringMatching(/\S/));
    });

    it('B28 flat payloads: with a requestId the :response event too, without it the result only', async () => {
      client.socket.emit('models:get', { modelId: alpha, requestId: 'flat-1' });
      const response = await client.waitFor('models:get:response:flat-1');
      expect(response).toMatchObject({
        type: 'response',
        success: true,
        requestId: 'flat-1',
        data: { model: { name: alpha } },
      });
      expect(client.of('models:get:result')).toHaveLength(1);
      client.socket.emit('config:get');
      expect(await client.waitFor('config:get:result')).toMatchObject({ success: true, error: null });
    });

    it('B28 an unknown event is answered when the client can tell, else ignored', async () => {
      await refused('models:nothing', {}, 'UNKNOWN_EVENT');
      client.socket.emit('models:other', { requestId: 9 });
      expect(await client.waitFor('models:other:response:9')).toMatchObject({ success: false, requestId: 9 });
      client.socket.emit('models:silent', {});
      client.socket.emit('models:silent');
      await fence(write, [client]);
      expect(client.of('models:silent:result')).toEqual([]);
    });

    it('B29 greets first, and accepts the confirmation', async () => {
      expect(client.received.slice(0, 3).map(({ event }) => event)).toEqual([
        'welcome',
        'connection:established',
        'connection_established',
      ]);
      expect(client.received[1]).toMatchObject({
        event: 'connection:established',
        payload: {
          clientId: client.socket.id,
          serverTime: expect.any(Number) as number,
          version: expect.any(String) as string,
        },
      });
      client.socket.emit('connection:ack');
      expect(await client.ack('connection:ack', {})).toMatchObject({ success: true });
    });
  });
};
