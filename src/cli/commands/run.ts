import path from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { RunPieceView, RunView } from '../../contracts/runs.ts';
import { parseDuration, wholeNumber } from '../arguments.ts';
import { EXIT, UsageError } from '../exit.ts';
import { followToEnd } from '../follow-run.ts';
import type { CliHost } from '../host.ts';
import { readStdin } from '../read-input.ts';
import type { Session } from '../session.ts';
import { createProgress } from '../text/progress.ts';
import { coloursOnly, runCost, runDuration } from '../text/run-words.ts';
import { oneLine } from '../text/sanitize.ts';

interface Flags {
  tool?: string;
  model?: string;
  system?: string;
  cwd?: string;
  maxTokens?: number;
  limit?: number;
  room?: string;
  detach?: boolean;
}

/** What `timeout` of the coreutils says. */
const TIMED_OUT = 124;

/** The command's own exit code, where it has one. */
const exitCodeOf = ({ state, exitCode }: RunView): number => {
  if (state === 'completed') return EXIT.ok;
  if (state === 'cancelled') return EXIT.interrupted;
  if (state === 'timeout') return TIMED_OUT;
  return exitCode === null || exitCode === 0 ? EXIT.failed : exitCode;
};

const wishOf = (prompt: string, flags: Flags, cwd: string) => ({
  prompt,
  ...(flags.tool === undefined ? {} : { tool: flags.tool }),
  ...(flags.model === undefined ? {} : { model: flags.model }),
  ...(flags.system === undefined ? {} : { systemPrompt: flags.system }),
  ...(flags.cwd === undefined ? {} : { cwd: path.resolve(cwd, flags.cwd) }),
  ...(flags.maxTokens === undefined ? {} : { maxTokens: flags.maxTokens }),
  ...(flags.limit === undefined ? {} : { timeoutMs: flags.limit }),
  ...(flags.room === undefined ? {} : { room: flags.room }),
});

const run = async (session: Session, words: readonly string[], flags: Flags): Promise<number> => {
  const prompt = words.length > 0 ? words.join(' ') : await readStdin(session.io, 'a prompt');
  if (prompt.trim() === '') throw new UsageError('The prompt is empty; give one, or pipe it in.');
  const client = await session.connect();
  const { run: started } = await client.call('runs:start', wishOf(prompt, flags, session.io.cwd));
  const id = oneLine(started.id);
  if (flags.detach === true) {
    if (session.asJson) session.json({ run: started });
    else session.print(`${id}\n`);
    return EXIT.ok;
  }
  // Ctrl-C, or nobody reads any more: what was started for this terminal ends with it.
  let finished = false;
  session.signal.addEventListener('abort', () => {
    if (!finished) client.call('runs:cancel', { id: started.id }).catch(() => undefined);
  });
  session.whenInterrupted('The run is cancelled.');

  const progress = createProgress(session.io.stderr);
  const kept: RunPieceView[] = [];
  let lastText = '\n';
  const show = (piece: RunPieceView): void => {
    progress.clear();
    lastText = piece.text;
    if (session.asJson) kept.push(piece);
    else {
      const output = piece.stream === 'stdout' ? session.io.stdout : session.io.stderr;
      output.write(output.isTTY ? coloursOnly(piece.text) : piece.text);
    }
  };
  const say = ({ state, position, activity }: RunView): void => {
    if (session.asJson || finished) return;
    if (state === 'queued') progress.update(`waiting, ${position ?? 0} before it`, null);
    else if (activity !== null && session.io.stderr.isTTY) progress.update(oneLine(activity), null);
  };
  const ended = await followToEnd(client, started, show, say).finally(() => {
    finished = true;
    progress.clear();
  });
  if (session.asJson) {
    const textOf = (stream: RunPieceView['stream']): string =>
      kept.flatMap((piece) => (piece.stream === stream ? [piece.text] : [])).join('');
    session.json({ run: ended, stdout: textOf('stdout'), stderr: textOf('stderr') });
    return exitCodeOf(ended);
  }
  const says = ended.error !== null || session.io.stderr.isTTY;
  // What is said of the run must not share a line with what it wrote.
  if (says && !lastText.endsWith('\n')) session.note('');
  if (ended.error !== null) session.note(session.paintError('red', oneLine(ended.error)));
  else if (session.io.stderr.isTTY)
    session.note(
      session.paintError(
        'dim',
        [runDuration(ended, Date.now()), runCost(ended)].filter((part) => part !== '').join(', '),
      ),
    );
  return exitCodeOf(ended);
};

export const registerRun = (program: Command, host: CliHost): void => {
  program
    .command('run')
    .description(
      'run an agent with a prompt and stream what it writes; ends with its exit code, 124 when it took too long; Ctrl-C cancels it',
    )
    .argument('[prompt...]', 'what it shall do; without it stdin is read')
    .option('-t, --tool <name>', 'which command, as `llamactor runs tools` lists them')
    .option('-m, --model <name>', 'model for it')
    .option('-s, --system <text>', 'system prompt')
    .option('-C, --cwd <folder>', 'folder to work in; one of runs.directories')
    .addOption(new Option('--max-tokens <count>', 'longest answer').argParser(wholeNumber(1, 10_000_000)))
    .addOption(new Option('--limit <time>', 'how long it may take: seconds, or 30s, 5m').argParser(parseDuration))
    .option('--room <name>', 'project room that hears of its state')
    .option('-d, --detach', 'only print its id and leave it to the server')
    .action((words: string[], flags: Flags) => host.run((session) => run(session, words, flags)));
};
