import { Option } from 'commander';
import type { Command } from 'commander';
import type { LlamactorClient } from '../../client/index.ts';
import { LOG_LEVELS } from '../../contracts/views.ts';
import type { LogEntryView, LogLevel } from '../../contracts/views.ts';
import { wholeNumber } from '../arguments.ts';
import { asError, UsageError } from '../exit.ts';
import type { CliHost } from '../host.ts';
import { followLog, tailOfLog } from '../log-tail.ts';
import type { LogFilter } from '../log-tail.ts';
import type { Session } from '../session.ts';
import type { Colour } from '../text/colors.ts';
import { clock } from '../text/format.ts';
import { oneLine, printable } from '../text/sanitize.ts';

interface Flags {
  follow?: boolean;
  level?: LogLevel;
  source?: string;
  lines: number;
  clear?: boolean;
}

const LEVEL_COLOURS: Record<LogLevel, Colour | null> = { debug: 'dim', info: null, warn: 'yellow', error: 'red' };
const SOURCES = ['server', 'router', 'engine'];

/** "alpha" means the log of the model alpha; only the other sources have fixed names. */
const sourceOf = async (client: LlamactorClient, source: string | undefined): Promise<string | null> => {
  if (source === undefined) return null;
  if (SOURCES.includes(source) || source.includes(':')) return source;
  const { model } = await client.call('models:get', { modelId: source });
  return `model:${model.id}`;
};

const print = (session: Session, entry: LogEntryView): void => {
  if (session.asJson) {
    session.jsonLine(entry);
    return;
  }
  const { paint } = session;
  const level = paint(LEVEL_COLOURS[entry.level], entry.level.padEnd(5));
  session.print(
    `${paint('dim', clock(entry.timestamp))} ${level} ${paint('cyan', oneLine(entry.source))} ${printable(entry.message.trimEnd())}\n`,
  );
};

const follow = async (session: Session, client: LlamactorClient, filter: LogFilter, count: number): Promise<never> => {
  const catchUp = await followLog(client, filter, count, (entry) => print(session, entry));
  return new Promise<never>((_resolve, reject) => {
    let connected = true;
    client.onConnection((state) => {
      connected = state === 'connected';
      session.note(connected ? 'Connected again.' : 'The connection was lost; waiting for the server.');
      if (!connected) return;
      catchUp().catch((error: unknown) => {
        // Lost again while reading: the next connection catches up.
        if (connected) reject(asError(error));
      });
    });
  });
};

const logs = async (session: Session, flags: Flags): Promise<void> => {
  if (flags.clear === true && (flags.follow === true || flags.level !== undefined || flags.source !== undefined)) {
    throw new UsageError('--clear empties the whole log and goes with no other option of `logs`.');
  }
  const client = await session.connect();
  if (flags.clear === true) {
    const result = await client.call('logs:clear', {});
    if (session.asJson) session.json(result);
    else session.print(`Cleared ${result.cleared} log entries.\n`);
    return;
  }
  const filter: LogFilter = { level: flags.level ?? null, source: await sourceOf(client, flags.source) };
  if (flags.follow === true) await follow(session, client, filter, flags.lines);
  const entries = await tailOfLog(client, filter, flags.lines);
  if (session.asJson) session.json({ logs: entries });
  else for (const entry of entries) print(session, entry);
};

export const registerLogs = (program: Command, host: CliHost): void => {
  program
    .command('logs')
    .description('show the newest log entries, oldest first; with --json and -f one entry per line')
    .option('-f, --follow', 'go on with new entries until Ctrl-C')
    .addOption(new Option('--level <level>', 'only this level and worse').choices([...LOG_LEVELS]))
    .option('--source <source>', 'server, router, engine or a model')
    .addOption(new Option('-n, --lines <count>', 'how many entries').argParser(wholeNumber(1, 1000)).default(100))
    .option('--clear', 'empty the log kept in memory; files stay')
    .action((flags: Flags) => host.run((session) => logs(session, flags)));
};
