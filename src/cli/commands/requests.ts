import type { Command } from 'commander';
import type { RequestView } from '../../contracts/activity.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { duration } from '../text/format.ts';
import { table } from '../text/table.ts';
import type { Cell } from '../text/table.ts';

const cellsOf = (request: RequestView): Cell[] => [
  request.id,
  request.modelId ?? '–',
  request.route,
  request.state === 'waiting'
    ? { text: request.position === null ? 'waiting' : `waiting, ${request.position}.`, colour: 'yellow' }
    : { text: request.state, colour: 'green' },
  duration(request.ageMs),
  request.tokens === null ? '–' : String(request.tokens),
  request.key ?? '–',
];

const list = async (session: Session): Promise<void> => {
  const client = await session.connect();
  const result = await client.call('requests:list', {});
  if (session.asJson) session.json(result);
  else if (result.total === 0) session.print('No request runs or waits.\n');
  else {
    session.print(
      table(
        [
          { title: 'id' },
          { title: 'model', flexible: true },
          { title: 'route', flexible: true },
          { title: 'state' },
          { title: 'age', align: 'right' },
          { title: 'tokens', align: 'right' },
          { title: 'key' },
        ],
        result.requests.map(cellsOf),
        session.paint,
        session.width,
      ),
    );
    const left = result.total - result.requests.length;
    if (left > 0) session.note(`${left} more are not shown.`);
  }
};

const cancel = async (session: Session, id: string): Promise<void> => {
  const client = await session.connect();
  const result = await client.call('requests:cancel', { id });
  if (session.asJson) session.json(result);
  else session.print(`${result.cancelled} is cancelled.\n`);
};

export const registerRequests = (program: Command, host: CliHost): void => {
  const requests = program
    .command('requests')
    .description('show the requests that run or wait now, or cancel one')
    .action(() => host.run(list));
  requests
    .command('cancel')
    .description('end a running or waiting request; its client is told so')
    .argument('<id>', 'as `llamactor requests` shows it')
    .action((id: string) => host.run((session) => cancel(session, id)));
};
