// A run's command that writes the time (ms, monotonic, shared by all processes of the machine) as a line, so many times a second.
// Its prompt: {"lines": 500, "everyMs": 10}.
import process from 'node:process';

let prompt = '';
for await (const chunk of process.stdin.setEncoding('utf8')) prompt += chunk;
const { lines, everyMs } = JSON.parse(prompt);
let left = lines;
const timer = setInterval(() => {
  process.stdout.write(`${Number(process.hrtime.bigint()) / 1e6}\n`);
  left -= 1;
  if (left === 0) clearInterval(timer);
}, everyMs);
