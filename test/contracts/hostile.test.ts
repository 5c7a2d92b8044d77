/** Whatever a client sends, the server answers what it can and stays up. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMAND_NAMES } from '../../src/contracts/commands.ts';
import { refuseHostile } from '../../src/commands/payload.ts';
import { readCall } from '../../src/sockets/calls.ts';
import { startTestServer } from '../support/server.ts';
import { connectClient } from '../support/socket-client.ts';
import type { TestClient } from '../support/socket-client.ts';

/** Built from text, as a client's frame is: an object literal cannot have `__proto__` as its own key. */
const parsed = (text: string): unknown => JSON.parse(text) as unknown;
const nested = (depth: number): unknown => parsed('{"a":'.repeat(depth) + '1' + '}'.repeat(depth));

const nasty = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(
    null,
    parsed('{"__proto__": {"polluted": true}}'),
    parsed('{"constructor": {"prototype": {"polluted": true}}}'),
    parsed('{"config": {"__proto__": {"polluted": true}}}'),
    parsed('{"settings": {"constructor": 1}}'),
    { modelName: { toString: 'x' } },
    { modelId: ['alpha'] },
    { limit: 1e308, offset: -1e308, hours: 1e308, interval: 1e308 },
    { modelName: 'x'.repeat(100_000) },
    { type: 'request' },
    { type: 'request', data: null, requestId: null },
    { type: 'request', data: [], requestId: { a: 1 } },
    { type: 'request', data: 'text', requestId: '' },
    nested(200),
  ),
);

describe('hostile payloads', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let client: TestClient;

  beforeAll(async () => {
    server = await startTestServer();
    client = await connectClient(server.url);
  });
  afterAll(async () => {
    client.close();
    await server.close();
  });

  const commands = COMMAND_NAMES.filter((name) => !/^(router|llama):(start|stop|restart)/.test(name));

  it('every command answers every payload with success or a coded error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...commands), nasty, async (command, payload) => {
        const reply = await client.ack(command, payload);
        if (reply.success) return;
        // An envelope with an ack function gets its error as an object.
        const error = reply.error as unknown as string | { message: string; reason: string };
        expect(typeof error === 'string' ? error : error.message).toMatch(/\S/);
        // Never an accident that the schema let through.
        expect(typeof error === 'string' ? 'code' in reply && reply.code : error.reason).not.toBe('INTERNAL');
      }),
      { numRuns: 600 },
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(await client.ack('models:list')).toMatchObject({ success: true });
  });

  it('every event name with any arguments leaves the server answering', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString', 'models:list:result')),
        fc.array(nasty, { maxLength: 3 }),
        async (event, args) => {
          if (/^(connect|connect_error|disconnect|disconnecting|newListener|removeListener)$/.test(event)) return;
          client.socket.emit(event, ...args);
          expect(await client.ack('system:health')).toMatchObject({ success: true });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('refuses deep nesting, huge structures, binary data and the prototype key, without recursion', async () => {
    expect(refuseHostile(nested(100_000))?.message).toContain('nested');
    expect(refuseHostile(Array.from({ length: 200_000 }, () => 1))?.message).toContain('many');
    expect(refuseHostile({ data: new Uint8Array(8) })?.message).toContain('Binary');
    expect(refuseHostile(parsed('{"a": [{"__proto__": 1}]}'))?.message).toContain('__proto__');
    expect(refuseHostile({ constructor: 1, prototype: 2 })).toBeUndefined();
    expect(await client.ack('config:update', { key: 'modelsDir', value: Buffer.from('x') })).toMatchObject({
      success: false,
    });
  });

  it('a frame that is no packet ends that connection only', async () => {
    const victim = await connectClient(server.url);
    const closed = new Promise((resolve) => void victim.socket.once('disconnect', resolve));
    victim.socket.io.engine.write('2["unclosed"');
    await closed;
    expect(await client.ack('models:list')).toMatchObject({ success: true });
  });

  it('a huge or structured requestId is replaced by one of our own', () => {
    for (const requestId of ['x'.repeat(5000), { a: 1 }, [1], true, null, '']) {
      const call = readCall([{ type: 'request', requestId }]);
      expect(call.style).toBe('b');
      if (call.style === 'b') expect(call.requestId).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});
