#!/usr/bin/env node
// Stands in for llama-server where a real one cannot be made to fail on demand. It speaks the same command line, the same
// line protocol and as much HTTP as the supervisor uses. Faults are given as `--fault NAME[:VALUE]`, repeatable by commas.
import { spawn } from 'node:child_process';
import http from 'node:http';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

const HELP = `usage: llama-server [options]

-h,    --help                           print usage and exit
--version                               show version and build info
-m,    --model FNAME                    model path to load
--mmproj FILE                           projector
--host HOST                             address or socket
--port PORT                             port
-a,    --alias STRING                   alias
-c,    --ctx-size N                     context
-t,    --threads N                      threads
--threads-http N                        HTTP threads
--log-jsonl                             JSON log
--log-colors [on|off|auto]              colours
--metrics                               metrics endpoint
--no-ui                                 no page
--offline                               no network
--sse-ping-interval N                   pings
--fault NAMES                           what goes wrong
`;

const argv = process.argv.slice(2);
const option = (name) => {
  const at = argv.indexOf(name);
  return at === -1 ? undefined : argv[at + 1];
};
const CONTEXT = Number(option('--ctx-size') ?? 4096);

if (argv.includes('--version')) {
  console.log('version: 0.7.0 (build 11669, commit fa4e000)');
  process.exit(0);
}
if (argv.includes('--help')) {
  process.stdout.write(HELP);
  process.exit(0);
}

const faults = new Map(
  (option('--fault') ?? '')
    .split(',')
    .filter(Boolean)
    .map((fault) => [fault.split(':')[0], fault.split(':')[1] ?? '']),
);
const has = (name) => faults.has(name);
const number = (name, otherwise) => (has(name) ? Number(faults.get(name)) : otherwise);

const say = (state, payload) => {
  if (process.env.LLAMA_SERVER_ROUTER_PORT !== undefined && !has('no-protocol')) {
    process.stdout.write(`cmd_child_to_router:state:${JSON.stringify({ state, payload })}\n`);
  }
};
const log = (level, msg) =>
  process.stderr.write(`${JSON.stringify({ type: 'log', time: 1, level, msg: `${msg}\n` })}\n`);

const stuck = has('ignore-sigterm');
process.on('SIGTERM', () => {
  if (!stuck) process.exit(143);
});
if (stuck) process.on('SIGINT', () => undefined);
if (process.env.LLAMA_SERVER_ROUTER_PORT !== undefined && !has('no-protocol')) {
  process.stdin.on('end', () => {
    if (!stuck) process.exit(1);
  });
  process.stdin.on('error', () => undefined);
  process.stdin.resume();
}

if (has('grandchild')) {
  // A helper that a wrapper script would leave behind: it ignores SIGTERM as well and holds the pipes.
  spawn('/bin/sh', ['-c', 'trap "" TERM; while :; do sleep 1; done'], { stdio: 'inherit' });
}
if (has('flood')) {
  const line = `${'flood '.repeat(40)}\n`;
  const pour = () => {
    while (process.stderr.write(line));
    process.stderr.once('drain', () => setImmediate(pour));
  };
  pour();
}
if (has('endless-line')) process.stdout.write('x'.repeat(8 * 1024 * 1024));

if (has('say')) log('error', decodeURIComponent(faults.get('say')));
if (has('exit-at-start')) process.exit(number('exit-at-start', 1) || 1);
if (has('abort-at-start')) process.abort();

say('loading', { stages: ['text_model'], current: 'text_model', value: 0 });
const startMs = number('slow-start', 0);
const steps = startMs > 0 ? 10 : 1;
for (let step = 1; step <= steps; step += 1) {
  await delay(startMs / steps);
  say('loading', { stages: ['text_model'], current: 'text_model', value: step / steps });
}
if (has('never-ready')) setInterval(() => undefined, 1000);

let decoded = 0;
const token = (text) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`;

const answer = async (request, response) => {
  for await (const chunk of request) void chunk;
  if (request.url === '/health') {
    response.writeHead(has('never-ready') ? 503 : 200, { 'content-type': 'application/json' });
    response.end('{"status":"ok"}');
  } else if (request.url === '/props') {
    response.end(JSON.stringify({ default_generation_settings: { n_ctx: CONTEXT }, total_slots: 4 }));
  } else if (request.url === '/metrics') {
    if (has('stall')) return;
    response.end(`llamacpp:n_decode_total ${has('frozen-counter') ? 1 : (decoded += 1)}\n`);
  } else if (has('hang') || has('stall') || has('frozen-counter')) {
    // The request is taken and never answered.
  } else if (has('reset')) {
    request.socket.resetAndDestroy();
  } else {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const count = number('tokens', 5);
    for (let index = 0; index < count; index += 1) {
      response.write(token(`word${index} `));
      await delay(number('token-ms', 5));
      if (has('die-mid-stream') && index === 2) process.kill(process.pid, 'SIGKILL');
      if (has('close-mid-stream') && index === 2) return void request.socket.resetAndDestroy();
    }
    response.end('data: [DONE]\n\n');
  }
};

if (!has('never-ready')) {
  const host = option('--host') ?? '127.0.0.1';
  const server = http.createServer((request, response) => void answer(request, response));
  server.listen(host.endsWith('.sock') ? { path: host } : { host, port: Number(option('--port') ?? 0) }, () => {
    log('info', 'srv  llama_server: listening');
    say('ready', { meta: { n_ctx: CONTEXT } });
    if (has('crash-after')) {
      setTimeout(
        () => {
          log('error', 'GGML_ASSERT: something broke');
          process.kill(process.pid, 'SIGKILL');
        },
        number('crash-after', 0),
      );
    }
    if (has('exit-after')) setTimeout(() => process.exit(3), number('exit-after', 0));
  });
}
