import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { CommandInput } from '../../contracts/commands.ts';
import { NOTIFICATION_TYPES } from '../../contracts/notifications.ts';
import type { NotificationMessage, NotificationType, NotificationView } from '../../contracts/notifications.ts';
import { wholeNumber } from '../arguments.ts';
import { UsageError } from '../exit.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { byDefault } from '../subcommands.ts';
import type { Colour } from '../text/colors.ts';
import { clock, relative } from '../text/format.ts';
import { oneLine } from '../text/sanitize.ts';
import { table } from '../text/table.ts';

interface ListFlags {
  unread?: boolean;
  lines: number;
  follow?: boolean;
}

interface SendFlags {
  user?: string;
  type: NotificationType;
  data?: Record<string, unknown>;
}

const COLOURS: Readonly<Record<NotificationType, Colour | null>> = {
  info: null,
  success: 'green',
  warning: 'yellow',
  error: 'red',
};

const rowOf = (notification: NotificationView, now: number) => {
  const { id, type, title, message, timestamp, read, count } = notification;
  return [
    read ? { text: id, colour: 'dim' as const } : id,
    relative(Date.parse(timestamp), now),
    { text: type, colour: COLOURS[type] },
    `${title}${count > 1 ? ` (${count} times)` : ''}: ${message}`,
  ];
};

const show = (session: Session, notifications: readonly NotificationView[]): void => {
  const now = Date.now();
  const columns = [{ title: 'id' }, { title: 'when' }, { title: 'type' }, { title: 'what', flexible: true as const }];
  const rows = notifications.map((each) => rowOf(each, now));
  session.print(table(columns, rows, session.paint, session.width));
};

const line = (session: Session, { type, title, message, timestamp }: NotificationMessage): string => {
  const word = session.paint(COLOURS[type], type);
  return `${clock(Date.parse(timestamp))} ${word} ${oneLine(title)}: ${oneLine(message)}\n`;
};

const list = async (session: Session, { unread = false, lines, follow = false }: ListFlags): Promise<void> => {
  const client = await session.connect();
  if (follow) {
    client.onDirect('notification', (notification) => {
      if (session.asJson) session.jsonLine(notification);
      else session.print(line(session, notification));
    });
    // Until Ctrl-C, or the end of the connection for good.
    return new Promise(() => undefined);
  }
  const found = await client.call('notifications:list', { limit: lines, unread });
  if (session.asJson) session.json(found);
  else if (found.notifications.length === 0) session.note(unread ? 'Everything is read.' : 'There is nothing to tell.');
  else {
    show(session, found.notifications);
    if (found.unread > 0)
      session.note(`${found.unread} unread; \`llamactor notifications read --all\` marks them as read.`);
  }
};

const read = async (session: Session, ids: readonly string[], all: boolean): Promise<void> => {
  if (all === ids.length > 0) throw new UsageError('Give the ids to mark as read, or --all.');
  const client = await session.connect();
  const result = await client.call('notifications:read', all ? { all: true } : { ids: [...ids] });
  if (session.asJson) session.json(result);
  else session.print(`${result.read.length} marked as read; ${result.unread} unread.\n`);
};

const send = async (session: Session, title: string, message: string, flags: SendFlags): Promise<void> => {
  const wanted: CommandInput<'notifications:send'> = {
    userId: flags.user ?? null,
    type: flags.type,
    title,
    message,
    ...(flags.data === undefined ? {} : { data: flags.data }),
  };
  const client = await session.connect();
  const result = await client.call('notifications:send', wanted);
  if (session.asJson) session.json(result);
  else
    session.print(
      `Told ${flags.user === undefined ? 'everybody' : oneLine(flags.user)} (${result.notification.id}).\n`,
    );
};

const webhook = async (session: Session): Promise<void> => {
  const client = await session.connect();
  const { webhook: view } = await client.call('notifications:webhook', {});
  if (session.asJson) {
    session.json(view);
    return;
  }
  session.print(
    [
      `address    ${view.url ?? 'none; `llamactor config set webhookUrl URL` sets one'}`,
      `secret     ${view.secret}`,
      `delivered  ${view.delivered}`,
      `waiting    ${view.waiting}`,
      `failed     ${view.failed}${view.lastError === null ? '' : `, last because ${view.lastError}`}`,
      '',
    ].join('\n'),
  );
};

const parseData = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below, as for what is JSON and no object.
  }
  throw new InvalidArgumentError('Give an object in JSON, such as \'{"run":"r1"}\'.');
};

export const registerNotifications = (program: Command, host: CliHost): void => {
  const group = program
    .command('notifications')
    .description('show what the server had to tell, and tell people something');
  byDefault(group, () => host.run((session) => list(session, { lines: 20 })));
  group
    .command('list')
    .description('what was told, newest first')
    .option('--unread', 'only what is not read')
    .addOption(new Option('-n, --lines <count>', 'how many').argParser(wholeNumber(1, 200)).default(20))
    .option('-f, --follow', 'print what comes from now on, until Ctrl-C')
    .action((flags: ListFlags) => host.run((session) => list(session, flags)));
  group
    .command('read')
    .description('mark as read')
    .argument('[ids...]', 'as listed')
    .option('--all', 'everything')
    .action((ids: string[], { all = false }: { all?: boolean }) => host.run((session) => read(session, ids, all)));
  group
    .command('send')
    .description('tell one user, or everybody, something')
    .argument('<title>', 'a few words')
    .argument('<message>', 'a sentence')
    .option('--user <name>', 'whom; without it, everybody who may see the state of the server')
    .addOption(new Option('--type <type>', 'how it is shown').choices(NOTIFICATION_TYPES).default('info'))
    .addOption(new Option('--data <json>', 'an object for programs that listen').argParser(parseData))
    .action((title: string, message: string, flags: SendFlags) =>
      host.run((session) => send(session, title, message, flags)),
    );
  group
    .command('webhook')
    .description('where notifications are delivered, the secret of their signatures, and how it went')
    .action(() => host.run(webhook));
};
