#!/usr/bin/env node
// A llama-server with nothing behind it: it speaks the command line and the line protocol, is ready at once and answers every
// chat at once, or streams `max_tokens` tokens, one every BENCH_TOKEN_MS (5) milliseconds, when there are more than one. It works
// on bare sockets with answers made beforehand, because what it costs is taken from the proxy that is measured.
// With BENCH_FLOOD_MODEL set to its alias it prints BENCH_FLOOD_LINES lines a second.
// With BENCH_READY_DIR set it leaves there, under its alias, when it said `ready` (on the machine's monotonic clock).
import { renameSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import process from 'node:process';

const FLAGS = [
  '--model',
  '--host',
  '--port',
  '--alias',
  '--ctx-size',
  '--log-jsonl',
  '--metrics',
  '--no-ui',
  '--parallel',
  '--threads-http',
];
const argv = process.argv.slice(2);
const option = (name) => (argv.includes(name) ? argv[argv.indexOf(name) + 1] : undefined);

if (argv.includes('--version')) {
  console.log('version: 0.7.0 (build 11669, commit 0000000)');
  process.exit(0);
}
if (argv.includes('--help')) {
  console.log(`usage: llama-server [options]\n\n${FLAGS.map((flag) => `${flag.padEnd(32)}an option`).join('\n')}`);
  process.exit(0);
}

const say = (state, payload) =>
  process.stdout.write(`cmd_child_to_router:state:${JSON.stringify({ state, payload })}\n`);
process.on('SIGTERM', () => process.exit(143));
if (process.env.LLAMA_SERVER_ROUTER_PORT !== undefined) process.stdin.on('end', () => process.exit(1)).resume();

const HEAD = 'HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nKeep-Alive: timeout=60, max=100000000\r\n';
const whole = (text) =>
  Buffer.from(`${HEAD}Content-Type: application/json; charset=utf-8\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
const usage = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 };
const common = { id: 'chatcmpl-0', created: 0, model: 'instant' };
const health = whole('{"status":"ok"}');
const message = { role: 'assistant', content: 'Hi' };
const choices = [{ index: 0, message, finish_reason: 'length' }];
const answer = whole(JSON.stringify({ ...common, object: 'chat.completion', choices, usage }));

const chunk = (text) => Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`);
const event = (value) => chunk(`data: ${JSON.stringify(value)}\n\n`);
const part = (choice) =>
  event({ ...common, object: 'chat.completion.chunk', choices: [{ index: 0, finish_reason: null, ...choice }] });
const streamHead = Buffer.from(`${HEAD}Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n`);
const token = part({ delta: { content: ' word' } });
const streamEnd = Buffer.concat([
  part({ delta: {}, finish_reason: 'length' }),
  event({ ...common, choices: [], usage }),
  chunk('data: [DONE]\n\n'),
  Buffer.from('0\r\n\r\n'),
]);

const streams = new Map();
let clock = null;
const tick = () => {
  for (const [socket, left] of streams) {
    socket.write(token);
    if (left > 1) {
      streams.set(socket, left - 1);
    } else {
      streams.delete(socket);
      socket.write(streamEnd);
    }
  }
  if (streams.size === 0) {
    clearInterval(clock);
    clock = null;
  }
};
const stream = (socket, tokens) => {
  if (tokens <= 1) return socket.write(Buffer.concat([streamHead, token, streamEnd]));
  socket.write(streamHead);
  streams.set(socket, tokens);
  clock ??= setInterval(tick, Number(process.env.BENCH_TOKEN_MS ?? 5));
};

const CHUNKS_END = '\r\n0\r\n\r\n';
const server = net.createServer({ noDelay: true }, (socket) => {
  let head = '';
  let left = 0;
  let tokens = 0;
  socket.on('error', () => undefined);
  socket.on('close', () => streams.delete(socket));
  const reply = () => {
    head = '';
    left = 0;
    if (tokens > 0) stream(socket, tokens);
    else socket.write(answer);
  };
  socket.on('data', (bytes) => {
    if (left > 0) {
      left -= bytes.length;
      if (left <= 0) reply();
      return;
    }
    head += bytes.toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return;
    if (head.startsWith('GET')) {
      head = '';
      return socket.write(health);
    }
    const body = head.slice(end + 4);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end))?.[1];
    if (length === undefined && !head.endsWith(CHUNKS_END)) return;
    tokens = body.includes('"stream":true') ? Number(/"max_tokens":(\d+)/.exec(body)?.[1] ?? 1) : 0;
    left = length === undefined ? 0 : Number(length) - body.length;
    if (left <= 0) reply();
    else head = '';
  });
});
const host = option('--host') ?? '127.0.0.1';
const where = host.endsWith('.sock') ? { path: host } : { host, port: Number(option('--port') ?? 0) };
if (process.env.BENCH_FLOOD_MODEL !== undefined && process.env.BENCH_FLOOD_MODEL === option('--alias')) {
  const lines = 'srv  update_slots: all slots are idle and nothing else is to be said about that\n'.repeat(
    Math.round(Number(process.env.BENCH_FLOOD_LINES) / 100),
  );
  setInterval(() => process.stderr.write(lines), 10);
}

// As many as connect in one moment.
server.listen({ ...where, backlog: 512 }, () => {
  const at = process.hrtime.bigint();
  say('ready', { meta: { n_ctx: 4096 } });
  const folder = process.env.BENCH_READY_DIR;
  if (folder === undefined) return;
  // Renamed, so that nobody reads half of it.
  const path = join(folder, option('--alias') ?? 'engine');
  writeFileSync(`${path}.new`, String(at));
  renameSync(`${path}.new`, path);
});
