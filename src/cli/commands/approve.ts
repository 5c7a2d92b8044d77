import { createInterface } from 'node:readline/promises';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { LlamactorClient } from '../../client/index.ts';
import type { ApprovalView } from '../../contracts/approvals.ts';
import { parseDuration } from '../arguments.ts';
import { EXIT, UsageError } from '../exit.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { byDefault } from '../subcommands.ts';
import { relative } from '../text/format.ts';
import { oneLine, printable } from '../text/sanitize.ts';
import { table } from '../text/table.ts';

/** What an approval is called on the command line: the start of its id is enough. */
const SHORT = 8;
const shortOf = ({ id }: ApprovalView): string => id.slice(0, SHORT);

const find = async (client: LlamactorClient, prefix: string): Promise<ApprovalView> => {
  const { approvals } = await client.call('approvals:list', { limit: 500 });
  const found = approvals.filter(({ id }) => id.startsWith(prefix));
  const [only] = found;
  if (only === undefined)
    throw new UsageError(`No request is called ${JSON.stringify(prefix)}; see \`llamactor approve\`.`);
  if (found.length > 1)
    throw new UsageError(`${found.length} requests begin with ${JSON.stringify(prefix)}; write more of it.`);
  return only;
};

const list = async (session: Session, { all }: { all?: boolean }): Promise<void> => {
  const client = await session.connect();
  const { approvals, allowances } = await client.call('approvals:list', {});
  const shown = all === true ? approvals : approvals.filter(({ status }) => status === 'pending');
  if (session.asJson) return session.json({ approvals: shown, allowances });
  if (shown.length === 0) return session.print('Nothing waits for an answer.\n');
  const now = Date.now();
  const rows = shown.map((approval) => [
    shortOf(approval),
    approval.status.replace('_', ' '),
    oneLine(approval.title),
    oneLine(approval.asker),
    relative(approval.status === 'pending' ? approval.timeoutAt : (approval.decidedAt ?? approval.createdAt), now),
    oneLine((approval.status === 'pending' ? approval.reason : approval.why) ?? ''),
  ]);
  session.print(
    table(
      [
        { title: 'id' },
        { title: 'state' },
        { title: 'title' },
        { title: 'asked by' },
        { title: 'until', align: 'right' },
        { title: 'reason', flexible: true },
      ],
      rows,
      session.paint,
      session.width,
    ),
  );
};

const settled = (session: Session, approval: ApprovalView): void => {
  if (session.asJson) session.json({ approval });
  else session.print(`${oneLine(approval.title)}: ${approval.status.replace('_', ' ')}.\n`);
};

const yes = async (session: Session, ref: string, { always }: { always?: boolean }): Promise<void> => {
  const client = await session.connect();
  const { id } = await find(client, ref);
  const answer = always === true ? 'always' : 'once';
  settled(session, (await client.call('approvals:approve', { id, answer })).approval);
};

const no = async (session: Session, ref: string, { reason }: { reason?: string }): Promise<void> => {
  const client = await session.connect();
  const { id } = await find(client, ref);
  settled(
    session,
    (await client.call('approvals:reject', { id, ...(reason === undefined ? {} : { reason }) })).approval,
  );
};

interface RequestFlags {
  title: string;
  reason?: string;
  preview?: string;
  for?: number;
  wait?: boolean;
}

/** Waits as long as it takes: the question has a deadline of its own. */
const answerOf = async (client: LlamactorClient, asked: ApprovalView): Promise<ApprovalView> => {
  let approval = asked;
  while (approval.status === 'pending') ({ approval } = await client.call('approvals:wait', { id: asked.id }));
  return approval;
};

const request = async (session: Session, flags: RequestFlags): Promise<number> => {
  const client = await session.connect();
  const asked = await client.call('approvals:request', {
    title: flags.title,
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    ...(flags.preview === undefined ? {} : { preview: flags.preview }),
    ...(flags.for === undefined ? {} : { timeoutMs: flags.for }),
  });
  if (flags.wait !== true) {
    if (session.asJson) session.json(asked);
    else session.print(`${asked.approval.id}\n`);
    return EXIT.ok;
  }
  session.whenInterrupted(`The question still stands; \`llamactor approve no ${shortOf(asked.approval)}\` ends it.`);
  if (!session.asJson) session.note(`Waiting for an answer to ${shortOf(asked.approval)} …`);
  const approval = await answerOf(client, asked.approval);
  if (session.asJson) session.json({ approval });
  else if (approval.why !== null) session.note(printable(approval.why));
  return approval.status === 'approved' ? EXIT.ok : EXIT.failed;
};

const ask = async (session: Session): Promise<void> => {
  const { stdin } = session.io;
  if (stdin.isTTY !== true || session.asJson) return list(session, {});
  const client = await session.connect();
  const { approvals } = await client.call('approvals:list', {});
  const waiting = approvals.filter(({ status }) => status === 'pending');
  if (waiting.length === 0) return session.print('Nothing waits for an answer.\n');
  const lines = createInterface({ input: stdin, terminal: false });
  const answers = lines[Symbol.asyncIterator]();
  for (const approval of waiting) {
    session.print(`\n${oneLine(approval.title)}\n  asked by ${oneLine(approval.asker)}. ${oneLine(approval.reason)}\n`);
    if (approval.preview !== null) session.print(`${printable(approval.preview).replace(/^/gm, '  │ ')}\n`);
    session.print(approval.rule === null ? '  yes, no or later? ' : '  yes, always, no or later? ');
    const line = await answers.next();
    if (line.done === true) break;
    const word = line.value.trim().toLowerCase();
    if (/^(y|yes|always)$/.test(word)) await yes(session, approval.id, { always: word === 'always' });
    else if (/^(n|no)$/.test(word)) await no(session, approval.id, {});
  }
  lines.close();
};

export const registerApprove = (program: Command, host: CliHost): void => {
  const approve = program.command('approve').description('answer what scripts and agents ask before they do something');
  byDefault(approve, () => host.run(ask));
  approve
    .command('list')
    .description('what waits for an answer')
    .option('--all', 'also what was settled')
    .action((flags: { all?: boolean }) => host.run((session) => list(session, flags)));
  approve
    .command('yes')
    .description('let it be done')
    .argument('<id>', 'as listed')
    .option('--always', 'and everything like it in the same session')
    .action((id: string, flags: { always?: boolean }) => host.run((session) => yes(session, id, flags)));
  approve
    .command('no')
    .description('refuse it, and with it what else its session asks')
    .argument('<id>', 'as listed')
    .option('--reason <text>', 'whoever asked is told')
    .action((id: string, flags: { reason?: string }) => host.run((session) => no(session, id, flags)));
  approve
    .command('request')
    .description('ask a person; with --wait the exit code is 0 for yes and 1 for anything else')
    .requiredOption('--title <text>', 'what is to be done')
    .option('--reason <text>', 'why')
    .option('--preview <text>', 'what exactly would be done')
    .addOption(
      new Option('--for <time>', 'how long the question stands, such as 10m; 1h by default').argParser(parseDuration),
    )
    .option('--wait', 'until it is answered')
    .action((flags: RequestFlags) => host.run((session) => request(session, flags)));
};
