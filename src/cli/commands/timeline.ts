import { Option } from 'commander';
import type { Command } from 'commander';
import type { TimelineSpanView, TimelineView } from '../../contracts/activity.ts';
import type { LifecycleState } from '../../contracts/views.ts';
import { numberBetween } from '../arguments.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import type { Colour, Paint } from '../text/colors.ts';
import { clock, duration } from '../text/format.ts';
import { oneLine } from '../text/sanitize.ts';

const MARKS: Record<LifecycleState, readonly [mark: string, colour: Colour]> = {
  unloaded: ['·', 'dim'],
  loading: ['▒', 'cyan'],
  loaded: ['█', 'green'],
  stopping: ['░', 'yellow'],
  error: ['×', 'red'],
};
/** What a cell shows when several states fall into it: a failure must not hide behind a load. */
const RANK: readonly LifecycleState[] = ['unloaded', 'stopping', 'loaded', 'loading', 'error'];
const NAME_WIDTH = 24;
const DEFAULT_WIDTH = 80;

const cellOf = (spans: readonly TimelineSpanView[], from: number, to: number): LifecycleState =>
  spans
    .filter((span) => span.from < to && (span.to > from || span.from >= from))
    .map(({ state }) => state)
    .reduce<LifecycleState>((shown, state) => (RANK.indexOf(state) > RANK.indexOf(shown) ? state : shown), 'unloaded');

/** One line per model; each character stands for an equal part of the time. */
export const gantt = ({ from, to, lanes }: TimelineView, width: number, paint: Paint): string => {
  const names = Math.min(NAME_WIDTH, Math.max(5, ...lanes.map(({ modelId }) => modelId.length)));
  const cells = Math.max(10, width - names - 2);
  const step = (to - from) / cells;
  const lines = lanes.map(({ modelId, spans }) => {
    const name = oneLine(modelId);
    const shown = name.length > names ? `${name.slice(0, names - 1)}…` : name.padEnd(names);
    let bar = '';
    for (let index = 0; index < cells; index += 1) {
      const [mark, colour] = MARKS[cellOf(spans, from + index * step, from + (index + 1) * step)];
      bar += paint(colour, mark);
    }
    return `${shown}  ${bar}\n`;
  });
  const start = clock(from).slice(0, 8);
  const end = clock(to).slice(0, 8);
  const axis = `${' '.repeat(names + 2)}${start}${' '.repeat(Math.max(1, cells - start.length - end.length))}${end}\n`;
  const legend = Object.entries(MARKS).map(([state, [mark, colour]]) => `${paint(colour, mark)} ${state}`);
  return `${lines.join('')}${paint('dim', axis)}\n${legend.join('  ')}\n`;
};

const NEWEST = 10;

const timeline = async (session: Session, hours: number): Promise<void> => {
  const client = await session.connect();
  const { timeline: view } = await client.call('timeline:get', { hours });
  if (session.asJson) {
    session.json({ timeline: view });
    return;
  }
  if (view.lanes.length === 0) {
    session.print(`No model ran in the last ${duration(hours * 3_600_000)}.\n`);
    return;
  }
  session.print(gantt(view, session.width ?? DEFAULT_WIDTH, session.paint));
  const explained = view.lanes
    .flatMap(({ modelId, spans }) => spans.map((span) => ({ modelId, ...span })))
    .filter(({ reason }) => reason !== undefined)
    .sort((a, b) => a.from - b.from)
    .slice(-NEWEST);
  if (explained.length === 0) return;
  session.print('\n');
  for (const { modelId, state, from, reason, by } of explained) {
    const who = by === undefined ? '' : ` (${by})`;
    session.print(
      `${session.paint('dim', clock(from).slice(0, 8))} ${oneLine(modelId)} ${session.paint(MARKS[state][1], state)}: ${oneLine(reason ?? '')}${who}\n`,
    );
  }
};

export const registerTimeline = (program: Command, host: CliHost): void => {
  program
    .command('timeline')
    .description('draw when which model was loading, loaded, stopping or broken, with the newest reasons')
    .addOption(new Option('--hours <hours>', 'how far back').argParser(numberBetween(0.01, 168)).default(24))
    .action(({ hours }: { hours: number }) => host.run((session) => timeline(session, hours)));
};
