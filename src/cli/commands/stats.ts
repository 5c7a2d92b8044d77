import { Option } from 'commander';
import type { Command } from 'commander';
import type { ActivityTotalsView, PercentilesView } from '../../contracts/activity.ts';
import { numberBetween } from '../arguments.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { duration } from '../text/format.ts';
import { table } from '../text/table.ts';
import type { Cell } from '../text/table.ts';

interface Flags {
  hours: number;
  model?: string;
}

const times = ({ p50, p95, p99 }: PercentilesView): string =>
  p50 === null ? '–' : [p50, p95 ?? p50, p99 ?? p50].map(duration).join(' / ');

const cellsOf = (name: string, totals: ActivityTotalsView): Cell[] => [
  name,
  String(totals.count),
  totals.errors === 0 ? '–' : { text: String(totals.errors), colour: 'red' },
  totals.cancelled === 0 ? '–' : String(totals.cancelled),
  String(totals.promptTokens),
  String(totals.completionTokens),
  totals.tokensPerSecond === null ? '–' : totals.tokensPerSecond.toFixed(1),
  times(totals.queuedMs),
  times(totals.firstByteMs),
  times(totals.durationMs),
];

const stats = async (session: Session, { hours, model }: Flags): Promise<void> => {
  const client = await session.connect();
  const { summary } = await client.call('activity:summary', { hours, ...(model === undefined ? {} : { model }) });
  if (session.asJson) {
    session.json({ summary });
    return;
  }
  if (summary.count === 0) {
    session.print(`No request in the last ${duration(hours * 3_600_000)}.\n`);
    return;
  }
  const rows = summary.models.map(({ modelId, ...totals }) => cellsOf(modelId ?? '(unknown)', totals));
  session.print(
    table(
      [
        { title: 'model', flexible: true },
        { title: 'requests', align: 'right' },
        { title: 'errors', align: 'right' },
        { title: 'left', align: 'right' },
        { title: 'tokens in', align: 'right' },
        { title: 'out', align: 'right' },
        { title: 'tok/s', align: 'right' },
        { title: 'waited', align: 'right' },
        { title: 'first byte', align: 'right' },
        { title: 'took', align: 'right' },
      ],
      rows.length > 1 ? [...rows, cellsOf('all', summary)] : rows,
      session.paint,
      session.width,
    ),
  );
  session.print(
    session.paint('dim', '\nTimes are the median / 95th / 99th percentile; the first byte that of streams.\n'),
  );
  if (!summary.complete) session.note('The history does not reach back that far; older requests are not counted.');
};

export const registerStats = (program: Command, host: CliHost): void => {
  program
    .command('stats')
    .description('sum up the finished requests: counts, tokens, speed and percentiles of the times, by model')
    .addOption(new Option('--hours <hours>', 'how far back').argParser(numberBetween(0.01, 168)).default(24))
    .option('--model <model>', 'only this model')
    .action((flags: Flags) => host.run((session) => stats(session, flags)));
};
