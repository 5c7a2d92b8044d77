// Members of one channel, and readers of the log, as real socket.io clients in one process.
// Arguments: origin, number of clients, "channel" or "logs".
// channel: {rate, seconds} makes the first client send that many messages a second; answers {sent, delivered, lost, disordered,
// latencies} when all have arrived or 10 s have passed.
// logs: {count: true} answers {lines, skipped}: what all readers together have got, and what they were told to have missed.
import process from 'node:process';
import { io } from 'socket.io-client';

const [origin, count, kind] = process.argv.slice(2);
const CHANNEL = '11111111-1111-4111-8111-111111111111';
const SERVER = '00000000-0000-0000-0000-000000000000';
const PATIENCE_MS = 10_000;
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

const open = async (client) => {
  const socket = io(origin, { transports: ['websocket'], forceNew: true, reconnection: false });
  await new Promise((resolve, reject) => {
    socket.once('connect_error', reject);
    socket.once('connection_established', resolve);
  });
  const ready = new Promise((resolve) => {
    socket.once(kind === 'channel' ? 'channel_joined' : 'log_subscription_confirmed', resolve);
  });
  if (kind === 'channel') socket.emit('join_channel', { channelId: CHANNEL, entityId: `client-${client}` });
  else socket.emit('subscribe_logs');
  await ready;
  return socket;
};

const sockets = [];
for (let client = 0; client < Number(count); client += 1) sockets.push(await open(client));

const talk = async ({ rate, seconds }) => {
  const total = rate * seconds;
  const latencies = [];
  const next = sockets.map(() => 0);
  let delivered = 0;
  let disordered = 0;
  let arrived = () => undefined;
  const all = new Promise((resolve) => (arrived = resolve));
  for (const [client, socket] of sockets.entries()) {
    socket.on('messageBroadcast', ({ text }) => {
      const at = nowMs();
      const [number, sentAt] = text.split(' ').map(Number);
      if (number !== next[client]) disordered += 1;
      next[client] = number + 1;
      latencies.push(at - sentAt);
      delivered += 1;
      if (delivered === total * sockets.length) arrived();
    });
  }
  const startedAt = nowMs();
  for (let number = 0; number < total; number += 1) {
    const wait = startedAt + (number * 1000) / rate - nowMs();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const text = `${number} ${nowMs()} ${'x'.repeat(100)}`;
    sockets[0].emit('send_message', {
      channelId: CHANNEL,
      serverId: SERVER,
      text,
      entityId: 'client-0',
      messageId: `m${number}`,
    });
  }
  await Promise.race([all, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  for (const socket of sockets) socket.off('messageBroadcast');
  return { sent: total, delivered, lost: total * sockets.length - delivered, disordered, latencies };
};

const logs = { lines: 0, skipped: 0 };
if (kind === 'logs') {
  for (const socket of sockets) {
    socket.on('log_update', ({ id, message }) => {
      if (id.endsWith('-skipped')) logs.skipped += Number(/^\d+/.exec(message)?.[0] ?? 0);
      else logs.lines += 1;
    });
  }
}

process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  if (message.count) process.send(logs);
  else void talk(message).then((outcome) => process.send(outcome));
});
process.send({ ready: true });
