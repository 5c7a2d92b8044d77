import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { DecisionView } from '../../contracts/views.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import type { Colour } from '../text/colors.ts';
import { relative } from '../text/format.ts';
import { table } from '../text/table.ts';

const COLOURS: Record<DecisionView['kind'], Colour | null> = {
  admitted: 'green',
  evicted: 'yellow',
  yielded: 'yellow',
  queued: 'dim',
  refused: 'red',
  restarted: 'yellow',
  'gave-up': 'red',
};

const MOST = 1000;

const parseLimit = (text: string): number => {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new InvalidArgumentError(`Give a whole number from 1 to ${MOST}.`);
  return limit;
};

const decisions = async (session: Session, ref: string | undefined, limit: number): Promise<void> => {
  const client = await session.connect();
  const id = ref === undefined ? null : (await client.call('models:get', { modelId: ref })).model.id;
  const { decisions: all } = await client.call('decisions:list', { limit: id === null ? limit : MOST });
  const concerns = ({ modelId, for: whom, evicts }: DecisionView): boolean =>
    id === null || modelId === id || whom === id || evicts.includes(id);
  const list = all.filter(concerns).slice(0, limit);
  if (session.asJson) {
    session.json({ decisions: list });
    return;
  }
  if (list.length === 0) {
    session.print('Nothing has been decided yet; load a model first.\n');
    return;
  }
  const now = Date.now();
  session.print(
    table(
      [{ title: 'when' }, { title: 'model' }, { title: 'decision' }, { title: 'by' }, { title: 'why', flexible: true }],
      list.map(({ at, modelId, kind, by, reason }) => [
        relative(at, now),
        modelId,
        { text: kind, colour: COLOURS[kind] },
        by,
        reason,
      ]),
      session.paint,
      session.width,
    ),
  );
};

export const registerDecisions = (program: Command, host: CliHost): void => {
  program
    .command('decisions')
    .description('say why models were admitted, evicted, queued or refused, newest first')
    .argument('[model]', 'only what concerns this model: id, file name or alias')
    .option('-n, --limit <count>', 'how many', parseLimit, 20)
    .action((model: string | undefined, { limit }: { limit: number }) =>
      host.run((session) => decisions(session, model, limit)),
    );
};
