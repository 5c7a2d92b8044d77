import type { Command } from 'commander';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { bytes, duration, plural } from '../text/format.ts';
import { engineCell, routerCell } from '../text/model-words.ts';
import { facts } from '../text/table.ts';
import type { Cell } from '../text/table.ts';

const status = async (session: Session): Promise<void> => {
  const client = await session.connect();
  const [{ info }, health, { router }, { engine }, { models }] = await Promise.all([
    client.call('system:info', {}),
    client.call('system:health', {}),
    client.call('router:status', {}),
    client.call('engine:status', {}),
    client.call('models:list', {}),
  ]);
  const count = (state: string): number => models.filter((model) => model.state === state).length;
  const counts = { total: models.length, loaded: count('loaded'), loading: count('loading'), error: count('error') };
  if (session.asJson) {
    session.json({ url: client.url, info, health, router, engine, models: counts });
    return;
  }
  const problems = Object.entries(health.details).filter(([, detail]) => !detail.ok);
  const lines: [string, Cell][] = [
    ['server', `Llamactor ${info.version} at ${client.url}, process ${info.pid}, up ${duration(info.uptime * 1000)}`],
    ['health', { text: health.status, colour: health.status === 'healthy' ? 'green' : 'yellow' }],
    ...problems.map(([name, detail]): [string, Cell] => [`  ${name}`, { text: detail.message, colour: 'yellow' }]),
    ['router', routerCell(router)],
    ['engine', engineCell(engine)],
    [
      'models',
      `${plural(counts.total, 'model')}, ${counts.loaded} loaded, ${counts.loading} loading, ${counts.error} in error`,
    ],
    ['memory', `${bytes(info.memory.free)} free of ${bytes(info.memory.total)}`],
    ['data', info.dataDir],
  ];
  session.print(facts(lines, session.paint));
};

export const registerStatus = (program: Command, host: CliHost): void => {
  program
    .command('status')
    .description('show the server, its health, the router, the engine and how many models there are')
    .action(() => host.run(status));
};
