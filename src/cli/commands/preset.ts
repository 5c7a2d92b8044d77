import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { LlamactorClient } from '../../client/index.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { RouterView } from '../../contracts/views.ts';
import { applyPayload, printEffects, withApply } from '../apply.ts';
import type { ApplyFlags } from '../apply.ts';
import { asError, UsageError } from '../exit.ts';
import type { CliHost } from '../host.ts';
import { readStdin } from '../read-input.ts';
import type { Session } from '../session.ts';
import { byDefault } from '../subcommands.ts';
import { plural } from '../text/format.ts';
import { oneLine, printable } from '../text/sanitize.ts';
import { table } from '../text/table.ts';

const list = async (session: Session, flags: { quiet?: boolean }): Promise<void> => {
  const client = await session.connect();
  const [{ presets }, { router }] = await Promise.all([
    client.call('presets:list', {}),
    client.call('router:status', {}),
  ]);
  if (session.asJson) {
    session.json({ presets, active: router.preset });
    return;
  }
  if (flags.quiet === true) {
    for (const preset of presets) session.print(`${oneLine(preset.name)}\n`);
    return;
  }
  const rows = presets.map((preset) => [
    preset.name === router.preset ? { text: preset.name, colour: 'green' as const } : preset.name,
    preset.name === router.preset ? 'in use' : '',
    preset.models.length === 0 ? '–' : preset.models.join(', '),
    preset.path,
  ]);
  session.print(
    table(
      [{ title: 'preset' }, { title: '' }, { title: 'models', flexible: true }, { title: 'file' }],
      rows,
      session.paint,
      session.width,
    ),
  );
};

const show = async (session: Session, name: string): Promise<void> => {
  const client = await session.connect();
  const { preset } = await client.call('presets:get', { name });
  if (session.asJson) session.json({ preset });
  else session.print(preset.ini.endsWith('\n') ? printable(preset.ini) : `${printable(preset.ini)}\n`);
};

const readIni = async (session: Session, file: string | undefined): Promise<string> => {
  if (file === undefined || file === '-') return readStdin(session.io, 'the name of an INI file');
  try {
    return await readFile(path.resolve(session.io.cwd, file), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new UsageError(`The file ${file} cannot be read (${code ?? String(error)}); name an INI file that exists.`);
  }
};

const save = async (session: Session, name: string, file: string | undefined, flags: ApplyFlags): Promise<void> => {
  const payload = { name, ini: await readIni(session, file), ...applyPayload(flags) };
  const client = await session.connect();
  const { effects } = await client.call('presets:preview', payload);
  if (flags.preview === true) {
    if (session.asJson) session.json({ effects });
    else printEffects(session, effects);
    return;
  }
  if (!session.asJson) printEffects(session, effects);
  const { preset } = await client.call('presets:save', payload);
  if (session.asJson) session.json({ preset, effects });
  else
    session.print(
      `Saved preset ${oneLine(preset.name)} with ${plural(preset.models.length, 'model section')} to ${oneLine(preset.path)}.\n`,
    );
};

const remove = async (session: Session, name: string): Promise<void> => {
  const client = await session.connect();
  const result = await client.call('presets:delete', { name });
  if (session.asJson) session.json(result);
  else session.print(`Deleted preset ${oneLine(result.deleted)}.\n`);
};

const RESTART_MS = 120_000;

/** Waits until the router runs with the preset. The snapshot taken after the command shows at least the beginning of the restart. */
const routerWith = (client: LlamactorClient, preset: string, deadlineMs: number): Promise<RouterView> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(
          new CodedError(
            'TIMEOUT',
            `The router was not ready with preset ${preset} within ${deadlineMs / 1000} s; see \`llamactor status\`.`,
          ),
        ),
      deadlineMs,
    );
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      act();
    };
    const look = (router: RouterView): void => {
      if (router.preset !== preset) return;
      if (router.state === 'loaded') settle(() => resolve(router));
      if (router.state !== 'error') return;
      const cause = router.failure?.message ?? 'no cause is known';
      settle(() =>
        reject(new CodedError('UPSTREAM_FAILED', `The router did not start with preset ${preset}: ${cause}`)),
      );
    };
    client
      .live(
        (snapshot) => look(snapshot.router),
        (changes) => changes.forEach((change) => change.kind === 'router' && look(change.router)),
      )
      .catch((error: unknown) => settle(() => reject(asError(error))));
  });

const use = async (session: Session, name: string): Promise<void> => {
  const client = await session.connect();
  const { preset } = await client.call('router:start-with-preset', { presetName: name });
  session.whenInterrupted(`The router goes on restarting with preset ${oneLine(preset)}.`);
  const router = await routerWith(client, preset, session.timeoutMs ?? RESTART_MS);
  if (session.asJson) session.json({ preset, router });
  else
    session.print(`The router runs with preset ${oneLine(preset)}${router.url === null ? '' : ` at ${router.url}`}.\n`);
};

export const registerPreset = (program: Command, host: CliHost): void => {
  const preset = program
    .command('preset')
    .description('list, show, save, delete and use presets (INI files with llama-server flags)');
  byDefault(preset, () => host.run((session) => list(session, {})));
  preset
    .command('list')
    .description('list the presets')
    .option('-q, --quiet', 'only the names, one per line')
    .action((flags: { quiet?: boolean }) => host.run((session) => list(session, flags)));
  preset
    .command('show')
    .description("print a preset's text")
    .argument('<preset>', 'name of the preset')
    .action((name: string) => host.run((session) => show(session, name)));
  const saving = preset
    .command('save')
    .description('validate and save a preset from a file or from stdin')
    .argument('<preset>', 'name of the preset')
    .argument('[file]', 'INI file; stdin when left out or "-"')
    .action((name: string, file: string | undefined, flags: ApplyFlags) =>
      host.run((session) => save(session, name, file, flags)),
    );
  withApply(saving);
  preset
    .command('delete')
    .description('delete a preset')
    .argument('<preset>', 'name of the preset')
    .action((name: string) => host.run((session) => remove(session, name)));
  preset
    .command('use')
    .description('restart the router with a preset and wait until it is ready')
    .argument('<preset>', 'name of the preset')
    .action((name: string) => host.run((session) => use(session, name)));
};
