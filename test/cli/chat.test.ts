import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { inferenceUrl } from '../../src/cli/commands/chat.ts';
import { startTestServer } from '../support/server.ts';
import { memoryRouter } from '../support/memory-views.ts';
import { freePort } from './free-port.ts';
import { run, start } from './harness.ts';

interface Asked {
  body: { model: string; messages: { role: string; content: string }[]; [key: string]: unknown };
  response: ServerResponse;
  closed: Promise<void>;
}

const chunk = (delta: Record<string, unknown>, more: Record<string, unknown> = {}): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null, ...more }] })}\n\n`;
const tail = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 3 }, timings: { predicted_per_second: 42.5 } })}\n\ndata: [DONE]\n\n`;

let control: Awaited<ReturnType<typeof startTestServer>>;
let router: Server;
let asked: Asked[];
let answer: (asked: Asked) => void;
let routerUrl: string;

const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  let body = '';
  for await (const piece of request) body += String(piece);
  const one: Asked = {
    body: JSON.parse(body) as Asked['body'],
    response,
    closed: new Promise((resolve) => response.on('close', resolve)),
  };
  asked.push(one);
  answer(one);
};
const stream =
  (...pieces: string[]) =>
  ({ response }: Asked): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const piece of pieces) response.write(piece);
    response.end();
  };

beforeEach(async () => {
  asked = [];
  answer = stream(
    chunk({ role: 'assistant' }),
    ': waiting\n\n',
    chunk({ content: 'Hel' }),
    chunk({ content: 'lo' }),
    chunk({}, { finish_reason: 'stop' }),
    tail,
  );
  router = createServer((request, response) => void receive(request, response));
  await new Promise<void>((resolve) => router.listen(0, '127.0.0.1', resolve));
  routerUrl = `http://127.0.0.1:${(router.address() as AddressInfo).port}`;
  control = await startTestServer();
  control.services.control.setRouter({ url: routerUrl });
});
afterEach(async () => {
  router.closeAllConnections();
  await new Promise((resolve) => router.close(resolve));
  await control.close();
});
const cli = (argv: string[], more: Parameters<typeof run>[1] = {}) => run(argv, { url: control.url, ...more });

describe('one message', () => {
  it('streams the answer to stdout and the figures to stderr', async () => {
    const outcome = await cli([
      'chat',
      'alpha.gguf',
      'say',
      'hello',
      '-s',
      'Be brief.',
      '--max-tokens',
      '9',
      '--temperature',
      '0',
    ]);
    expect(outcome).toMatchObject({ code: 0, out: 'Hello\n' });
    expect(outcome.err).toMatch(/^3 tokens, 42\.5 tokens\/s, first token after .+\n$/);
    expect(asked[0]?.body).toMatchObject({
      model: 'alpha',
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 9,
      temperature: 0,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'say hello' },
      ],
    });
  });

  it('reads a piped message', async () => {
    expect((await cli(['chat', 'alpha'], { stdin: 'from a pipe\n' })).out).toBe('Hello\n');
    expect(asked[0]?.body.messages).toEqual([{ role: 'user', content: 'from a pipe' }]);
    expect(await cli(['chat', 'alpha'], { stdin: ' \n' })).toMatchObject({ code: 2 });
  });

  it('--json is one document', async () => {
    answer = stream(
      chunk({ reasoning_content: 'hm' }),
      chunk({ content: 'Hi' }),
      chunk({}, { finish_reason: 'length' }),
      tail,
    );
    const outcome = await cli(['chat', 'alpha', 'hi', '--json']);
    expect(outcome.err).toBe('');
    expect(outcome.json()).toMatchObject({
      model: 'alpha',
      content: 'Hi',
      reasoning: 'hm',
      finishReason: 'length',
      promptTokens: 5,
      completionTokens: 3,
      tokensPerSecond: 42.5,
    });
  });

  it('shows thoughts on a terminal only, and no escape sequences of a model anywhere', async () => {
    answer = stream(
      chunk({ reasoning_content: 'thought ' }),
      chunk({ content: 'a\u001b[2Jb' }),
      chunk({}, { finish_reason: 'stop' }),
      tail,
    );
    expect((await cli(['chat', 'alpha', 'hi'])).out).toBe('a\uFFFD[2Jb\n');
    const terminal = await cli(['chat', 'alpha', 'hi', '--no-color'], { terminal: 80 });
    expect(terminal.out).toBe('thought a\uFFFD[2Jb\n');
  });

  it('shows how far the load is while it waits', async () => {
    const hold = { go: (): void => undefined };
    answer = (one) => {
      hold.go = () => stream(chunk({ content: 'Hi' }), tail)(one);
    };
    const running = start(['chat', 'alpha', 'hi'], { url: control.url });
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    control.services.control.tick('alpha', { state: 'loading', progress: 40 });
    await vi.waitFor(() => expect(running.err()).toContain('loading alpha: 40 %'));
    hold.go();
    expect(await running.done).toBe(0);
    expect(running.out()).toBe('Hi\n');
  });
});

describe('failures', () => {
  const refuse =
    (status: number, body: unknown, headers: Record<string, string> = {}) =>
    ({ response }: Asked): void => {
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(typeof body === 'string' ? body : JSON.stringify(body));
    };

  it.each([
    [
      refuse(
        503,
        { error: { message: 'alpha failed to load: out of memory.', code: 'UPSTREAM_FAILED' } },
        { 'retry-after': '4' },
      ),
      'alpha failed to load: out of memory.',
    ],
    [
      refuse(400, {
        error: { message: 'The request exceeds the context.', type: 'exceed_context_size_error', code: 400 },
      }),
      'exceeds the context',
    ],
    [refuse(500, 'no json'), 'HTTP 500'],
    [
      stream(
        chunk({ content: 'Hel' }),
        `data: ${JSON.stringify({ error: { message: 'The model was unloaded.', code: 'UPSTREAM_FAILED' } })}\n\n`,
      ),
      'The model was unloaded.',
    ],
    [stream(chunk({ content: 'Hel' })), 'ended before it was finished'],
    [
      ({ response }: Asked) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(chunk({ content: 'Hel' }), () => response.destroy());
      },
      'The answer broke off',
    ],
  ])('exit code 1 and the cause (%#)', async (how, words) => {
    answer = how;
    const outcome = await cli(['chat', 'alpha', 'hi']);
    expect(outcome.code).toBe(1);
    expect(outcome.err).toContain(words);
    expect(outcome.out === '' || outcome.out === 'Hel\n').toBe(true);
  });

  it('--json carries the code and when to try again', async () => {
    answer = refuse(503, { error: { message: 'Full.', code: 'QUEUE_FULL' } }, { 'retry-after': '4' });
    expect((await cli(['chat', 'alpha', 'hi', '--json'])).json()).toMatchObject({
      error: { code: 'QUEUE_FULL', retryAfter: 4 },
    });
  });

  it('an unknown model is not even asked for', async () => {
    expect(await cli(['chat', 'nobody', 'hi'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('nobody') as string,
    });
    expect(asked).toEqual([]);
  });

  it('a router that is stopped or does not answer', async () => {
    control.services.control.setRouter({ url: `http://127.0.0.1:${await freePort()}` });
    expect(await cli(['chat', 'alpha', 'hi'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not answer (ECONNREFUSED)') as string,
    });
    control.services.control.setRouter({ url: null, running: false, state: 'unloaded' });
    expect(await cli(['chat', 'alpha', 'hi'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('The router is unloaded') as string,
    });
  });

  it('gives up on silence', async () => {
    answer = ({ response }) => response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    const outcome = await cli(['chat', 'alpha', 'hi', '--timeout', '300ms']);
    expect(outcome).toMatchObject({ code: 1, err: expect.stringContaining('silent for 0.3 s') as string });
  });

  it('Ctrl-C ends the request at the router', async () => {
    answer = ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk({ content: 'Hel' }));
    };
    const running = start(['chat', 'alpha', 'hi'], { url: control.url });
    await vi.waitFor(() => expect(running.out()).toBe('Hel'));
    running.signal('SIGINT');
    expect(await running.done).toBe(130);
    await asked[0]?.closed;
    expect(asked).toHaveLength(1);
  });
});

describe('a conversation', () => {
  const converse = () =>
    start(['chat', 'alpha', '--no-color'], { url: control.url, stdinIsTerminal: true, terminal: 80 });

  it('remembers, forgets at /clear and ends with Ctrl-D', async () => {
    const running = converse();
    await vi.waitFor(() => expect(running.out()).toContain('> '));
    running.stdin.write('one\r');
    await vi.waitFor(() => expect(running.err()).toContain('42.5 tokens/s'));
    running.stdin.write('two\r');
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    expect(asked[1]?.body.messages).toEqual([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: 'two' },
    ]);
    await vi.waitFor(() => expect(running.err().match(/42\.5/g)).toHaveLength(2));
    running.stdin.write('/clear\r');
    running.stdin.write('three\r');
    await vi.waitFor(() => expect(asked).toHaveLength(3));
    expect(asked[2]?.body.messages).toEqual([{ role: 'user', content: 'three' }]);
    await vi.waitFor(() => expect(running.err().match(/42\.5/g)).toHaveLength(3));
    running.stdin.write('\u0004');
    expect(await running.done).toBe(0);
  });

  it('a failed answer is forgotten and the next one starts clean', async () => {
    answer = ({ response }) => response.writeHead(500).end(JSON.stringify({ error: { message: 'Out of luck.' } }));
    const running = converse();
    await vi.waitFor(() => expect(running.out()).toContain('> '));
    running.stdin.write('one\r');
    await vi.waitFor(() => expect(running.err()).toContain('Out of luck.'));
    answer = stream(chunk({ content: 'fine' }), tail);
    running.stdin.write('two\r');
    await vi.waitFor(() => expect(running.out()).toContain('fine'));
    expect(asked[1]?.body.messages).toEqual([{ role: 'user', content: 'two' }]);
    running.stdin.write('/exit\r');
    expect(await running.done).toBe(0);
  });

  it('Ctrl-C stops an answer, and at the prompt the conversation', async () => {
    answer = ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk({ content: 'endless' }));
    };
    const running = converse();
    await vi.waitFor(() => expect(running.out()).toContain('> '));
    running.stdin.write('one\r');
    await vi.waitFor(() => expect(running.out()).toContain('endless'));
    running.stdin.write('\u0003');
    await vi.waitFor(() => expect(running.err()).toContain('stopped'));
    await asked[0]?.closed;
    running.stdin.write('\u0003');
    expect(await running.done).toBe(130);
  });

  it('needs a message for --json', async () => {
    expect(await run(['chat', 'alpha', '--json'], { url: control.url, stdinIsTerminal: true })).toMatchObject({
      code: 2,
    });
  });
});

describe('where to ask', () => {
  it.each([
    ['http://127.0.0.1:8080', 'http://localhost:3000', 'http://127.0.0.1:8080'],
    ['http://127.0.0.1:8080', 'http://box:3000', 'http://box:3000'],
    ['http://box:8080', 'http://box:3000', 'http://box:8080'],
  ])('router %s, server %s → %s', (url, server, expected) => {
    expect(inferenceUrl({ ...memoryRouter(), url }, server)).toBe(expected);
  });
});
