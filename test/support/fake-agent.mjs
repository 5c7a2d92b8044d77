/**
 * A CLI agent that does what its prompt says: a JSON list of steps. Any other prompt is echoed.
 *   ["out", text] · ["err", text] · ["bytes", count] · ["hold", file] waits for the file · ["ignore"] ignores SIGTERM
 *   ["fork", file] starts two processes, one in a session of its own, and writes their pids · ["env"] · ["cwd"] · ["exit", code]
 */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';

let prompt = '';
for await (const chunk of process.stdin.setEncoding('utf8')) prompt += chunk;

const write = async (stream, text) => {
  if (!stream.write(text)) await once(stream, 'drain');
};
const appears = (file) =>
  new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!existsSync(file)) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });

const STEPS = {
  out: (text) => write(process.stdout, text),
  err: (text) => write(process.stderr, text),
  async bytes(count) {
    const block = `${'x'.repeat(65_535)}\n`;
    for (let written = 0; written < count; written += block.length) await write(process.stdout, block);
  },
  hold: appears,
  ignore: () => void process.on('SIGTERM', () => process.stdout.write('no\n')),
  fork(file) {
    const script = 'process.on("SIGTERM", () => 0); setInterval(() => 0, 1000)';
    const pids = [false, true].map((detached) => {
      const child = spawn(process.execPath, ['-e', script], { detached, stdio: 'ignore' });
      child.unref();
      return child.pid;
    });
    writeFileSync(file, JSON.stringify(pids));
  },
  env: () => write(process.stdout, JSON.stringify(process.env)),
  cwd: () => write(process.stdout, process.cwd()),
  exit: (code) => process.exit(code),
};

let steps = null;
try {
  steps = JSON.parse(prompt);
} catch {
  // Words for a person.
}
if (Array.isArray(steps)) for (const [name, argument] of steps) await STEPS[name](argument);
else await write(process.stdout, prompt);
process.exit(0);
