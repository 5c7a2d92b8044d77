/** Rows E01–E16, E19 and E20 of the contracts, with three clients in two channels. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentDraft, DEFAULT_SERVER_ID } from '../../src/contracts/channels.ts';
import { startTestServer } from '../support/server.ts';
import { connectClient, fence } from '../support/socket-client.ts';
import type { ConnectOptions, TestClient } from '../support/socket-client.ts';

const ONE = '11111111-1111-4111-8111-111111111111';
const TWO = '22222222-2222-4222-8222-222222222222';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('channels (seed 004)', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  /** Ana and Ben are in the first channel, Cai is in the second. */
  let ana: TestClient;
  let ben: TestClient;
  let cai: TestClient;
  const clients: TestClient[] = [];

  const open = async (options: ConnectOptions = {}): Promise<TestClient> => {
    const client = await connectClient(server.url, options);
    clients.push(client);
    return client;
  };
  const join = async (client: TestClient, channelId: string, over: object = {}): Promise<void> => {
    client.socket.emit('join_channel', { channelId, ...over });
    await client.waitFor('channel_history', (payload) => payload['channelId'] === channelId);
  };
  /** Everything that was sent until now has arrived. */
  const settled = (): Promise<void> =>
    fence((message) => server.services.logs.write('info', 'server', message), clients);
  const message = (over: object = {}) => ({
    channelId: ONE,
    serverId: DEFAULT_SERVER_ID,
    text: 'Hello',
    entityId: 'ana',
    entityName: 'Ana',
    messageId: 'own-1',
    ...over,
  });
  const say = async (client: TestClient, over: object = {}): Promise<Record<string, unknown>> => {
    const sent = message(over);
    client.socket.emit('send_message', sent);
    return client.waitFor('messageAck', (payload) => payload['clientMessageId'] === sent.messageId);
  };
  const rest = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}/api/messaging${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as {
      success: boolean;
      data: Record<string, unknown> | null;
      error: { code: string; message: string } | null;
    };
    return { status: response.status, ...answer };
  };

  beforeEach(async () => {
    server = await startTestServer();
    [ana, ben, cai] = [await open(), await open({ path: '/llamaproxws', namespace: '/llamaproxws' }), await open()];
    await join(ana, ONE, { entityId: 'ana', entityName: 'Ana' });
    await join(ben, ONE, { entityId: 'ben', entityName: 'Ben' });
    await join(cai, TWO, { entityId: 'cai', entityName: 'Cai' });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await server.close();
  });

  describe('E01 join_channel', () => {
    it.each([
      ['join_channel', { channelId: 'a room' }],
      ['1', { channelId: 'a room' }],
      ['message', { type: 1, payload: { channelId: 'a room' } }],
      ['message', { type: 1, channelId: 'a room' }],
      ['join_channel', { roomId: 'a room' }],
      ['join_channel', { channelId: 'a room', roomId: 'another room' }],
    ])('as %s %j', async (event, payload) => {
      cai.forget();
      cai.socket.emit(event, payload);
      const joined = await cai.waitFor('channel_joined');
      expect(joined).toEqual({ message: 'Joined the channel a room.', channelId: 'a room', roomId: 'a room' });
      expect(await cai.waitFor('room_joined')).toEqual(joined);
      expect(server.services.channels.get('a room')).toMatchObject({ type: 'GROUP', agents: [] });
    });

    it('without a channel is refused, and joins nothing', async () => {
      const before = server.services.channels.list().length;
      for (const payload of [{}, { channelId: '' }, undefined, null, 'text', { entityId: 'cai' }]) {
        cai.forget();
        cai.socket.emit('join_channel', payload);
        expect(await cai.waitFor('messageError')).toMatchObject({ error: 'channelId is required for joining.' });
      }
      expect(server.services.channels.list()).toHaveLength(before);
    });

    it('gives the newest fifty messages, and older ones on request', async () => {
      const { channels } = server.services;
      for (let n = 0; n < 60; n += 1)
        await channels.send(
          { channelId: ONE, serverId: DEFAULT_SERVER_ID, text: `message ${n}`, entityId: 'ana' },
          'test',
        );
      await join(cai, ONE);
      const history = await cai.waitFor('channel_history', ({ channelId }) => channelId === ONE);
      const texts = (payload: Record<string, unknown>): unknown[] =>
        (payload['messages'] as { text: string }[]).map(({ text }) => text);
      expect(texts(history)).toEqual(Array.from({ length: 50 }, (_, n) => `message ${n + 10}`));
      expect(history['more']).toBe(true);
      const [oldest] = history['messages'] as { id: string }[];
      cai.forget();
      cai.socket.emit('channel_history', { channelId: ONE, before: oldest?.id });
      const older = await cai.waitFor('channel_history');
      expect(texts(older)).toEqual(Array.from({ length: 10 }, (_, n) => `message ${n}`));
      expect(older['more']).toBe(false);
    });

    it('with an agent and isDm makes a DM with it', async () => {
      const agent = await server.services.agents.save(null, AgentDraft.parse({ name: 'Helper' }), 'test');
      await join(cai, 'with helper', { agentId: agent.id, metadata: { isDm: true, colour: 'red' } });
      expect(cai.of('channel_joined').at(-1)).toMatchObject({ agentId: agent.id });
      expect(server.services.channels.get('with helper')).toMatchObject({
        type: 'DM',
        name: 'Helper',
        agents: [agent.id],
        metadata: { isDm: true, colour: 'red' },
      });
    });
  });

  describe('E02 send_message', () => {
    it.each([
      ['send_message', 'success', (payload: object) => payload],
      ['2', 'received_by_server_and_processing', (payload: object) => payload],
      ['message', 'received_by_server_and_processing', (payload: object) => ({ type: 2, payload })],
    ])('as %s is confirmed with %s', async (event, status, wrapped) => {
      ana.socket.emit(event, wrapped(message()));
      const ack = await ana.waitFor('messageAck');
      expect(ack).toEqual({ clientMessageId: 'own-1', messageId: expect.stringMatching(UUID) as string, status });
      expect(await ben.waitFor('messageBroadcast')).toMatchObject({ id: ack['messageId'], text: 'Hello' });
    });

    it('takes the other words for its fields', async () => {
      ana.socket.emit('send_message', {
        channelId: ONE,
        messageServerId: DEFAULT_SERVER_ID,
        message: 'Hello',
        senderId: 'ana',
        senderName: 'Ana',
      });
      expect(await ben.waitFor('messageBroadcast')).toMatchObject({
        text: 'Hello',
        senderId: 'ana',
        senderName: 'Ana',
      });
      expect(await ana.waitFor('messageAck')).not.toHaveProperty('clientMessageId');
    });

    it.each([
      [{ channelId: undefined }, 'channelId is required for sending.'],
      [{ channelId: 'a room' }, 'channelId must be a UUID.'],
      [{ serverId: undefined }, 'serverId is required for sending.'],
      [{ serverId: '0' }, 'serverId must be a UUID.'],
      [{ text: undefined }, 'text is required for sending.'],
      [{ text: '' }, 'text is required for sending.'],
      [{ text: 5 }, 'text is required for sending.'],
      [{ entityId: undefined }, 'entityId is required for sending.'],
      [{ text: 'x'.repeat(100_001) }, /Invalid text/],
      [{ attachments: 'none' }, /Invalid attachments/],
      [{ metadata: { x: 'x'.repeat(20_000) } }, /Invalid metadata/],
    ])('with %j is refused', async (over, error) => {
      ana.socket.emit('send_message', message(over));
      const refusal = await ana.waitFor('messageError');
      expect(refusal['error']).toEqual(typeof error === 'string' ? error : expect.stringMatching(error));
      expect(refusal['clientMessageId']).toBe('own-1');
      await settled();
      expect([ana, ben].flatMap((client) => client.of('messageBroadcast'))).toEqual([]);
    });

    it('takes no hostile payload for a message, and goes on', async () => {
      for (const payload of [null, 'text', [], 7, { channelId: {} }, { type: 'request' }])
        ana.socket.emit('send_message', payload);
      await say(ana);
      expect(ana.of('messageError')).toHaveLength(6);
    });

    it('answers a function that is passed all the same', async () => {
      expect(await ana.socket.timeout(5000).emitWithAck('send_message', message())).toMatchObject({ success: true });
      expect(await ana.socket.timeout(5000).emitWithAck('send_message', {})).toMatchObject({ success: false });
    });

    it('keeps the order in which one client sends, for everybody', async () => {
      const wanted = Array.from({ length: 40 }, (_, n) => `message ${n}`);
      for (const [n, text] of wanted.entries())
        ana.socket.emit('send_message', message({ text, messageId: `own-${n}` }));
      await ana.waitFor('messageAck', ({ clientMessageId }) => clientMessageId === 'own-39');
      await ben.waitFor('messageBroadcast', ({ text }) => text === 'message 39');
      for (const client of [ana, ben]) expect(client.of('messageBroadcast').map(({ text }) => text)).toEqual(wanted);
    });

    it('sent again over another connection is the same message; the same words twice over one are two', async () => {
      const first = await say(ana);
      const again = await open();
      ben.forget();
      again.socket.emit('send_message', message());
      expect(await again.waitFor('messageAck')).toMatchObject({ messageId: first['messageId'] });
      expect(again.of('messageBroadcast')).toMatchObject([{ id: first['messageId'], clientMessageId: 'own-1' }]);
      await settled();
      expect(ben.of('messageBroadcast')).toEqual([]);
      ana.forget();
      const second = await say(ana);
      expect(second['messageId']).not.toBe(first['messageId']);
      expect(await ben.waitFor('messageBroadcast')).toMatchObject({ id: second['messageId'] });
    });
  });

  it('E06 connection_established greets in its place', async () => {
    const late = await open({ auth: { agentId: 'agent-7' } });
    const greeting = await late.waitFor('connection_established');
    expect(greeting).toEqual({
      message: 'Connected to Eliza Socket.IO server',
      socketId: late.socket.id,
      agentId: 'agent-7',
    });
    const names = late.received.map(({ event }) => event);
    expect(names.indexOf('connection_established')).toBe(names.indexOf('connection:established') + 1);
    expect(ana.of('connection_established')[0]).not.toHaveProperty('agentId');
  });

  it('E07, E08 channel_joined and room_joined go to the one who joins', async () => {
    await settled();
    expect(ana.of('channel_joined')).toEqual(ana.of('room_joined'));
    for (const client of [ana, ben, cai]) expect(client.of('channel_joined')).toHaveLength(1);
  });

  it('E09 messageBroadcast reaches everybody in the channel, and nobody else', async () => {
    const attachments = [{ url: 'https://example.org/cat.png', type: 'image/png', width: 3 }];
    await say(ana, { attachments, inReplyToMessageId: 'earlier', metadata: { mood: 'good' } });
    const heard = await ben.waitFor('messageBroadcast');
    expect(heard).toEqual({
      id: expect.stringMatching(UUID) as string,
      senderId: 'ana',
      senderName: 'Ana',
      text: 'Hello',
      roomId: ONE,
      channelId: ONE,
      serverId: DEFAULT_SERVER_ID,
      createdAt: expect.any(Number) as number,
      source: 'client',
      inReplyToMessageId: 'earlier',
      attachments,
      metadata: { mood: 'good' },
    });
    expect(ana.of('messageBroadcast')).toEqual([{ ...heard, clientMessageId: 'own-1' }]);
    await settled();
    expect(cai.of('messageBroadcast')).toEqual([]);
    expect(ben.of('messageBroadcast')).toHaveLength(1);
  });

  it('E10 messageAck follows the broadcast, to the sender alone', async () => {
    const ack = await say(ana);
    const names = ana.received.map(({ event }) => event).filter((event) => event.startsWith('message'));
    expect(names).toEqual(['messageBroadcast', 'messageAck']);
    expect(ana.of('messageBroadcast')[0]?.['id']).toBe(ack['messageId']);
    await settled();
    expect([ben, cai].flatMap((client) => client.of('messageAck'))).toEqual([]);
  });

  it('E11 messageError goes to the sender alone', async () => {
    ana.socket.emit('send_message', message({ text: undefined }));
    await ana.waitFor('messageError');
    await settled();
    expect([ben, cai].flatMap((client) => client.of('messageError'))).toEqual([]);
  });

  describe('E12 messageComplete', () => {
    const agent = (over: object) =>
      server.services.agents.save(null, AgentDraft.parse({ name: 'Helper', ...over }), 'test');

    it('follows when the agent fails, whose failure is told in one sentence', async () => {
      const { id } = await agent({});
      await join(ana, ONE, { agentId: id });
      await say(ana, { text: 'Helper, are you there?' });
      const complete = await ben.waitFor('messageComplete');
      expect(complete).toEqual({ channelId: ONE, serverId: DEFAULT_SERVER_ID });
      const failed = ben.of('messageBroadcast').find(({ senderId }) => senderId === id);
      expect(failed).toMatchObject({ senderName: 'Helper', source: 'agent' });
      expect(failed?.['text']).toMatch(/^I could not answer: there is no model .*[.]$/);
      const names = ben.received.map(({ event }) => event).filter((event) => event.startsWith('message'));
      expect(names).toEqual(['messageBroadcast', 'messageBroadcast', 'messageComplete']);
      expect(cai.of('messageComplete')).toEqual([]);
    });

    it.each([
      ['was not mentioned', { answers: 'usual' }],
      ['never answers', { answers: 'never' }],
    ])('follows when the agent %s', async (_, over) => {
      const { id } = await agent(over);
      await join(ana, ONE, { agentId: id });
      await say(ana, { text: over.answers === 'never' ? 'Helper?' : 'Hello, all.' });
      expect(await ben.waitFor('messageComplete')).toEqual({ channelId: ONE, serverId: DEFAULT_SERVER_ID });
      await settled();
      expect(ben.of('messageBroadcast')).toHaveLength(1);
    });

    it('follows when an agent that lives elsewhere says so', async () => {
      expect(await rest('POST', '/complete', { channel_id: ONE, server_id: DEFAULT_SERVER_ID })).toMatchObject({
        status: 200,
        success: true,
      });
      expect(await ana.waitFor('messageComplete')).toEqual({ channelId: ONE, serverId: DEFAULT_SERVER_ID });
      expect(await rest('POST', '/complete', { channel_id: 'x' })).toMatchObject({ status: 400 });
      await settled();
      expect(cai.of('messageComplete')).toEqual([]);
    });
  });

  describe.each([
    [
      'E13 messageDeleted',
      'messageDeleted',
      'delete_message',
      (messageId: string) => ({ channelId: ONE, messageId }),
      (messageId: string) => ['DELETE', `/channels/${ONE}/messages/${messageId}`, undefined] as const,
      (messageId: string) => ({ messageId, channelId: ONE }),
    ],
    [
      'E14 channelCleared',
      'channelCleared',
      'clear_channel',
      () => ({ channelId: ONE }),
      () => ['DELETE', `/channels/${ONE}/messages`, undefined] as const,
      () => ({ channelId: ONE }),
    ],
    [
      'E15 channelUpdated',
      'channelUpdated',
      'update_channel',
      () => ({ channelId: ONE, updates: { name: 'Tests', topic: 'Rows', metadata: { a: 1 } } }),
      () => ['PATCH', `/channels/${ONE}`, { name: 'Tests', topic: 'Rows', metadata: { a: 1 } }] as const,
      () => ({ channelId: ONE, updates: { name: 'Tests', topic: 'Rows', metadata: { a: 1 } } }),
    ],
    [
      'E16 channelDeleted',
      'channelDeleted',
      'delete_channel',
      () => ({ channelId: ONE }),
      () => ['DELETE', `/channels/${ONE}`, undefined] as const,
      () => ({ channelId: ONE }),
    ],
  ])('%s', (_, event, command, payload, request, told) => {
    const after = async (): Promise<void> => {
      await settled();
      expect(cai.of(event)).toEqual([]);
      const channel = server.services.channels.list().find(({ id }) => id === ONE);
      if (event === 'channelDeleted') expect(channel).toBeUndefined();
      else if (event === 'channelUpdated')
        expect(channel).toMatchObject({ name: 'Tests', topic: 'Rows', metadata: { a: 1 } });
      else expect((await server.services.channels.page(ONE, { limit: 10 })).messages).toEqual([]);
    };

    it('by socket', async () => {
      const { messageId } = await say(ana);
      ana.socket.emit(command, payload(String(messageId)));
      for (const client of [ana, ben]) expect(await client.waitFor(event)).toEqual(told(String(messageId)));
      await after();
    });

    it('by REST', async () => {
      const { messageId } = await say(ana);
      const [method, path, body] = request(String(messageId));
      expect(await rest(method, path, body)).toMatchObject({ status: 200, success: true, error: null });
      for (const client of [ana, ben]) expect(await client.waitFor(event)).toEqual(told(String(messageId)));
      await after();
    });

    it('of what is not there is refused', async () => {
      const missing = '99999999-9999-4999-8999-999999999999';
      const [method, path, body] = request(missing);
      expect(await rest(method, path.replace(ONE, missing), body)).toMatchObject({
        status: 404,
        error: { code: 'NOT_FOUND' },
      });
      ana.socket.emit(command, { ...payload(missing), channelId: missing });
      expect(await ana.waitFor('messageError')).toMatchObject({ code: 'NOT_FOUND' });
      ana.socket.emit(command, {});
      expect(await ana.waitFor('messageError', ({ code }) => code === 'INVALID_PAYLOAD')).toMatchObject({
        error: expect.stringMatching(/^channelId is required for/) as string,
      });
    });
  });

  it('a channel and its messages by REST', async () => {
    const made = await rest('POST', '/channels', { channelId: '33333333-3333-4333-8333-333333333333', name: 'Three' });
    expect(made).toMatchObject({ status: 200, data: { channel: { name: 'Three', messages: 0 } } });
    const sent = await rest('POST', `/central-channels/${ONE}/messages`, {
      author_id: 'script',
      content: 'From a script',
    });
    expect(sent).toMatchObject({ status: 200, data: { message: { source: 'rest', senderId: 'script' } } });
    for (const client of [ana, ben])
      expect(await client.waitFor('messageBroadcast')).toMatchObject({ text: 'From a script' });
    await rest('POST', '/submit', {
      channel_id: ONE,
      server_id: DEFAULT_SERVER_ID,
      author_id: 'script',
      content: 'Twice',
    });
    const page = await rest('GET', `/channels/${ONE}/messages?limit=1`);
    expect(page.data).toMatchObject({ messages: [{ text: 'Twice' }], more: true });
    expect(await rest('GET', `/channels/${ONE}/messages?limit=many`)).toMatchObject({ status: 400 });
    expect(await rest('POST', `/channels/${ONE}/messages`, { author_id: 'script' })).toMatchObject({ status: 400 });
    const list = (await rest('GET', '/channels')).data?.['channels'] as { id: string }[];
    expect(new Set(list.map(({ id }) => id))).toEqual(new Set([ONE, TWO, '33333333-3333-4333-8333-333333333333']));
  });

  describe('E19 the limit', () => {
    it('is sixty events per minute and address, over all its connections, and only for these events', async () => {
      // Three joins came before.
      for (let n = 0; n < 57; n += 1)
        await (n % 2 === 0 ? ana : cai).socket.timeout(5000).emitWithAck('set_log_filter', {});
      ana.socket.emit('send_message', message());
      const refusal = await ana.waitFor('messageError');
      expect(refusal).toMatchObject({ code: 'RATE_LIMITED', clientMessageId: 'own-1' });
      expect(refusal['error']).toMatch(/^Too many events from this address; try again in \d+ s\.$/);
      expect(ana.of('messageAck')).toEqual([]);
      expect((await ana.ack('models:list', {})).success).toBe(true);
      expect((await ana.ack('channels:send', message())).success).toBe(true);
    });

    it('can be configured, and lifted', async () => {
      await server.services.config.update({ channelEventsPerMinute: 2 }, 'test');
      for (let n = 0; n < 3; n += 1) ana.socket.emit('set_log_filter', {});
      await ana.waitFor('messageError', ({ code }) => code === 'RATE_LIMITED');
      await server.services.config.update({ channelEventsPerMinute: 0 }, 'test');
      for (let n = 0; n < 100; n += 1) ana.socket.emit('send_message', message({ messageId: `own-${n}` }));
      await ana.waitFor('messageAck', ({ clientMessageId }) => clientMessageId === 'own-99');
      expect(ana.of('messageError')).toHaveLength(1);
    });
  });

  it('E20 controlMessage locks the input of a channel that wants it while its agent works', async () => {
    const { id } = await server.services.agents.save(null, AgentDraft.parse({ name: 'Helper' }), 'test');
    const channelId = '44444444-4444-4444-8444-444444444444';
    await join(cai, channelId, { agentId: id, metadata: { isDm: true, lockInput: true } });
    await say(cai, { channelId, entityId: 'cai' });
    await cai.waitFor('messageComplete');
    await cai.waitFor('controlMessage', ({ action }) => action === 'enable_input');
    expect(cai.of('controlMessage')).toEqual([
      { action: 'disable_input', channelId },
      { action: 'enable_input', channelId },
    ]);
  });

  it('members come and go with their connections', async () => {
    const { channels } = server.services;
    expect(channels.get(ONE).members.map(({ name }) => name)).toEqual(['Ana', 'Ben']);
    ben.close();
    await expect.poll(() => channels.get(ONE).members.map(({ name }) => name)).toEqual(['Ana']);
    ana.socket.emit('leave_channel', { channelId: ONE });
    await ana.waitFor('channel_left');
    expect(channels.get(ONE).members).toEqual([]);
  });

  it('the flow of the seed’s example runs as written', async () => {
    const socket = (await open()).socket;
    const heard: unknown[] = [];
    const reply = new Promise<Record<string, unknown>>((resolve) => {
      socket.on('messageBroadcast', (said: Record<string, unknown>) => {
        heard.push(said);
        resolve(said);
      });
    });
    socket.on('channel_joined', (data: { channelId: string }) => {
      socket.emit('send_message', {
        channelId: data.channelId,
        serverId: DEFAULT_SERVER_ID,
        text: 'Hello!',
        entityId: 'user-123',
        entityName: 'User',
      });
    });
    socket.emit('join_channel', {
      channelId: '123e4567-e89b-12d3-a456-426614174000',
      agentId: '987fcdeb-51a2-43f1-b012-123456789abc',
      entityId: 'user-123',
    });
    expect(await reply).toMatchObject({ text: 'Hello!', senderName: 'User' });
    expect(heard).toHaveLength(1);
  });
});
