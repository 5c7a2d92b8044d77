/** `npm run bench [-- names] [--json | --markdown] [--quick] [--minutes N]`: measures the built product as whole processes. */
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { realEngine } from '../support/real-engine.ts';
import { cleanUp, cleanUpNow } from './cleanup.ts';
import { passes } from './row.ts';
import { markdownTable, plainTable } from './table.ts';
import { broadcast } from './broadcast.bench.ts';
import { broken } from './broken.bench.ts';
import { burst } from './burst.bench.ts';
import { cancel } from './cancel.bench.ts';
import { channels } from './channels.bench.ts';
import { idle } from './idle.bench.ts';
import { load } from './load.bench.ts';
import { memory } from './memory.bench.ts';
import { page } from './page/page.bench.ts';
import { router } from './router.bench.ts';
import { runs } from './runs.bench.ts';
import { scan } from './scan.bench.ts';
import { soak } from './soak/soak.bench.ts';
import { start } from './start.bench.ts';
import { swap } from './swap.bench.ts';
import { unload } from './unload.bench.ts';
import type { Bench } from './bench.ts';
import type { Row } from './row.ts';

const BENCHES: readonly Bench[] = [
  load,
  unload,
  cancel,
  swap,
  burst,
  broken,
  start,
  scan,
  broadcast,
  channels,
  runs,
  idle,
  router,
  page,
  memory,
  soak,
];

const USAGE = `Usage: npm run bench -- [names] [--json | --markdown] [--quick] [--minutes N]

${BENCHES.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

  --json       one JSON document
  --markdown   the table as Markdown
  --quick      few rounds: shows that everything works, not how fast`;

const load1 = (): number => Number((loadavg()[0] ?? 0).toFixed(2));

const run = async (argv: string[]): Promise<number> => {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '10' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const unknown = positionals.filter((name) => BENCHES.every((bench) => bench.name !== name));
  if (unknown.length > 0) console.error(`There is no bench ${unknown.join(', ')}.\n`);
  if (values.help || unknown.length > 0) {
    console.log(USAGE);
    return unknown.length > 0 ? 2 : 0;
  }
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) {
    console.error('--minutes takes a number above 0.');
    return 2;
  }
  if (process.platform !== 'linux') {
    console.error('The benches read /proc and run on Linux only.');
    return 2;
  }

  const progress = (text: string): void => {
    // One line that replaces itself on a terminal, one line per step elsewhere.
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[2K${text}` : `${text}\n`);
  };
  progress('looking for the engine');
  const engine = await realEngine();
  const machine = {
    cores: cpus().length,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
    engine: engine.version ?? 'unknown',
    loadBefore: load1(),
    loadAfter: 0,
  };

  const chosen = BENCHES.filter(({ name, onlyByName }) =>
    positionals.length === 0 ? onlyByName !== true : positionals.includes(name),
  );
  const results: { bench: string; rows: Row[]; error: string | null }[] = [];
  const notes: string[] = [];
  for (const bench of chosen) {
    try {
      const rows = await bench.run({
        engine,
        quick: values.quick,
        minutes,
        progress: (text) => progress(`${bench.name}: ${text}`),
        note: (text) => void notes.push(text),
      });
      results.push({ bench: bench.name, rows, error: null });
    } catch (error) {
      results.push({ bench: bench.name, rows: [], error: error instanceof Error ? error.message : String(error) });
      await cleanUp();
    }
  }
  machine.loadAfter = load1();
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');

  const rows = results.flatMap((result) => result.rows);
  const failed = results.filter(({ error }) => error !== null);
  if (values.json) {
    const told = results.map((result) => ({
      ...result,
      rows: result.rows.map((row) => ({ ...row, pass: passes(row) })),
    }));
    console.log(JSON.stringify({ machine, quick: values.quick, benches: told, notes }, null, 2));
  } else {
    console.log(
      `${machine.cores} cores (${machine.processor}), ${machine.memoryGib} GiB, Node ${machine.node}, llama-server ${machine.engine}, ` +
        `load average ${machine.loadBefore} before and ${machine.loadAfter} after${values.quick ? '; quick: too few rounds for numbers' : ''}\n`,
    );
    console.log((values.markdown ? markdownTable : plainTable)(rows));
    if (notes.length > 0) console.log(`\n${notes.join('\n')}`);
  }
  for (const { bench, error } of failed) console.error(`The bench ${bench} failed: ${error}`);
  return failed.length > 0 ? 1 : 0;
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    // A second one does not wait.
    process.once(signal, () => {
      cleanUpNow();
      process.exit(130);
    });
    void cleanUp().finally(() => process.exit(130));
  });
}
process.once('exit', cleanUpNow);

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await cleanUp();
}
