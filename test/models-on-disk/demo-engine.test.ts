/** The written files against the real llama-server: a GGUF that only its own reader accepts would be worth nothing. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { DEMO_SENTENCE } from '../../src/io/gguf/demo-model.ts';
import { readGgufHeader } from '../../src/io/models/inspect-file.ts';
import { parametersToArgs } from '../../src/io/presets/index.ts';
import { tinyModel, truncatedModel, unknownArchitectureModel } from '../support/gguf.ts';
import { realEngine } from '../support/real-engine.ts';
import { temporaryFolder } from './temp-folder.ts';

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const start = async (
  model: string,
  extra: string[] = [],
): Promise<{ base: string; child: ChildProcess; stderr: () => string }> => {
  const engine = await realEngine();
  const port = await freePort();
  const args = ['--model', model, '--host', '127.0.0.1', '--port', String(port), '--log-colors', 'off', ...extra];
  const child = spawn(engine.command, [...engine.prefixArgs, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return { base: `http://127.0.0.1:${port}`, child, stderr: () => stderr };
};

const serve = async (model: string, extra: string[] = []): Promise<string> => {
  const { base, child, stderr } = await start(model, extra);
  const ready = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    expect((await fetch(`${base}/health`)).status).toBe(200);
  };
  await vi.waitFor(ready, { timeout: 60_000, interval: 25 });
  expect(child.exitCode, stderr()).toBeNull();
  return base;
};

interface Message {
  content: string | null;
  tool_calls?: { function: { name: string; arguments: string } }[];
}
const post = async (base: string, path: string, body: object): Promise<Response> =>
  fetch(base + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const chat = async (
  base: string,
  content: string,
  extra: object = {},
): Promise<{ message: Message; finish_reason: string }> => {
  const response = await post(base, '/v1/chat/completions', {
    messages: [{ role: 'user', content }],
    temperature: 0,
    ...extra,
  });
  expect(response.status).toBe(200);
  const { choices } = (await response.json()) as { choices: { message: Message; finish_reason: string }[] };
  const [choice] = choices;
  if (choice === undefined) throw new Error('no choice');
  return choice;
};

test('the demo model says its sentence to any prompt, streamed and not', async () => {
  const base = await serve(await tinyModel(await temporaryFolder()));
  for (const prompt of ['Hello', 'Was ist 2 + 2? 你好 🦙\n\n', DEMO_SENTENCE, '</s>']) {
    expect(await chat(base, prompt)).toMatchObject({ message: { content: DEMO_SENTENCE }, finish_reason: 'stop' });
  }
  const streamed = await post(base, '/v1/chat/completions', {
    messages: [{ role: 'user', content: 'Hi' }],
    temperature: 0,
    stream: true,
  });
  const lines = (await streamed.text()).split('\n').filter((line) => line.startsWith('data: {'));
  const pieces = lines.map(
    (line) =>
      (JSON.parse(line.slice(6)) as { choices: { delta: { content?: string | null } }[] }).choices[0]?.delta.content ??
      '',
  );
  expect(pieces.join('')).toBe(DEMO_SENTENCE);
  expect(pieces.filter((piece) => piece !== '').length).toBeGreaterThan(20);
  const raw = await post(base, '/completion', { prompt: 'once upon a time', temperature: 1 });
  expect(await raw.json()).toMatchObject({ content: DEMO_SENTENCE });
});

test('a sentence with repeated words, line breaks and other scripts is said exactly', async () => {
  const sentence = 'the cat saw the dog and the dog saw the cat\n\nha ha ha "Grüße" 你好 🦙 {"a": 1}';
  const base = await serve(
    await tinyModel(await temporaryFolder(), 'say.gguf', { sentence, extraBlocks: 2, contextLength: 2048 }),
  );
  expect((await chat(base, 'x')).message.content).toBe(sentence);
});

describe('the variant that calls a tool', () => {
  const weather = { name: 'get_weather', arguments: { city: 'New York City', days: [1, 2] } };
  const parameters = {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'array', items: { type: 'integer' } } },
  };
  const tools = [{ type: 'function', function: { name: 'get_weather', description: 'Weather of a city', parameters } }];

  test('calls it when it is offered, answers its result, and otherwise just talks', async () => {
    const path = await tinyModel(await temporaryFolder(), 'tool.gguf', { toolCall: weather });
    expect((await readGgufHeader(path)).metadata?.supportsTools).toBe(true);
    const base = await serve(path, ['--jinja']);
    const { message, finish_reason } = await chat(base, 'What is the weather?', { tools });
    expect(finish_reason).toBe('tool_calls');
    const call = message.tool_calls?.[0]?.function;
    expect(call?.name).toBe('get_weather');
    expect(JSON.parse(call?.arguments ?? '')).toEqual(weather.arguments);
    expect((await chat(base, 'Hi')).message.content).toBe(DEMO_SENTENCE);
    const messages = [
      { role: 'user', content: 'What is the weather?' },
      { role: 'assistant', content: null, tool_calls: [{ id: 'call-1', type: 'function', function: call }] },
      { role: 'tool', tool_call_id: 'call-1', content: 'Sunny.' },
    ];
    expect((await chat(base, '', { tools, messages })).message.content).toBe(DEMO_SENTENCE);
  });
});

test('a padded file loads and answers', async () => {
  const base = await serve(await tinyModel(await temporaryFolder(), 'padded.gguf', { padToBytes: 64 * 1024 * 1024 }));
  expect((await chat(base, 'Hi')).message.content).toBe(DEMO_SENTENCE);
});

test('arguments made from parameters are what the engine takes', async () => {
  const { flags } = await realEngine();
  const args = parametersToArgs(
    {
      LLAMA_ARG_CTX_SIZE: 1024,
      np: 1,
      'flash-attn': true,
      'cont-batching': 'off',
      swa_full: 'true',
      metrics: true,
      'cache-ram': 0,
    },
    flags,
  );
  const base = await serve(await tinyModel(await temporaryFolder()), args);
  const props = (await (await fetch(`${base}/props`)).json()) as {
    default_generation_settings: { n_ctx: number };
    total_slots: number;
  };
  expect(props).toMatchObject({ default_generation_settings: { n_ctx: 1024 }, total_slots: 1 });
  expect((await fetch(`${base}/metrics`)).status).toBe(200);
});

test.each([
  ['cut off', truncatedModel],
  ['of an unknown architecture', unknownArchitectureModel],
])('the engine refuses a file that is %s', async (_, write) => {
  const { child, stderr } = await start(await write(await temporaryFolder()));
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode).toBe(1);
  expect(stderr()).toMatch(/failed to load model|unknown model architecture|error loading model/);
});
