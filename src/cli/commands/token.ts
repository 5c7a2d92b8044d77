import type { Command } from 'commander';
import { Option } from 'commander';
import type { CommandInput } from '../../contracts/commands.ts';
import type { Scope } from '../../contracts/keys.ts';
import { newToken } from '../../contracts/users.ts';
import type { User } from '../../contracts/users.ts';
import { openTokenSecret, readTokenSecret, secretOfEnvironment } from '../../io/users/token-secret.ts';
import { createTokens } from '../../io/users/tokens.ts';
import { parseExpiry, parseScopes } from '../arguments.ts';
import { UsageError } from '../exit.ts';
import type { CliHost } from '../host.ts';
import { inLockedFolder, serverOrFolder } from '../server-or-folder.ts';
import type { Session } from '../session.ts';
import { byDefault } from '../subcommands.ts';
import { oneLine } from '../text/sanitize.ts';

interface CreateFlags {
  user: string;
  email?: string;
  scope?: Scope[];
  expires?: (now: number) => number;
  dataDir?: string;
}

type Wanted = CommandInput<'tokens:create'>;

/** A secret that is there can be read beside a running server; only making one needs the folder's lock. */
const secretOf = async (session: Session, dataDir: string): Promise<string> =>
  secretOfEnvironment(session.io.env) ??
  (await readTokenSecret(dataDir)) ??
  (await inLockedFolder(session, dataDir, () => openTokenSecret(dataDir)));

const signIn = async (session: Session, dataDir: string, wanted: Wanted): Promise<{ token: string; user: User }> => {
  const checked = newToken.safeParse(wanted);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new UsageError(`Invalid ${issue?.path.join('.') ?? 'token'}: ${issue?.message ?? 'wrong shape'}.`);
  }
  return createTokens({ secret: await secretOf(session, dataDir), now: Date.now }).sign(checked.data);
};

const create = async (
  session: Session,
  { user: userId, email, scope, expires, dataDir }: CreateFlags,
): Promise<void> => {
  const wanted: Wanted = {
    userId,
    email: email ?? null,
    ...(scope === undefined ? {} : { scopes: scope }),
    expiresAt: expires?.(Date.now()) ?? null,
  };
  const made = await serverOrFolder(session, dataDir, {
    throughServer: (client) => client.call('tokens:create', wanted),
    inFolder: (folder) => signIn(session, folder, wanted),
  });
  if (session.asJson) {
    session.json(made);
    return;
  }
  // The token alone on stdout, so that a script can catch it; the words go to the person.
  session.print(`${made.token}\n`);
  const { user } = made;
  const end =
    user.expiresAt === null ? 'and does not expire' : `and expires at ${new Date(user.expiresAt).toISOString()}`;
  session.note(
    `This token says that somebody is ${oneLine(user.userId)} (${(user.scopes ?? []).join(', ')}) ${end}. It is kept nowhere; removing the server's secret ends all tokens.`,
  );
};

export const registerToken = (program: Command, host: CliHost): void => {
  const token = program.command('token').description('make the tokens that say who a person is');
  byDefault(token, () => {
    token.help();
    return Promise.resolve();
  });
  token
    .command('create')
    .description('sign a token for a user and print it')
    .requiredOption('--user <name>', 'whose it is: runs, sessions and notifications belong to that name')
    .option('--email <address>', 'what others may know of them')
    .addOption(
      new Option(
        '--scope <list>',
        'infer: the inference API; observe: read the state; operate: load and unload, and both before (the default); admin: everything',
      ).argParser(parseScopes),
    )
    .addOption(
      new Option('--expires <when>', 'after a time such as 12h or 30d, or a date such as 2030-01-31').argParser(
        parseExpiry,
      ),
    )
    .option(
      '--data-dir <folder>',
      'sign with JWT_SECRET or the secret of this data folder; without it the server is asked, or, when none answers, the usual folder is used',
    )
    .action((flags: CreateFlags) => host.run((session) => create(session, flags)));
};
