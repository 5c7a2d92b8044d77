#!/usr/bin/env node
// A llama-server with nothing behind it: it speaks the command line and the line protocol, is ready at once and answers every
// chat at once. With BENCH_READY_DIR set it leaves there, under its alias, when it said `ready` (on the machine's monotonic clock).
import { renameSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import process from 'node:process';

const FLAGS = ['--model', '--host', '--port', '--alias', '--ctx-size', '--log-jsonl', '--metrics', '--no-ui'];
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

const usage = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 };
const common = { id: 'chatcmpl-0', created: 0, model: 'instant' };
const whole = Buffer.from(
  JSON.stringify({
    ...common,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'length' }],
    usage,
  }),
);
const part = (choice) =>
  `data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', choices: [{ index: 0, ...choice }] })}\n\n`;
const streamed = Buffer.from(
  `${part({ delta: { content: 'Hi' }, finish_reason: null })}${part({ delta: {}, finish_reason: 'length' })}data: [DONE]\n\n`,
);

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
    } else if (Buffer.concat(chunks).includes('"stream":true')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(streamed);
      response.end();
    } else {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length }).end(whole);
    }
  });
});
// Longer than any bench waits between two requests.
server.keepAliveTimeout = 60_000;
const host = option('--host') ?? '127.0.0.1';
const where = host.endsWith('.sock') ? { path: host } : { host, port: Number(option('--port') ?? 0) };
server.listen(where, () => {
  const at = process.hrtime.bigint();
  say('ready', { meta: { n_ctx: 4096 } });
  const folder = process.env.BENCH_READY_DIR;
  if (folder === undefined) return;
  // Renamed, so that nobody reads half of it.
  const path = join(folder, option('--alias') ?? 'engine');
  writeFileSync(`${path}.new`, String(at));
  renameSync(`${path}.new`, path);
});
