import type { Command } from 'commander';
import type { EffectiveRow } from '../../contracts/changes.ts';
import { byDefault } from '../subcommands.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { setModel } from './model-set.ts';
import { bytes, plural, tokens } from '../text/format.ts';
import { stateCell, troubleOf } from '../text/model-words.ts';
import { oneLine } from '../text/sanitize.ts';
import { facts, table } from '../text/table.ts';
import type { Cell } from '../text/table.ts';

interface Flags {
  quiet?: boolean;
}

const models = async (session: Session, flags: Flags): Promise<void> => {
  const client = await session.connect();
  const { models: list } = await client.call('models:list', {});
  if (session.asJson) {
    session.json({ models: list });
    return;
  }
  const sorted = [...list].sort((a, b) => a.id.localeCompare(b.id));
  if (flags.quiet === true) {
    for (const model of sorted) session.print(`${oneLine(model.id)}\n`);
    return;
  }
  if (sorted.length === 0) {
    session.print('No models were found; put GGUF files into a models folder and run `llamactor scan`.\n');
    return;
  }
  const now = Date.now();
  const rows = sorted.map((model) => {
    const trouble = troubleOf(model, now);
    return [
      model.id,
      bytes(model.size),
      model.metadata?.sizeLabel ?? '–',
      model.metadata?.quantization ?? '–',
      tokens(model.metadata?.contextLength ?? null),
      stateCell(model),
      trouble === null ? '' : { text: trouble, colour: 'red' as const },
    ];
  });
  session.print(
    table(
      [
        { title: 'model' },
        { title: 'size', align: 'right' },
        { title: 'params', align: 'right' },
        { title: 'quant' },
        { title: 'context', align: 'right' },
        { title: 'state' },
        { title: 'problem', flexible: true },
      ],
      rows,
      session.paint,
      session.width,
    ),
  );
};

const HEADINGS = [
  { title: 'parameter' },
  { title: 'requested', flexible: true },
  { title: 'from' },
  { title: 'effective', flexible: true },
  { title: 'told by' },
] as const;

const show = async (session: Session, ref: string): Promise<void> => {
  const client = await session.connect();
  const [{ model }, { rows }] = await Promise.all([
    client.call('models:get', { modelId: ref }),
    client.call('models:effective', { modelId: ref }),
  ]);
  if (session.asJson) {
    session.json({ model, rows });
    return;
  }
  const lines: [string, Cell][] = [
    ['model', model.id],
    ['file', model.model_path ?? '–'],
    ['state', stateCell(model)],
  ];
  if (model.aliases.length > 0) lines.push(['aliases', model.aliases.join(', ')]);
  if (model.contextSize !== null) lines.push(['context per slot', tokens(model.contextSize)]);
  if (model.pendingChange !== false) {
    const { keys, when } = model.pendingChange;
    const words = when === 'when idle' ? 'restart pending' : 'taken at the next load';
    lines.push(['changed', { text: `${words}: ${keys.join(', ')}`, colour: 'yellow' }]);
  }
  session.print(facts(lines, session.paint));
  if (rows.length === 0) session.print('\nNothing was asked for: the engine chooses everything itself.\n');
  else session.print(`\n${table(HEADINGS, rows.map(effectiveCells), session.paint, session.width)}`);
};

const effectiveCells = ({ key, requested, source, effective, told, differs }: EffectiveRow): Cell[] => [
  key,
  requested === null ? '–' : String(requested),
  source,
  { text: effective === null ? '–' : String(effective), colour: differs ? 'yellow' : null },
  told ?? '–',
];

const scan = async (session: Session, path: string | undefined): Promise<void> => {
  const client = await session.connect();
  const result = await client.call('models:scan', path === undefined ? {} : { path });
  if (session.asJson) {
    session.json(result);
    return;
  }
  const changes = [`${result.added} new`, `${result.updated} changed`, `${result.removed} gone`].join(', ');
  session.print(`Found ${plural(result.found, 'model')}: ${changes}.\n`);
  const broken = result.models.filter((model) => model.problem !== null);
  for (const model of broken) {
    session.print(`  ${session.paint('red', oneLine(model.id))}: ${oneLine(model.problem ?? '')}\n`);
  }
};

export const registerModels = (program: Command, host: CliHost): void => {
  const group = program
    .command('models')
    .description('list all models with size, quantisation, context, state and problems')
    .option('-q, --quiet', 'only the ids, one per line');
  byDefault(group, () => host.run((session) => models(session, group.opts<Flags>())));
  group
    .command('show')
    .description("print a model's parameters as they were asked for, and what the engine really gave")
    .argument('<model>', 'id, file name or alias')
    .action((model: string) => host.run((session) => show(session, model)));
  group
    .command('set')
    .description('change what is kept of a model: pinned, priority, group, ttl, aliases and more')
    .argument('<model>', 'id, file name or alias')
    .argument('<key=value...>', 'such as priority=5 pinned=true ttl=600 group=big; an empty value takes it back')
    .action((model: string, words: string[]) => host.run((session) => setModel(session, model, words)));
  program
    .command('scan')
    .description('search the models folders again, or one folder inside them')
    .argument('[path]', 'folder as the server sees it')
    .action((path: string | undefined) => host.run((session) => scan(session, path)));
};
