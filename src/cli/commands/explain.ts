import type { Command } from 'commander';
import type { ExplainView } from '../../contracts/commands.ts';
import type { DeviceBytesView } from '../../contracts/views.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { bytes } from '../text/format.ts';
import { facts } from '../text/table.ts';
import type { Cell } from '../text/table.ts';

const VERDICTS: Record<ExplainView['verdict'], Cell> = {
  fits: { text: 'it fits and would be loaded', colour: 'green' },
  evicts: { text: 'it would be loaded after others have left', colour: 'yellow' },
  waits: { text: 'it would wait for room', colour: 'yellow' },
  refused: { text: 'it would be refused', colour: 'red' },
  loaded: { text: 'it is loaded', colour: 'green' },
};

const explain = async (session: Session, ref: string): Promise<void> => {
  const client = await session.connect();
  const { explanation } = await client.call('placement:explain', { modelId: ref });
  if (session.asJson) {
    session.json({ explanation });
    return;
  }
  session.print(facts(linesOf(explanation), session.paint));
};

/** "4.0 GiB" or, where GPUs take part, "4.0 GiB, GPU 0 8.0 GiB". */
const devices = (each: DeviceBytesView | null): string =>
  each === null ? 'unknown' : [bytes(each.ram), ...each.gpus.map((gpu, n) => `GPU ${n} ${bytes(gpu)}`)].join(', ');

const linesOf = (view: ExplainView): [string, Cell][] => {
  const { least, most } = view.contextTokens;
  const lines: [string, Cell][] = [
    ['model', view.modelId],
    ['verdict', VERDICTS[view.verdict]],
    ['reason', view.reason],
    ['needs', `${devices(view.required)} with ${least} tokens of context`],
  ];
  if (most !== least) lines.push(['would take', `${devices(view.takes)} with ${most}, where there is room`]);
  lines.push(['measured', view.memory.measured === null ? 'not yet' : devices(view.memory.measured)]);
  for (const { device, model, context, compute, other, measured } of view.parts) {
    if (model + context + compute + other === 0) continue;
    const parts = `weights ${bytes(model)}, context ${bytes(context)}, compute ${bytes(compute)}, other ${bytes(other)}`;
    lines.push([`  ${device}`, `${parts} (${measured ? 'measured' : 'estimated'})`]);
  }
  lines.push(
    ['available', devices(view.available)],
    ['free', `${devices(view.free)} after promises and reserve`],
    ['models', `${view.present} of ${view.modelsMax}`],
  );
  for (const { id, bytes: each, why } of view.leaving) lines.push(['would leave', `${id}, ${devices(each)}: ${why}`]);
  if (view.waitsFor.length > 0) lines.push(['waits for', view.waitsFor.join(', ')]);
  for (const { id, reason } of view.queue) lines.push(['comes first', `${id}: ${reason}`]);
  return lines;
};

export const registerExplain = (program: Command, host: CliHost): void => {
  program
    .command('explain')
    .description('say what would happen if a model were loaded now, and why')
    .argument('<model>', 'id, file name or alias')
    .action((model: string) => host.run((session) => explain(session, model)));
};
