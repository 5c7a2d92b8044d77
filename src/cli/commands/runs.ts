import type { Command } from 'commander';
import { EXIT } from '../exit.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { byDefault } from '../subcommands.ts';
import { relative } from '../text/format.ts';
import { coloursOnly, runCell, runCost, runDuration } from '../text/run-words.ts';
import { oneLine } from '../text/sanitize.ts';
import { table } from '../text/table.ts';

const list = async (session: Session): Promise<void> => {
  const client = await session.connect();
  const { runs } = await client.call('runs:list', {});
  if (session.asJson) {
    session.json({ runs });
    return;
  }
  if (runs.length === 0) {
    session.print('Nothing was run yet; `llamactor run "your prompt"` runs something.\n');
    return;
  }
  const now = Date.now();
  const rows = runs.map((run) => [
    run.id,
    run.tool,
    runCell(run),
    relative(run.createdAt, now),
    runDuration(run, now),
    runCost(run) === '' ? '–' : runCost(run),
    oneLine(run.error ?? run.activity ?? run.title),
  ]);
  session.print(
    table(
      [
        { title: 'id' },
        { title: 'command' },
        { title: 'state' },
        { title: 'asked', align: 'right' },
        { title: 'took', align: 'right' },
        { title: 'used', align: 'right' },
        { title: 'detail', flexible: true },
      ],
      rows,
      session.paint,
      session.width,
    ),
  );
};

const output = async (session: Session, id: string): Promise<void> => {
  const client = await session.connect();
  for (let from = 0, more = true; more;) {
    const part = await client.call('runs:output', { id, from });
    for (const piece of part.pieces) {
      if (session.asJson) session.jsonLine(piece);
      else if (piece.stream === 'stdout') session.print(session.io.stdout.isTTY ? coloursOnly(piece.text) : piece.text);
      else session.io.stderr.write(session.io.stderr.isTTY ? coloursOnly(piece.text) : piece.text);
    }
    ({ next: from, more } = part);
  }
};

const show = async (session: Session, id: string): Promise<void> => {
  const client = await session.connect();
  const result = await client.call('runs:get', { id });
  if (session.asJson) {
    session.json(result);
    return;
  }
  const { run, prompt } = result;
  const now = Date.now();
  const facts: [string, string][] = [
    ['state', runCell(run).text],
    ['command', run.tool],
    ['model', run.answeredBy ?? run.model ?? '–'],
    ['folder', run.cwd],
    ['asked', relative(run.createdAt, now)],
    ['took', runDuration(run, now)],
    ['used', runCost(run) === '' ? '–' : runCost(run)],
    ...(run.error === null ? [] : [['error', run.error] as [string, string]]),
  ];
  for (const [name, value] of facts) session.print(`${session.paint('dim', name.padEnd(8))} ${oneLine(value)}\n`);
  session.print(`\n${coloursOnly(prompt)}\n`);
};

const cancel = async (session: Session, id: string): Promise<number> => {
  const client = await session.connect();
  const { run } = await client.call('runs:cancel', { id });
  if (session.asJson) session.json({ run });
  else session.print(run.state === 'cancelled' ? 'The run is cancelled.\n' : 'The run is being cancelled.\n');
  return EXIT.ok;
};

const remove = async (session: Session, id: string): Promise<void> => {
  const client = await session.connect();
  const result = await client.call('runs:remove', { id });
  if (session.asJson) session.json(result);
  else session.print(`The run ${oneLine(result.removedId)} is forgotten.\n`);
};

const tools = async (session: Session): Promise<void> => {
  const client = await session.connect();
  const result = await client.call('runs:tools', {});
  if (session.asJson) {
    session.json(result);
    return;
  }
  const rows = result.tools.map((tool) => [tool.isDefault ? '*' : '', tool.name, tool.kind, oneLine(tool.command)]);
  session.print(
    table(
      [{ title: '' }, { title: 'name' }, { title: 'kind' }, { title: 'command', flexible: true }],
      rows,
      session.paint,
      session.width,
    ),
  );
};

export const registerRuns = (program: Command, host: CliHost): void => {
  const runs = program.command('runs').description('show, cancel or forget what you have run');
  byDefault(runs, () => host.run(list));
  runs
    .command('list')
    .description('your runs, newest first')
    .action(() => host.run(list));
  runs
    .command('show')
    .description('one of them with its prompt')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => show(session, id)));
  runs
    .command('output')
    .description('what it wrote')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => output(session, id)));
  runs
    .command('cancel')
    .description('end it with all its processes, or take it out of the queue')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => cancel(session, id)));
  runs
    .command('remove')
    .description('forget one that has ended, with its output')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => remove(session, id)));
  runs
    .command('tools')
    .description('the commands that can be run')
    .action(() => host.run(tools));
};
