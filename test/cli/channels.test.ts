import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer } from '../support/server.ts';
import { run, start } from './harness.ts';

let server: Awaited<ReturnType<typeof startTestServer>>;
beforeEach(async () => {
  server = await startTestServer();
});
afterEach(() => server.close());

const cli = (...argv: string[]) => run(argv, { url: server.url });
const ROOM = '11111111-1111-4111-8111-111111111111';

describe('llamactor agents', () => {
  it('makes, changes, shows, lists and deletes an agent', async () => {
    expect(await cli('agents')).toMatchObject({ code: 0, out: expect.stringContaining('agents set NAME') as string });
    expect(await cli('agents', 'set', 'Helper', '--model', 'alpha', '--system', 'Be brief.')).toMatchObject({
      code: 0,
      out: 'Made the agent Helper.\n',
    });
    expect(await cli('agents', 'set', 'helper', '--temperature', '0.2', '--answers', 'always')).toMatchObject({
      out: 'Changed the agent Helper.\n',
    });
    const shown = JSON.parse((await cli('agents', 'show', 'Helper', '--json')).out) as { agent: object };
    expect(shown.agent).toMatchObject({
      name: 'Helper',
      model: 'alpha',
      systemPrompt: 'Be brief.',
      sampling: { temperature: 0.2 },
      answers: 'always',
    });
    expect((await cli('agents', 'list')).out).toMatch(/^NAME.*\nHelper\s+alpha\s+always\s+Be brief\.\n$/);
    expect((await cli('agents', 'show', 'Helper')).out).toContain('temperature 0.2');
    expect(await cli('agents', 'delete', 'Helper')).toMatchObject({ code: 0 });
    expect(await cli('agents', 'show', 'Helper')).toMatchObject({ code: 1, out: '' });
  });
});

describe('llamactor chat --channel', () => {
  it('says one thing in a channel by its name', async () => {
    await server.services.channels.create({
      channelId: ROOM,
      serverId: ROOM,
      name: 'Kitchen',
      topic: '',
      type: 'GROUP',
      agents: [],
      metadata: {},
    });
    expect(await cli('chat', '--channel', 'kitchen', '--as', 'Ana', 'Hello', 'all')).toMatchObject({
      code: 0,
      out: '',
    });
    const { messages } = await server.services.channels.page(ROOM, { limit: 5 });
    expect(messages).toMatchObject([{ text: 'Hello all', senderName: 'Ana', source: 'cli' }]);
  });

  it('with an agent’s name talks with it, and prints what it answers', async () => {
    await cli('agents', 'set', 'Helper');
    const said = await cli('chat', '--channel', 'Helper', 'Hello');
    expect(said.code).toBe(0);
    expect(said.out).toMatch(/^Helper: I could not answer: there is no model to answer with/);
    expect(server.services.channels.list()).toMatchObject([{ type: 'DM', name: 'Helper', messages: 2 }]);
  });

  it('prints what is said until the input ends, and says what is typed', async () => {
    const channel = await server.services.channels.create({
      channelId: ROOM,
      serverId: ROOM,
      name: 'Kitchen',
      topic: '',
      type: 'GROUP',
      agents: [],
      metadata: {},
    });
    const running = start(['chat', '--channel', channel.id], { url: server.url });
    await expect.poll(() => running.err()).toContain('In Kitchen as you');
    await server.services.channels.send(
      { channelId: ROOM, serverId: ROOM, text: 'Tea?', entityId: 'ben', entityName: 'Ben' },
      'test',
    );
    await expect.poll(() => running.out()).toBe('Ben: Tea?\n');
    running.stdin.write('Yes please\n');
    await expect.poll(() => running.out()).toBe('Ben: Tea?\nyou: Yes please\n');
    running.stdin.end();
    expect(await running.done).toBe(0);
  });

  it('that is not there is named, and a model or a channel is needed', async () => {
    expect(await cli('chat', '--channel', 'nowhere', 'Hello')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no channel nowhere') as string,
    });
    expect(await cli('chat')).toMatchObject({ code: 2, err: expect.stringContaining('--channel') as string });
  });
});
