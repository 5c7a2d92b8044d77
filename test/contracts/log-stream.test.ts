/** Rows E03–E05, E17, E18 and the first half of E20 of the contracts. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer } from '../support/server.ts';
import { connectClient, fence } from '../support/socket-client.ts';
import type { ConnectOptions, TestClient } from '../support/socket-client.ts';

describe('log streaming (seed 004)', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let ana: TestClient;
  let ben: TestClient;
  const clients: TestClient[] = [];

  const open = async (options: ConnectOptions = {}): Promise<TestClient> => {
    const client = await connectClient(server.url, options);
    clients.push(client);
    return client;
  };
  const write = (message: string, level: 'debug' | 'info' | 'warn' | 'error' = 'info', source = 'server'): void =>
    server.services.logs.write(level, source, message);
  const subscribe = async (client: TestClient, filter: object = {}): Promise<void> => {
    client.socket.emit('set_log_filter', filter);
    client.socket.emit('subscribe_logs');
    await client.waitFor('log_subscription_confirmed', ({ subscribed }) => subscribed === true);
  };
  const messages = (client: TestClient): unknown[] => client.of('log_update').map(({ message }) => message);
  /** Everything that was written until now has arrived at this client. */
  const arrived = async (client: TestClient): Promise<void> => {
    write('the end', 'error', 'server');
    await client.waitFor('log_update', ({ message }) => message === 'the end');
  };

  beforeEach(async () => {
    server = await startTestServer();
    await server.services.config.update({ channelEventsPerMinute: 0 }, 'test');
    [ana, ben] = [await open(), await open({ path: '/llamaproxws', namespace: '/llamaproxws' })];
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await server.close();
  });

  it('E03, E17 subscribe_logs is confirmed in these words, each time, and subscribes once', async () => {
    for (let n = 0; n < 3; n += 1) ana.socket.emit('subscribe_logs');
    await expect.poll(() => ana.of('log_subscription_confirmed')).toHaveLength(3);
    expect(new Set(ana.of('log_subscription_confirmed').map((each) => JSON.stringify(each)))).toEqual(
      new Set([JSON.stringify({ subscribed: true, message: 'Successfully subscribed to log stream' })]),
    );
    write('one line');
    await arrived(ana);
    expect(messages(ana)).toEqual(['one line', 'the end']);
  });

  it('E04 unsubscribe_logs ends it', async () => {
    await subscribe(ana);
    await subscribe(ben);
    write('before');
    await ana.waitFor('log_update');
    ana.socket.emit('unsubscribe_logs');
    expect(await ana.waitFor('log_subscription_confirmed', ({ subscribed }) => subscribed === false)).toEqual({
      subscribed: false,
      message: 'Successfully unsubscribed from log stream',
    });
    write('after');
    await arrived(ben);
    expect(messages(ben)).toEqual(['before', 'after', 'the end']);
    await fence((message) => write(message), [ana]);
    expect(messages(ana)).toEqual(['before']);
  });

  describe('E05 set_log_filter', () => {
    const all = [
      ['a', 'debug', 'server'],
      ['b', 'info', 'model:alpha'],
      ['c', 'warn', 'agent:7'],
      ['d', 'error', 'model:alpha'],
      ['e', 'warn', 'router'],
    ] as const;
    it.each([
      [{}, 'abcde'],
      [{ level: 'warn' }, 'cde'],
      [{ level: 'all', category: null }, 'abcde'],
      [{ agentId: '7' }, 'c'],
      [{ category: 'model:alpha' }, 'bd'],
      [{ category: 'model' }, 'bd'],
      [{ level: 'error', category: 'model:alpha' }, 'd'],
      [{ level: 'error', agentId: '7' }, ''],
    ])('%j lets %s pass', async (filter, wanted) => {
      await subscribe(ana, filter);
      await subscribe(ben);
      for (const [message, level, source] of all) write(message, level, source);
      await arrived(ben);
      await fence((message) => write(message, 'debug', 'fence'), [ana]);
      const passed = messages(ana).filter((message) => String(message).length === 1);
      expect(passed.join('')).toBe(wanted);
    });

    it('changes what a subscriber gets from then on, and is replaced as a whole', async () => {
      await subscribe(ana, { level: 'error', category: 'router' });
      await ana.socket.timeout(5000).emitWithAck('set_log_filter', { level: 'warn' });
      write('warning', 'warn');
      await arrived(ana);
      expect(messages(ana)).toEqual(['warning', 'the end']);
      expect(ana.of('log_filters_updated')).toEqual([]);
    });

    it('that makes no sense is refused and changes nothing', async () => {
      await subscribe(ana);
      ana.socket.emit('set_log_filter', { level: 'loud' });
      expect(await ana.waitFor('messageError')).toMatchObject({
        error: expect.stringMatching(/^Invalid log filter: level/) as string,
      });
      write('still here', 'debug');
      await arrived(ana);
      expect(messages(ana)).toEqual(['still here', 'the end']);
    });
  });

  it('E20 update_log_filters answers with the filters, or with what is wrong', async () => {
    ana.socket.emit('update_log_filters', { level: 'warn' });
    expect(await ana.waitFor('log_filters_updated')).toEqual({
      success: false,
      error: 'Not subscribed to the log stream; send subscribe_logs first.',
    });
    await subscribe(ana, { category: 'router' });
    ana.forget();
    ana.socket.emit('update_log_filters', { level: 'warn' });
    expect(await ana.waitFor('log_filters_updated')).toEqual({
      success: true,
      filters: { level: 'warn', category: 'router' },
    });
  });

  it('E18 log_update has the fields of the contract, and log_stream carries the same', async () => {
    await subscribe(ana);
    write('Hello', 'warn', 'agent:7');
    const update = await ana.waitFor('log_update');
    expect(update).toEqual({
      id: expect.any(String) as string,
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      level: 'warn',
      category: 'agent:7',
      agentId: '7',
      message: 'Hello',
    });
    expect(await ana.waitFor('log_stream')).toEqual({ type: 'log_entry', payload: update });
  });

  it('sending lines writes none', async () => {
    await subscribe(ana);
    const before = server.services.logs.query({ limit: 500, offset: 0 }).length;
    for (let n = 0; n < 20; n += 1) write(`line ${n}`);
    await ana.waitFor('log_update', ({ message }) => message === 'line 19');
    expect(server.services.logs.query({ limit: 500, offset: 0 })).toHaveLength(before + 20);
  });

  it('what is too much at once is left out, and said: each line is sent or counted', async () => {
    await subscribe(ana);
    for (let n = 0; n < 500; n += 1) write(`line ${n}`);
    await ana.waitFor('log_update', ({ message }) => / lines skipped$/.test(String(message)));
    await arrived(ana);
    const sent = messages(ana).filter((message) => String(message).startsWith('line '));
    const skipped = messages(ana).flatMap((message) => /^(\d+) lines skipped$/.exec(String(message))?.[1] ?? []);
    expect(sent.length + skipped.reduce((sum, count) => sum + Number(count), 0)).toBe(500);
    expect(sent).toEqual(Array.from({ length: sent.length }, (_, n) => `line ${n}`));
  });

  it('logs:subscribe joins what was and what comes, without a gap and without a repetition', async () => {
    for (let n = 0; n < 10; n += 1) write(`line ${n}`, n % 2 === 0 ? 'info' : 'warn');
    // Written, but not told yet when the call arrives.
    const asked = ana.request('logs:subscribe', { history: 100, level: 'warn' });
    for (let n = 10; n < 30; n += 1) {
      write(`line ${n}`, n % 2 === 0 ? 'info' : 'warn');
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { logs } = (await asked).data as { logs: { message: string }[] };
    await arrived(ana);
    const seen = [...logs.map(({ message }) => message).reverse(), ...messages(ana)];
    expect(seen).toEqual([...Array.from({ length: 15 }, (_, n) => `line ${2 * n + 1}`), 'the end']);
    expect((await ana.request('logs:unsubscribe')).data).toEqual({ subscribed: false });
  });

  it('a connection that comes back within its two minutes goes on where it was', async () => {
    const cai = await open();
    const channelId = '11111111-1111-4111-8111-111111111111';
    cai.socket.emit('join_channel', { channelId, entityId: 'cai', entityName: 'Cai' });
    await cai.waitFor('channel_history');
    await subscribe(cai);
    write('before');
    await cai.waitFor('log_update');
    const { channels } = server.services;
    cai.socket.io.engine.close();
    await expect.poll(() => channels.get(channelId).members).toEqual([]);
    write('meanwhile');
    await channels.send({ channelId, serverId: channelId, text: 'Are you there?', entityId: 'ana' }, 'test');
    cai.socket.connect();
    await expect.poll(() => cai.socket.recovered).toBe(true);
    await cai.waitFor('messageBroadcast', ({ text }) => text === 'Are you there?');
    await arrived(cai);
    expect(messages(cai)).toEqual(['before', 'meanwhile', 'the end']);
    expect(channels.get(channelId).members).toEqual([{ entityId: 'cai', name: 'Cai' }]);
  });
});
