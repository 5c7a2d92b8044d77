import { Option } from 'commander';
import type { Command } from 'commander';
import type { LlamactorClient } from '../../client/index.ts';
import type { SessionEntryView, SessionView } from '../../contracts/sessions.ts';
import { parseDuration, wholeNumber } from '../arguments.ts';
import { EXIT, UsageError } from '../exit.ts';
import { followSession } from '../follow-session.ts';
import type { CliHost } from '../host.ts';
import { readStdin } from '../read-input.ts';
import type { Session } from '../session.ts';
import { relative } from '../text/format.ts';
import { oneLine, printable } from '../text/sanitize.ts';
import { entryLine, sessionCell } from '../text/session-words.ts';
import { table } from '../text/table.ts';

/** What `timeout` of the coreutils says. */
const OUT_OF_BOUNDS = 124;
const SHORT = 8;
const shortOf = ({ id }: SessionView): string => id.slice(0, SHORT);

const exitCodeOf = ({ status, errorCode }: SessionView): number => {
  if (status === 'end') return EXIT.ok;
  if (status === 'user_stopped') return EXIT.interrupted;
  return status === 'max_loop' || errorCode === 'TIMEOUT' ? OUT_OF_BOUNDS : EXIT.failed;
};

/** The start of an id is enough. */
const find = async (client: LlamactorClient, prefix: string): Promise<SessionView> => {
  const { sessions } = await client.call('sessions:list', { limit: 500 });
  const found = sessions.filter(({ id }) => id.startsWith(prefix));
  const [only] = found;
  if (only === undefined)
    throw new UsageError(`No session is called ${JSON.stringify(prefix)}; see \`llamactor sessions\`.`);
  if (found.length > 1)
    throw new UsageError(`${found.length} sessions begin with ${JSON.stringify(prefix)}; write more of it.`);
  return only;
};

const list = async (session: Session): Promise<void> => {
  const client = await session.connect();
  const { sessions } = await client.call('sessions:list', {});
  if (session.asJson) return session.json({ sessions });
  if (sessions.length === 0)
    return session.print('There was no session yet; `llamactor session start "your task"` begins one.\n');
  const now = Date.now();
  const rows = sessions.map((each) => [
    shortOf(each),
    sessionCell(each),
    `${each.steps}/${each.maxSteps}`,
    relative(each.createdAt, now),
    oneLine(each.title),
    oneLine(each.question ?? each.answer ?? each.message),
  ]);
  session.print(
    table(
      [
        { title: 'id' },
        { title: 'state' },
        { title: 'steps', align: 'right' },
        { title: 'begun', align: 'right' },
        { title: 'task' },
        { title: 'detail', flexible: true },
      ],
      rows,
      session.paint,
      session.width,
    ),
  );
};

const show = (session: Session, entry: SessionEntryView): void => {
  if (session.asJson) return;
  const line = entryLine(entry);
  if (line === null) return;
  session.print(`${line.colour === null ? line.text : session.paint(line.colour, line.text)}\n`);
};

/** Follows it to its end; what it asks of a person is said with the command that answers. */
const follow = async (session: Session, id: string, from: number, onInterrupt: string): Promise<number> => {
  const client = await session.connect();
  session.whenInterrupted(onInterrupt);
  let asked: string | null = null;
  const say = (view: SessionView): void => {
    const { question, approvalId } = view;
    const asks = question ?? approvalId;
    if (asks === asked) return;
    asked = asks;
    if (question !== null)
      session.note(`${oneLine(question)} Answer with \`llamactor session continue ${shortOf(view)} "…"\`.`);
    else if (approvalId !== null)
      session.note(`${oneLine(view.message)} Answer with \`llamactor approve yes|no ${approvalId.slice(0, SHORT)}\`.`);
  };
  const ended = await followSession(client, id, from, (entry) => show(session, entry), say);
  if (session.asJson) session.json({ session: ended });
  else if (ended.answer !== null) session.print(`${printable(ended.answer)}\n`);
  else session.note(oneLine(ended.message));
  return exitCodeOf(ended);
};

interface StartFlags {
  open?: string;
  model?: string;
  title?: string;
  maxSteps?: number;
  limit?: number;
  file?: string[];
  wait?: boolean;
}

const promptFrom = async (session: Session, words: readonly string[], what: string): Promise<string> => {
  const prompt = words.length > 0 ? words.join(' ') : await readStdin(session.io, what);
  if (prompt.trim() === '') throw new UsageError('The task is empty; give one, or pipe it in.');
  return prompt;
};

const start = async (session: Session, words: readonly string[], flags: StartFlags): Promise<number> => {
  const prompt = await promptFrom(session, words, 'a task');
  const client = await session.connect();
  const { session: started } = await client.call('sessions:start', {
    prompt,
    ...(flags.open === undefined ? {} : { startUrl: flags.open }),
    ...(flags.model === undefined ? {} : { model: flags.model }),
    ...(flags.title === undefined ? {} : { title: flags.title }),
    ...(flags.maxSteps === undefined ? {} : { maxSteps: flags.maxSteps }),
    ...(flags.limit === undefined ? {} : { timeoutMs: flags.limit }),
    ...(flags.file === undefined ? {} : { fileIds: flags.file }),
  });
  if (flags.wait !== true) {
    if (session.asJson) session.json({ session: started });
    else session.print(`${started.id}\n`);
    return EXIT.ok;
  }
  if (!session.asJson) session.note(`Session ${shortOf(started)} …`);
  // Ctrl-C: what was started for this terminal ends with it.
  let finished = false;
  session.signal.addEventListener('abort', () => {
    if (!finished) client.call('sessions:cancel', { id: started.id }).catch(() => undefined);
  });
  return follow(session, started.id, 1, 'The session is ended.').finally(() => {
    finished = true;
  });
};

const transcript = async (session: Session, ref: string): Promise<void> => {
  const client = await session.connect();
  const view = await find(client, ref);
  const entries: SessionEntryView[] = [];
  for (let from = 0, more = true; more;) {
    const page = await client.call('sessions:transcript', { id: view.id, from });
    entries.push(...page.entries);
    ({ next: from, more } = page);
  }
  if (session.asJson) return session.json({ session: view, entries });
  const { text } = sessionCell(view);
  session.print(`${oneLine(view.title)}: ${text}, ${view.steps} of ${view.maxSteps} steps. ${oneLine(view.message)}\n`);
  for (const entry of entries) show(session, entry);
  if (view.answer !== null) session.print(`${printable(view.answer)}\n`);
};

const goOn = async (
  session: Session,
  ref: string,
  words: readonly string[],
  { wait }: { wait?: boolean },
): Promise<number> => {
  const client = await session.connect();
  const { id, entries } = await find(client, ref);
  const { session: after } = await client.call('sessions:continue', { id, prompt: words.join(' ') });
  if (wait === true) return follow(session, id, entries, `It goes on; \`llamactor session watch ${ref}\` shows it.`);
  if (session.asJson) session.json({ session: after });
  else session.print(`${oneLine(after.title)}: ${sessionCell(after).text}.\n`);
  return EXIT.ok;
};

const watch = async (session: Session, ref: string): Promise<number> => {
  const client = await session.connect();
  const { id } = await find(client, ref);
  return follow(session, id, 0, `It goes on; \`llamactor session cancel ${ref}\` ends it.`);
};

const tell = async (session: Session, ref: string, command: 'sessions:pause' | 'sessions:cancel'): Promise<void> => {
  const client = await session.connect();
  const { id } = await find(client, ref);
  const { session: after } = await client.call(command, { id });
  if (session.asJson) session.json({ session: after });
  else session.print(`${oneLine(after.title)}: ${sessionCell(after).text}.\n`);
};

const remove = async (session: Session, ref: string): Promise<void> => {
  const client = await session.connect();
  const { id, title } = await find(client, ref);
  const removed = await client.call('sessions:remove', { id });
  if (session.asJson) session.json(removed);
  else session.print(`${oneLine(title)}: removed.\n`);
};

export const registerSessions = (program: Command, host: CliHost): void => {
  program
    .command('sessions')
    .description('models that work in a browser, newest first')
    .action(() => host.run(list));
};

export const registerSession = (program: Command, host: CliHost): void => {
  const group = program.command('session').description('let a model work in a browser, and follow or end it');
  const wait = (command: Command): Command =>
    command.option(
      '-w, --wait',
      'follow it to its end: exit code 0 when done, 1 when it failed, 124 when it ran out of steps or time, 130 when somebody ended it',
    );
  wait(group.command('start'))
    .description('give a model a task; prints the session’s id')
    .argument('[task...]', 'what it shall do; without it stdin is read')
    .option('-o, --open <address>', 'page to begin on; its site needs no consent')
    .option('-m, --model <name>', 'model that works')
    .option('--title <text>', 'what it is called in lists')
    .addOption(new Option('--max-steps <count>', 'steps it may take').argParser(wholeNumber(1, 1000)))
    .addOption(new Option('--limit <time>', 'how long it may work: seconds, or 30s, 5m').argParser(parseDuration))
    .option('-f, --file <id...>', 'ids of uploaded files')
    .action((words: string[], flags: StartFlags) => host.run((session) => start(session, words, flags)));
  group
    .command('show')
    .description('its state and its transcript')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => transcript(session, id)));
  group
    .command('watch')
    .description('show its steps as they come, to its end')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => watch(session, id)));
  wait(group.command('continue'))
    .description('go on with a further instruction, which also answers its question; without one after a pause')
    .argument('<id>', 'as listed')
    .argument('[words...]', 'instruction or answer')
    .action((id: string, words: string[], flags: { wait?: boolean }) =>
      host.run((session) => goOn(session, id, words, flags)),
    );
  group
    .command('pause')
    .description('let the step under way end, and take no further one')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => tell(session, id, 'sessions:pause')));
  group
    .command('cancel')
    .description('end it, and its browser with it')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => tell(session, id, 'sessions:cancel')));
  group
    .command('rm')
    .description('forget it with its transcript, pictures and downloads')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => remove(session, id)));
};
