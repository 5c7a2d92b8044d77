// Many socket clients in one process. They take the frames off the wire themselves and look only at the start of each message:
// 200 real clients sit on 200 machines, and parsing each list 200 times on this one would measure the parser.
// Arguments: origin, number of clients, "live" to subscribe to live:change as well. Reports over IPC:
// {ready: true}, then for every {watch: [[name, text], …]} the times (ms, monotonic) at which each client had received the first
// message that starts with `name` and contains `text`.
import net from 'node:net';
import process from 'node:process';

const [origin, count, live] = process.argv.slice(2);
const { hostname, port } = new URL(origin);
const HANDSHAKE = [
  'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
  `Host: ${hostname}:${port}`,
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Version: 13',
  '',
  '',
].join('\r\n');

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** A masked frame (RFC 6455, 5.2) with a mask of zeros, which leaves the payload as it is. Payloads stay below 126 bytes. */
const frame = (opcode, payload) =>
  Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);

/** Calls back with each whole frame's opcode and payload. */
const frames = (onFrame) => {
  let parts = [];
  let size = 0;
  let needed = 2;
  return (chunk) => {
    parts.push(chunk);
    size += chunk.length;
    while (size >= needed) {
      const bytes = parts.length === 1 ? parts[0] : Buffer.concat(parts);
      parts = [bytes];
      const short = bytes[1] & 0x7f;
      const start = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (size < start) {
        needed = start;
        return;
      }
      const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
      needed = start + length;
      if (size < needed) return;
      onFrame(bytes[0] & 0x0f, bytes.subarray(start, needed));
      parts = [bytes.subarray(needed)];
      size -= needed;
      needed = 2;
    }
  };
};

let watched = [];
let waiting = 0;
const arrivals = new Map();

const received = (client, message) => {
  // Frames cannot be read later than now: the clock is read before the message is looked at.
  const at = Number(process.hrtime.bigint()) / 1e6;
  for (const [name, text] of watched) {
    const times = arrivals.get(name);
    if (times[client] !== null || !message.subarray(0, name.length + 8).includes(`["${name}"`)) continue;
    if (!message.includes(text)) continue;
    times[client] = at;
    waiting -= 1;
  }
  if (watched.length > 0 && waiting === 0) {
    watched = [];
    process.send(Object.fromEntries(arrivals));
  }
};

const open = (client) =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
    const send = (text) => socket.write(frame(TEXT, Buffer.from(text)));
    const onFrame = (opcode, payload) => {
      if (opcode === PING) socket.write(frame(PONG, payload));
      else if (opcode === CLOSE) process.exit(0);
      else if (payload[0] === 0x30) send('40');
      else if (payload[0] === 0x32) send('3');
      else if (payload[0] === 0x34 && payload[1] === 0x30) {
        if (live !== 'live') resolve();
        else send('420["live:subscribe",{}]');
      } else if (payload[0] === 0x34 && payload[1] === 0x33) resolve();
      else if (payload[0] === 0x34 && payload[1] === 0x32) received(client, payload);
    };
    let head = Buffer.alloc(0);
    let read = null;
    socket.on('connect', () => socket.write(HANDSHAKE));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('The server closed the connection.')));
    socket.on('data', (chunk) => {
      if (read !== null) return read(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      if (!head.subarray(0, 12).includes('101')) return reject(new Error(head.toString()));
      read = frames(onFrame);
      read(head.subarray(end + 4));
    });
  });

process.on('disconnect', () => process.exit(0));
process.on('message', ({ watch }) => {
  arrivals.clear();
  for (const [name] of watch) arrivals.set(name, new Array(Number(count)).fill(null));
  waiting = watch.length * Number(count);
  watched = watch;
  process.send({ watching: true });
});

for (let client = 0; client < Number(count); client += 1) await open(client);
process.send({ ready: true });
