import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { ImportReport } from '../../contracts/commands.ts';
import { UsageError } from '../exit.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { plural } from '../text/format.ts';
import { oneLine } from '../text/sanitize.ts';
import { table } from '../text/table.ts';

interface Flags {
  dryRun?: boolean;
  addFolders?: boolean;
}

const read = async (session: Session, file: string): Promise<string> => {
  try {
    return await readFile(path.resolve(session.io.cwd, file), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new UsageError(`The file ${file} cannot be read (${code ?? String(error)}); name llama-swap's config.yaml.`);
  }
};

/** Only what the file names is sent: the server's environment is another one, and the rest of ours is nobody's business. */
const environmentFor = (yaml: string, session: Session): Record<string, string> => {
  const names = new Set([...yaml.matchAll(/\$\{env\.(\w+)\}/g)].map(([, name = '']) => name));
  return Object.fromEntries(
    [...names].flatMap((name) => (session.io.env[name] === undefined ? [] : [[name, session.io.env[name]]])),
  );
};

const WORDS = {
  created: { text: 'taken over', colour: 'green' },
  updated: { text: 'brought up to date', colour: 'green' },
  'left out': { text: 'left out', colour: 'yellow' },
} as const;

const printReport = (session: Session, report: ImportReport): void => {
  const rows = report.models.map(({ name, outcome, file, parameters }) => [
    name,
    WORDS[outcome],
    Object.entries(parameters)
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(' '),
    file ?? '–',
  ]);
  const columns = [
    { title: 'model' },
    { title: '' },
    { title: 'parameters', flexible: true },
    { title: 'file' },
  ] as const;
  session.print(table(columns, rows, session.paint, session.width));
  for (const [key, value] of Object.entries(report.settings))
    session.print(`${key} ${report.dryRun ? 'becomes' : 'is now'} ${String(value)}.\n`);
  if (report.notes.length > 0) session.print('\n');
  for (const { line, item, outcome, reason } of report.notes)
    session.print(`${line === null ? '' : `line ${line}, `}${oneLine(item)} (${outcome}): ${oneLine(reason)}.\n`);
  const taken = report.models.filter(({ outcome }) => outcome !== 'left out').length;
  const verb = report.dryRun ? 'would be taken over; nothing was changed' : 'taken over';
  session.print(`\n${taken} of ${plural(report.models.length, 'model')} ${verb}.\n`);
  if (report.folders.length > 0)
    session.print(
      `Folders that are not searched yet: ${report.folders.map(oneLine).join(', ')}; --add-folders adds them.\n`,
    );
};

const llamaSwap = async (session: Session, file: string, flags: Flags): Promise<void> => {
  const yaml = await read(session, file);
  const client = await session.connect();
  const { report } = await client.call('import:llama-swap', {
    yaml,
    dryRun: flags.dryRun === true,
    addFolders: flags.addFolders === true,
    env: environmentFor(yaml, session),
  });
  if (session.asJson) session.json({ report });
  else printReport(session, report);
};

export const registerImport = (program: Command, host: CliHost): void => {
  const group = program.command('import').description('take over what another program was configured with');
  group
    .command('llama-swap')
    .description("take over models and settings of llama-swap's config.yaml, and say line by line what could not be")
    .argument('<file>', 'config.yaml of llama-swap')
    .option('--dry-run', 'only say what would happen')
    .option('--add-folders', 'search the folders of its model files from now on')
    .action((file: string, flags: Flags) => host.run((session) => llamaSwap(session, file, flags)));
};
