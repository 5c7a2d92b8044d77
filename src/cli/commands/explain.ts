import type { Command } from 'commander';
import type { ExplainView } from '../../contracts/commands.ts';
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
  const lines: [string, Cell][] = [
    ['model', explanation.modelId],
    ['verdict', VERDICTS[explanation.verdict]],
    ['reason', explanation.reason],
    ['needs', bytes(explanation.requiredBytes)],
    ['available', bytes(explanation.availableBytes)],
  ];
  if (explanation.evicts.length > 0) lines.push(['would leave', explanation.evicts.join(', ')]);
  session.print(facts(lines, session.paint));
};

export const registerExplain = (program: Command, host: CliHost): void => {
  program
    .command('explain')
    .description('say what would happen if a model were loaded now, and why')
    .argument('<model>', 'id, file name or alias')
    .action((model: string) => host.run((session) => explain(session, model)));
};
