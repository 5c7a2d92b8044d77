import { Option } from 'commander';
import type { Command } from 'commander';
import type { KeyView, Scope } from '../../contracts/keys.ts';
import { parseExpiry, parseList, parseRate, parseScopes, wholeNumber } from '../arguments.ts';
import type { CliHost } from '../host.ts';
import { withKeys } from '../keys/keeper.ts';
import type { Session } from '../session.ts';
import { byDefault } from '../subcommands.ts';
import { relative } from '../text/format.ts';
import { oneLine } from '../text/sanitize.ts';
import { table } from '../text/table.ts';

interface CreateFlags {
  name: string;
  scope?: Scope[];
  expires?: (now: number) => number;
  models?: string[];
  concurrency?: number;
  rate?: number;
  dataDir?: string;
}

interface Place {
  dataDir?: string;
}

const limitsOf = ({ models, concurrency, ratePerMinute }: KeyView): string =>
  [
    models === null ? '' : models.join(', '),
    concurrency === null ? '' : `${concurrency} at once`,
    ratePerMinute === null ? '' : `${ratePerMinute}/min`,
  ]
    .filter((text) => text !== '')
    .join('; ') || '–';

const create = async (session: Session, flags: CreateFlags): Promise<void> => {
  const wanted = {
    name: flags.name,
    scopes: flags.scope ?? ['infer' as const],
    expiresAt: flags.expires?.(Date.now()) ?? null,
    models: flags.models ?? null,
    concurrency: flags.concurrency ?? null,
    ratePerMinute: flags.rate ?? null,
  };
  const made = await withKeys(session, flags.dataDir, (keeper) => keeper.create(wanted));
  if (session.asJson) {
    session.json(made);
    return;
  }
  // The key alone on stdout, so that a script can catch it; the words go to the person.
  session.print(`${made.secret}\n`);
  session.note(
    `This is the key ${oneLine(made.key.name)} (${made.key.id}, ${made.key.scopes.join(', ')}). It is shown only now: keep it, for example in LLAMACTOR_KEY.`,
  );
};

const list = async (session: Session, flags: Place): Promise<void> => {
  const keys = await withKeys(session, flags.dataDir, (keeper) => keeper.list());
  if (session.asJson) {
    session.json({ keys });
    return;
  }
  if (keys.length === 0) {
    session.note('There are no keys; `llamactor key create --name NAME` makes one.');
    return;
  }
  const now = Date.now();
  const rows = keys.map((key) => [
    key.id,
    key.name,
    key.hint,
    key.scopes.join(', '),
    limitsOf(key),
    key.expiresAt === null
      ? 'never'
      : { text: relative(key.expiresAt, now), colour: key.expiresAt <= now ? ('red' as const) : null },
    relative(key.lastUsedAt, now),
  ]);
  const columns = [
    { title: 'id' },
    { title: 'name' },
    { title: 'key' },
    { title: 'scope' },
    { title: 'limits', flexible: true as const },
    { title: 'expires' },
    { title: 'last used' },
  ];
  session.print(table(columns, rows, session.paint, session.width));
};

const revoke = async (session: Session, ref: string, flags: Place): Promise<void> => {
  const result = await withKeys(session, flags.dataDir, (keeper) => keeper.revoke(ref));
  if (session.asJson) session.json(result);
  else session.print(`Revoked the key ${oneLine(result.name)} (${result.revoked}); it lets nobody in any more.\n`);
};

const FOLDER = [
  '--data-dir <folder>',
  'work on this data folder, with no server running on it; without it the server is asked, or, when none answers, the usual folder is used',
] as const;

export const registerKey = (program: Command, host: CliHost): void => {
  const key = program.command('key').description('make, list and revoke the keys that let programs and people in');
  byDefault(key, () => host.run((session) => list(session, {})));
  key
    .command('create')
    .description('make a key and print it, this once')
    .requiredOption('--name <name>', 'what or whom it is for')
    .addOption(
      new Option(
        '--scope <list>',
        'infer: the inference API (the default); observe: read the state; operate: load and unload, and both before; admin: everything',
      ).argParser(parseScopes),
    )
    .addOption(
      new Option('--expires <when>', 'after a time such as 12h or 30d, or a date such as 2030-01-31').argParser(
        parseExpiry,
      ),
    )
    .addOption(new Option('--models <list>', 'only these models, separated by commas').argParser(parseList))
    .addOption(
      new Option('--concurrency <count>', 'requests answered at once over all models; more wait').argParser(
        wholeNumber(1, 10_000),
      ),
    )
    .addOption(
      new Option('--rate <count>', 'requests per minute, such as 60/min; more are refused').argParser(parseRate),
    )
    .option(...FOLDER)
    .action((flags: CreateFlags) => host.run((session) => create(session, flags)));
  key
    .command('list')
    .description('list the keys, without their secrets')
    .option(...FOLDER)
    .action((flags: Place) => host.run((session) => list(session, flags)));
  key
    .command('revoke')
    .description('end a key at once; what it has running may finish')
    .argument('<key>', 'its id or name')
    .option(...FOLDER)
    .action((ref: string, flags: Place) => host.run((session) => revoke(session, ref, flags)));
};
