import path from 'node:path';
import type { Command } from 'commander';
import type { EngineView } from '../../contracts/views.ts';
import { EXIT } from '../exit.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { byDefault } from '../subcommands.ts';
import { bytes } from '../text/format.ts';
import { engineCell } from '../text/model-words.ts';
import { createProgress } from '../text/progress.ts';
import { facts } from '../text/table.ts';
import type { Cell } from '../text/table.ts';

const SOURCES: Record<NonNullable<EngineView['source']>, string> = {
  configured: 'named in the configuration',
  path: 'found on PATH',
  installed: 'installed by Llamactor',
};

const print = (session: Session, engine: EngineView): void => {
  const lines: [string, Cell][] = [['engine', engineCell(engine)]];
  if (engine.source !== null) lines.push(['source', SOURCES[engine.source]]);
  session.print(facts(lines, session.paint));
};

const status = async (session: Session): Promise<number> => {
  const client = await session.connect();
  const { engine } = await client.call('engine:status', {});
  if (session.asJson) session.json({ engine });
  else print(session, engine);
  return engine.state === 'missing' ? EXIT.failed : EXIT.ok;
};

/** "downloading libllama0, 3.1 MiB of 12.0 MiB" */
export const installLabel = (engine: EngineView): string | null => {
  if (engine.state !== 'installing' && engine.state !== 'checking') return null;
  if (engine.progress === null)
    return engine.state === 'checking' ? 'looking for llama-server' : 'installing llama-server';
  const { stage, receivedBytes, totalBytes } = engine.progress;
  return receivedBytes > 0 && totalBytes !== null ? `${stage}, ${bytes(receivedBytes)} of ${bytes(totalBytes)}` : stage;
};

/** Without the byte counts, which change with every line, for outputs that are no terminal. */
export const installStage = (engine: EngineView): string | null => engine.progress?.stage ?? installLabel(engine);

const install = async (session: Session): Promise<void> => {
  const client = await session.connect();
  session.whenInterrupted('The server goes on installing; `llamactor engine` shows how far it is.');
  const progress = createProgress(session.io.stderr);
  const off = client.on('engine:updated', ({ engine }) => {
    const label = session.io.stderr.isTTY ? installLabel(engine) : installStage(engine);
    if (label !== null && !session.asJson) progress.update(label, engine.progress?.percent ?? null);
  });
  const settle = (): void => {
    off();
    progress.clear();
  };
  session.signal.addEventListener('abort', settle);
  try {
    const { engine } = await client.call('engine:install', {});
    settle();
    if (session.asJson) session.json({ engine });
    else print(session, engine);
  } finally {
    settle();
  }
};

const use = async (session: Session, file: string): Promise<void> => {
  const client = await session.connect();
  const { engine } = await client.call('engine:use', { path: path.resolve(session.io.cwd, file) });
  if (session.asJson) session.json({ engine });
  else print(session, engine);
};

export const registerEngine = (program: Command, host: CliHost): void => {
  const engine = program.command('engine').description('show, install or choose the llama-server that runs the models');
  byDefault(engine, () => host.run(status));
  engine
    .command('status')
    .description('show the llama-server in use; exit code 1 when there is none')
    .action(() => host.run(status));
  engine
    .command('install')
    .description('install a llama-server into the data folder')
    .action(() => host.run(install));
  engine
    .command('use')
    .description('use this llama-server from now on; running models keep theirs')
    .argument('<path>', 'the executable')
    .action((file: string) => host.run((session) => use(session, file)));
};
