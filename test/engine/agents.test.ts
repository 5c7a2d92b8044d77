/** Agents in channels over the real llama-server: what they say, and that a turn always ends and says why. */
import { afterEach, describe, expect, it } from 'vitest';
import { AgentDraft, DEFAULT_SERVER_ID } from '../../src/contracts/channels.ts';
import type { AgentView } from '../../src/contracts/channels.ts';
import { startEngineApp } from '../support/engine-app.ts';
import type { EngineApp } from '../support/engine-app.ts';
import { tinyModel } from '../support/gguf.ts';
import { connectClient } from '../support/socket-client.ts';
import type { TestClient } from '../support/socket-client.ts';

const DM = '11111111-1111-4111-8111-111111111111';
const GROUP = '22222222-2222-4222-8222-222222222222';
const SENTENCE = 'I am the model that answers here.';
const LONG = `${Array.from({ length: 300 }, (_, n) => `word${n}`).join(' ')}.`;

let engine: EngineApp | null = null;
const clients: TestClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await engine?.stop();
  engine = null;
});

const start = async (...args: Parameters<typeof startEngineApp>): Promise<EngineApp> => {
  engine = await startEngineApp(...args);
  await engine.app.services.config.update({ channelEventsPerMinute: 0 }, 'test');
  return engine;
};
const one =
  (options: Parameters<typeof tinyModel>[2] = {}) =>
  (folder: string): Promise<string> =>
    tinyModel(folder, 'alpha.gguf', { sentence: SENTENCE, ...options });
const open = async (e: EngineApp): Promise<TestClient> => {
  const client = await connectClient(e.app.url.replace('localhost', '127.0.0.1'));
  clients.push(client);
  return client;
};
const agent = (e: EngineApp, over: object = {}): Promise<AgentView> =>
  e.app.services.agents.save(null, AgentDraft.parse({ name: 'Helper', model: 'alpha', ...over }), 'test');
/** A client in a channel with the agent. */
const meet = async (e: EngineApp, { id }: AgentView, channelId = DM): Promise<TestClient> => {
  const client = await open(e);
  const metadata = channelId === DM ? { isDm: true } : { channelType: 'GROUP' };
  client.socket.emit('join_channel', { channelId, agentId: id, entityId: 'ana', entityName: 'Ana', metadata });
  await client.waitFor('channel_history');
  return client;
};
let sent = 0;
const say = (client: TestClient, text: string, channelId = DM): void => {
  const messageId = `own-${(sent += 1)}`;
  client.socket.emit('send_message', {
    channelId,
    serverId: DEFAULT_SERVER_ID,
    text,
    entityId: 'ana',
    entityName: 'Ana',
    messageId,
  });
};
const answers = (client: TestClient): Record<string, unknown>[] =>
  client.of('messageBroadcast').filter(({ source }) => source === 'agent');
const completes = async (client: TestClient, count = 1): Promise<void> => {
  await expect.poll(() => client.of('messageComplete').length, { timeout: 30_000 }).toBeGreaterThanOrEqual(count);
};

describe('an agent', () => {
  it('answers in a DM with a model that was not loaded, piece by piece and then as a whole', async () => {
    const e = await start(one());
    const helper = await agent(e);
    const ana = await meet(e, helper);
    expect(e.model('alpha').state).toBe('unloaded');
    say(ana, 'Hello');
    await completes(ana);
    expect(e.model('alpha').state).toBe('loaded');
    expect(answers(ana)).toMatchObject([
      { text: SENTENCE, senderId: helper.id, senderName: 'Helper', actions: ['REPLY'], metadata: { model: 'alpha' } },
    ]);
    const chunks = ana.of('messageStreamChunk');
    expect(chunks.map(({ chunk }) => chunk).join('')).toBe(SENTENCE);
    expect(chunks.map(({ index }) => index)).toEqual(chunks.map((_, n) => n));
    expect(new Set(chunks.map(({ messageId }) => messageId))).toEqual(new Set([answers(ana)[0]?.['id']]));
    const order = ana.received.map(({ event }) => event).filter((event) => /^message/.test(event));
    expect(order.slice(0, 2)).toEqual(['messageBroadcast', 'messageAck']);
    expect(order.slice(-2)).toEqual(['messageBroadcast', 'messageComplete']);
    const states = ana.of('channelTurn').map(({ state }) => state);
    expect([...new Set(states)]).toEqual(['thinking', 'streaming', 'idle']);
    expect(ana.of('channelTurn')[0]).toMatchObject({ agentName: 'Helper', state: 'thinking' });
  });

  it('answers in a group when it is mentioned, and otherwise lets it be', async () => {
    const e = await start(one());
    const ana = await meet(e, await agent(e), GROUP);
    say(ana, 'Hello, everybody.', GROUP);
    await completes(ana);
    expect(answers(ana)).toEqual([]);
    say(ana, '@helper what do you think?', GROUP);
    await completes(ana, 2);
    expect(answers(ana)).toMatchObject([{ text: SENTENCE, roomId: GROUP }]);
  });

  it('keeps what it thinks apart from what it says', async () => {
    const e = await start(one({ sentence: '<think>They greet me.</think>Good day.' }));
    const ana = await meet(e, await agent(e));
    say(ana, 'Hello');
    await completes(ana);
    expect(answers(ana)).toMatchObject([{ text: 'Good day.', thought: 'They greet me.' }]);
    const said = (thought: boolean): string =>
      ana
        .of('messageStreamChunk')
        .filter((chunk) => chunk['thought'] === thought)
        .map(({ chunk }) => chunk)
        .join('');
    expect(said(true)).toBe('They greet me.');
    expect(said(false)).toBe('Good day.');
  });

  it('says that it could not finish when its model crashes, and answers again afterwards', async () => {
    const e = await start(one({ sentence: LONG, contextLength: 8192 }));
    const ana = await meet(e, await agent(e));
    say(ana, 'Go');
    await ana.waitFor('messageStreamChunk');
    process.kill(e.model('alpha').pid as number, 'SIGKILL');
    await completes(ana);
    const [partial, notice] = answers(ana);
    expect(LONG.startsWith(String(partial?.['text']))).toBe(true);
    expect(partial).toMatchObject({ metadata: { incomplete: true } });
    expect(notice?.['text']).toMatch(/^I could not finish: alpha stopped while it answered.*\.$/);
    expect(notice).toMatchObject({ metadata: { failure: { code: 'UPSTREAM_FAILED' } } });
    await e.until('alpha', ({ state }) => state === 'loaded');
    say(ana, 'Again');
    await completes(ana, 2);
    expect(answers(ana).at(-1)).toMatchObject({ text: LONG });
  });

  it('says why when its model does not fit, or cannot be loaded, or is not there', async () => {
    const e = await start(
      async (folder) => {
        await tinyModel(folder, 'huge.gguf', { padToBytes: 40 * 1024 * 1024 });
        await tinyModel(folder, 'alpha.gguf', { sentence: SENTENCE });
      },
      { freeMemory: () => ({ ram: 1024 * 1024, gpus: [] }) },
    );
    const helper = await agent(e, { model: 'huge' });
    const ana = await meet(e, helper);
    say(ana, 'Hello');
    await completes(ana);
    expect(answers(ana)).toMatchObject([{ metadata: { failure: { code: 'DOES_NOT_FIT' } } }]);
    expect(answers(ana)[0]?.['text']).toMatch(/^I could not answer: .*huge.*\.$/);
    await e.app.services.agents.save(helper.id, { ...helper, model: 'nowhere' }, 'test');
    say(ana, 'Hello');
    await completes(ana, 2);
    expect(answers(ana).at(-1)?.['text']).toMatch(/^I could not answer: there is no model nowhere\./);
    await e.app.services.router.stop('test');
    await e.app.services.agents.save(helper.id, { ...helper, model: 'alpha' }, 'test');
    say(ana, 'Hello');
    await completes(ana, 3);
    expect(answers(ana).at(-1)?.['text']).toMatch(/^I could not answer: the router/);
  });

  it('remembers as much as its model’s context holds', async () => {
    const e = await start(one({ contextLength: 2048 }));
    const ana = await meet(e, await agent(e, { memoryMessages: 1000 }));
    const { channels } = e.app.services;
    for (let n = 0; n < 40; n += 1)
      await channels.send(
        { channelId: DM, serverId: DEFAULT_SERVER_ID, text: `${n} ${'much '.repeat(60)}`, entityId: 'ana' },
        'test',
      );
    await completes(ana);
    await expect.poll(() => channels.turns(DM), { timeout: 30_000 }).toEqual([]);
    expect(answers(ana).length).toBeGreaterThan(0);
    for (const answer of answers(ana)) expect(answer['text']).toBe(SENTENCE);
  });

  it('folds what is said meanwhile into one turn, shows that it waits, and is not held up by keys', async () => {
    const e = await start(one());
    await fetch(`${e.app.url}/api/commands/keys:create`, {
      method: 'POST',
      body: JSON.stringify({ name: 'ana', scopes: ['admin'] }),
    });
    await e.app.services.models.update('alpha', { concurrency: 1 }, 'test');
    const { pid } = await e.app.services.models.load('alpha', 'test');
    await meet(e, await agent(e));
    await e.app.services.config.update({ requireKeys: true }, 'test');
    await expect.poll(() => e.app.services.keys.required()).toBe(true);
    const { channels } = e.app.services;
    const tell = (text: string) =>
      channels.send({ channelId: DM, serverId: DEFAULT_SERVER_ID, text, entityId: 'ana' }, 'test');
    process.kill(pid as number, 'SIGSTOP');
    try {
      for (const text of ['one', 'two', 'three']) await tell(text);
      await expect.poll(() => channels.turns(DM)).toMatchObject([{ state: 'thinking', queued: 2 }]);
    } finally {
      process.kill(pid as number, 'SIGCONT');
    }
    await expect.poll(() => channels.turns(DM), { timeout: 30_000 }).toEqual([]);
    const { messages } = await channels.page(DM, { limit: 50 });
    expect(messages.map(({ text }) => text)).toEqual(['one', 'two', 'three', SENTENCE, SENTENCE]);
  });

  it('shows its place in the line of its model', async () => {
    const e = await start(one());
    await e.app.services.models.update('alpha', { concurrency: 1 }, 'test');
    const { pid } = await e.app.services.models.load('alpha', 'test');
    const helper = await agent(e);
    const ana = await meet(e, helper);
    process.kill(pid as number, 'SIGSTOP');
    try {
      const busy = e.post('/v1/chat/completions', { model: 'alpha', messages: [{ role: 'user', content: 'First' }] });
      await expect.poll(() => e.model('alpha').inFlight).toBe(1);
      const next = e.post('/v1/chat/completions', { model: 'alpha', messages: [{ role: 'user', content: 'Second' }] });
      await expect.poll(() => e.app.services.router.view().inFlight).toBe(2);
      say(ana, 'Hello');
      await ana.waitFor('channelTurn', ({ note }) => note === 'waiting for the model: 2nd');
      process.kill(pid as number, 'SIGCONT');
      await Promise.all([busy, next]);
    } finally {
      process.kill(pid as number, 'SIGCONT');
    }
    await completes(ana);
    expect(answers(ana)).toMatchObject([{ text: SENTENCE }]);
  });

  it('stops when it is told to, and what it wrote stays', async () => {
    const e = await start(one({ sentence: LONG, contextLength: 8192 }));
    const ana = await meet(e, await agent(e));
    say(ana, 'Go');
    await ana.waitFor('messageStreamChunk');
    expect((await ana.request('channels:cancel', { channelId: DM })).data).toEqual({ cancelled: 1 });
    await completes(ana);
    const [partial, ...others] = answers(ana);
    expect(partial).toMatchObject({ metadata: { incomplete: true } });
    expect(LONG.startsWith(String(partial?.['text']))).toBe(true);
    expect(others).toEqual([]);
    await expect.poll(() => e.model('alpha').inFlight).toBe(0);
  });

  it('gives up after its time, and says so', async () => {
    const e = await start(one());
    const { pid } = await e.app.services.models.load('alpha', 'test');
    const ana = await meet(e, await agent(e, { timeout: 1 }));
    process.kill(pid as number, 'SIGSTOP');
    say(ana, 'Hello');
    await completes(ana);
    process.kill(pid as number, 'SIGCONT');
    expect(answers(ana)).toMatchObject([
      { text: 'I could not answer: it took longer than 1 s; ask for less, or give the agent more time.' },
    ]);
  });
});
