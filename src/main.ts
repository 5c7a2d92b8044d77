/** The `llamactor` program: hands the process to the CLI and ends with its exit code. */
import os from 'node:os';
import process from 'node:process';
import { createOutput } from './cli/io.ts';
import type { CliIo } from './cli/io.ts';
import { runCli } from './cli/run.ts';

/** A pipe's reader may be slow; this long its last lines are waited for. */
const FLUSH_MS = 2000;

const io: CliIo = {
  stdout: createOutput(process.stdout),
  stderr: createOutput(process.stderr),
  stdin: process.stdin,
  env: process.env,
  cwd: process.cwd(),
  homedir: os.homedir(),
  platform: process.platform,
  onSignal: (signal, listener) => {
    process.on(signal, listener);
    return () => process.off(signal, listener);
  },
  exitNow: (code) => process.exit(code),
};

const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, FLUSH_MS);
    stream.write('', () => {
      clearTimeout(timer);
      resolve();
    });
  });

const code = await runCli(process.argv.slice(2), io, async (options) => {
  const { createApp } = await import('./app.ts');
  return createApp(options);
});
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
// Whatever still holds the event loop (an idle socket of fetch, a terminal in raw mode) has no say any more.
process.exit(code);
