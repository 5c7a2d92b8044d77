import type { Command } from 'commander';
import type { DownloadView } from '../../contracts/downloads.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { byDefault } from '../subcommands.ts';
import { downloadCell, transferOf } from '../text/download-words.ts';
import { relative } from '../text/format.ts';
import { oneLine } from '../text/sanitize.ts';
import { table } from '../text/table.ts';

const detailOf = (download: DownloadView, now: number): string => {
  const again = download.retryAt === null ? '' : `; tries again ${relative(Math.max(now, download.retryAt), now)}`;
  if (download.error !== null) return `${download.error.replace(/[.\s]+$/, '')}${again}`;
  return download.modelId ?? (download.state === 'fetching' ? transferOf(download) : download.stage);
};

const list = async (session: Session): Promise<void> => {
  const client = await session.connect();
  const { downloads } = await client.call('downloads:list', {});
  if (session.asJson) {
    session.json({ downloads });
    return;
  }
  if (downloads.length === 0) {
    session.print('Nothing was downloaded yet; `llamactor pull hf:owner/repo` fetches a model.\n');
    return;
  }
  const now = Date.now();
  const rows = downloads.map((download) => [
    download.id,
    download.source,
    download.quant ?? '–',
    downloadCell(download),
    relative(download.startedAt, now),
    { text: detailOf(download, now), colour: download.state === 'failed' ? ('red' as const) : null },
  ]);
  session.print(
    table(
      [
        { title: 'id' },
        { title: 'source' },
        { title: 'quant' },
        { title: 'state' },
        { title: 'started', align: 'right' },
        { title: 'detail', flexible: true },
      ],
      rows,
      session.paint,
      session.width,
    ),
  );
};

const change = async (session: Session, verb: 'cancel' | 'retry', id: string): Promise<void> => {
  const client = await session.connect();
  const { download } = await client.call(`downloads:${verb}`, { id });
  if (session.asJson) session.json({ download });
  else session.print(`The download of ${oneLine(download.source)} is ${download.state}.\n`);
};

const remove = async (session: Session, id: string): Promise<void> => {
  const client = await session.connect();
  const result = await client.call('downloads:remove', { id });
  if (session.asJson) session.json(result);
  else session.print(`The download ${oneLine(result.removedId)} is forgotten.\n`);
};

export const registerDownloads = (program: Command, host: CliHost): void => {
  const downloads = program.command('downloads').description('show, cancel or repeat what is fetched');
  byDefault(downloads, () => host.run(list));
  downloads
    .command('list')
    .description('all downloads, newest first')
    .action(() => host.run(list));
  downloads
    .command('cancel')
    .description('end a download and remove what was fetched')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => change(session, 'cancel', id)));
  downloads
    .command('retry')
    .description('try a failed download again, going on from what is there')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => change(session, 'retry', id)));
  downloads
    .command('remove')
    .description('forget a download; the files of one that is done stay')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => remove(session, id)));
};
