import type { Command } from 'commander';
import type { LlamactorClient } from '../../client/index.ts';
import type { MetricsView, ModelView } from '../../contracts/views.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { bytes, duration, relative } from '../text/format.ts';
import { contextOf, engineCell, memoryOf, routerCell, stateCell, troubleOf } from '../text/model-words.ts';
import { facts, table } from '../text/table.ts';

/** A server that has not measured yet has no sample; memory is then unknown, which is no reason to fail. */
export const newestMetrics = async (client: LlamactorClient): Promise<MetricsView | null> => {
  try {
    return (await client.call('metrics:get', {})).metrics;
  } catch {
    return null;
  }
};

const activeFirst = (a: ModelView, b: ModelView): number =>
  (b.loadedAt ?? 0) - (a.loadedAt ?? 0) || a.id.localeCompare(b.id);

const ps = async (session: Session): Promise<void> => {
  const client = await session.connect();
  const [{ models: all }, { router }, { engine }, metrics] = await Promise.all([
    client.call('models:list', {}),
    client.call('router:status', {}),
    client.call('engine:status', {}),
    newestMetrics(client),
  ]);
  const models = all.filter((model) => model.state !== 'unloaded').sort(activeFirst);
  if (session.asJson) {
    session.json({ models: models.map((model) => ({ ...model, memory: memoryOf(model, metrics) })), router, engine });
    return;
  }
  const now = Date.now();
  if (models.length === 0) {
    session.print(
      `No model is loaded; ${all.length === 0 ? 'none was found' : `${all.length} can be, see \`llamactor models\``}.\n`,
    );
  } else {
    const rows = models.map((model) => [
      model.id,
      stateCell(model),
      bytes(memoryOf(model, metrics)),
      contextOf(model),
      model.inFlight === 0 ? '–' : String(model.inFlight),
      model.state === 'loaded' && model.loadedAt !== null ? duration(now - model.loadedAt) : '–',
      model.inFlight > 0 ? 'now' : relative(model.lastUsedAt, now),
    ]);
    session.print(
      table(
        [
          { title: 'model', flexible: true },
          { title: 'state' },
          { title: 'memory', align: 'right' },
          { title: 'context', align: 'right' },
          { title: 'in flight', align: 'right' },
          { title: 'uptime', align: 'right' },
          { title: 'last used', align: 'right' },
        ],
        rows,
        session.paint,
        session.width,
      ),
    );
    const troubled = models.flatMap((model) => {
      const trouble = troubleOf(model, now);
      return trouble === null ? [] : [[model.id, trouble] as const];
    });
    if (troubled.length > 0) {
      session.print(
        `\n${facts(
          troubled.map(([id, text]) => [id, { text, colour: 'red' }]),
          session.paint,
        )}`,
      );
    }
  }
  session.print(
    `\n${facts(
      [
        ['router', routerCell(router)],
        ['engine', engineCell(engine)],
      ],
      session.paint,
    )}`,
  );
};

export const registerPs = (program: Command, host: CliHost): void => {
  program
    .command('ps')
    .description('show the models that are loaded, loading or broken, with memory, context and use')
    .action(() => host.run(ps));
};
