import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { LlamactorClient } from '../../client/index.ts';
import type { ActivityView } from '../../contracts/activity.ts';
import { wholeNumber } from '../arguments.ts';
import { asError } from '../exit.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { clock, duration } from '../text/format.ts';
import { table } from '../text/table.ts';
import type { Cell, Column } from '../text/table.ts';

interface Flags {
  follow?: boolean;
  model?: string;
  status?: 'ok' | 'error' | 'cancelled' | number;
  key?: string;
  lines: number;
}

const COLUMNS: readonly Column[] = [
  { title: 'time' },
  { title: 'model', flexible: true },
  { title: 'route', flexible: true },
  { title: 'result' },
  { title: 'prompt', align: 'right' },
  { title: 'cached', align: 'right' },
  { title: 'answer', align: 'right' },
  { title: 'tok/s', align: 'right' },
  { title: 'waited', align: 'right' },
  { title: 'first', align: 'right' },
  { title: 'took', align: 'right' },
  { title: 'key' },
];

const count = (value: number | null): string => (value === null ? '–' : String(value));

const resultOf = ({ status, errorCode, cancelled }: ActivityView): Cell => {
  if (errorCode !== null) return { text: `${status} ${errorCode}`, colour: 'red' };
  return cancelled ? { text: 'cancelled', colour: 'yellow' } : { text: String(status), colour: 'green' };
};

const cellsOf = (row: ActivityView): Cell[] => [
  { text: clock(row.startedAt + row.durationMs), colour: 'dim' },
  row.modelId ?? '–',
  row.route,
  resultOf(row),
  count(row.promptTokens),
  count(row.cachedTokens),
  count(row.completionTokens),
  row.tokensPerSecond === null ? '–' : row.tokensPerSecond.toFixed(1),
  duration(row.queuedMs),
  row.firstByteMs === null ? '–' : duration(row.firstByteMs),
  duration(row.durationMs),
  row.key ?? '–',
];

const matches = (row: ActivityView, { key, status }: Flags, modelId: string | null): boolean =>
  (modelId === null || row.modelId === modelId) &&
  (key === undefined || row.key === key) &&
  (status === undefined ||
    (typeof status === 'number'
      ? row.status === status
      : status === 'cancelled'
        ? row.cancelled
        : status === 'error'
          ? row.errorCode !== null
          : row.errorCode === null && !row.cancelled));

/** Oldest first, as one reads downwards. */
const read = async (client: LlamactorClient, flags: Flags): Promise<ActivityView[]> => {
  const { model, status, key, lines } = flags;
  const { requests } = await client.call('activity:list', {
    limit: lines,
    ...(model === undefined ? {} : { model }),
    ...(status === undefined ? {} : { status }),
    ...(key === undefined ? {} : { key }),
  });
  return requests.reverse();
};

const follow = async (session: Session, client: LlamactorClient, flags: Flags): Promise<never> => {
  const modelId =
    flags.model === undefined
      ? null
      : await client.call('models:get', { modelId: flags.model }).then(
          ({ model }) => model.id,
          () => flags.model ?? null,
        );
  const shown = new Set<string>();
  let header = true;
  const show = (rows: readonly ActivityView[]): void => {
    const fresh = rows.filter((row) => !shown.has(row.id) && matches(row, flags, modelId));
    for (const { id } of fresh) shown.add(id);
    // What was shown long ago does not come again.
    for (const id of [...shown].slice(0, Math.max(0, shown.size - 5000))) shown.delete(id);
    if (fresh.length === 0 && !header) return;
    if (session.asJson) for (const row of fresh) session.jsonLine(row);
    else {
      const text = table(COLUMNS, fresh.map(cellsOf), session.paint, session.width);
      session.print(header ? text : text.slice(text.indexOf('\n') + 1));
      header = false;
    }
  };
  client.on('activity:added', ({ requests, skipped }) => {
    show(requests);
    if (skipped > 0) session.note(`${skipped} requests were left out of a burst.`);
  });
  // Subscribed first: what ends while the past is read arrives meanwhile and is shown once.
  await client.call('activity:subscribe', {});
  show(await read(client, flags));
  return new Promise<never>((_resolve, reject) => {
    client.onConnection((state) => {
      session.note(state === 'connected' ? 'Connected again.' : 'The connection was lost; waiting for the server.');
      if (state !== 'connected') return;
      client
        .call('activity:subscribe', {})
        .then(async () => show(await read(client, flags)))
        .catch((error: unknown) => reject(asError(error)));
    });
  });
};

const activity = async (session: Session, flags: Flags): Promise<void> => {
  const client = await session.connect();
  if (flags.follow === true) await follow(session, client, flags);
  const requests = await read(client, flags);
  if (session.asJson) session.json({ requests });
  else if (requests.length === 0) session.print('No such request is known.\n');
  else session.print(table(COLUMNS, requests.map(cellsOf), session.paint, session.width));
};

const statusOf = (text: string): Flags['status'] => {
  if (text === 'ok' || text === 'error' || text === 'cancelled') return text;
  if (/^[1-5]\d\d$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give ok, error, cancelled or an HTTP status.');
};

export const registerActivity = (program: Command, host: CliHost): void => {
  program
    .command('activity')
    .description('show the newest finished requests, oldest first; with --json and -f one request per line')
    .option('-f, --follow', 'go on with new requests until Ctrl-C')
    .option('--model <model>', 'only this model')
    .addOption(new Option('--status <status>', 'ok, error, cancelled or an HTTP status').argParser(statusOf))
    .option('--key <name>', 'only requests with this key')
    .addOption(new Option('-n, --lines <count>', 'how many requests').argParser(wholeNumber(1, 1000)).default(20))
    .action((flags: Flags) => host.run((session) => activity(session, flags)));
};
