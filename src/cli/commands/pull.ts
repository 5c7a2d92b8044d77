import type { Command } from 'commander';
import type { DownloadView } from '../../contracts/downloads.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { ErrorCode } from '../../contracts/errors.ts';
import { UsageError } from '../exit.ts';
import { followDownload } from '../follow-download.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { downloadLabel, downloadStage, fitCell } from '../text/download-words.ts';
import { bytes, duration } from '../text/format.ts';
import { createProgress } from '../text/progress.ts';
import { oneLine } from '../text/sanitize.ts';
import { table } from '../text/table.ts';

interface Flags {
  quant?: string;
  file?: string;
  list?: boolean;
  detach?: boolean;
}

const list = async (session: Session, source: string): Promise<void> => {
  const client = await session.connect();
  const { options } = await client.call('downloads:options', { source });
  if (session.asJson) {
    session.json({ options });
    return;
  }
  const rows = options.variants.map((variant) => [
    variant.recommended ? '*' : '',
    variant.quant ?? '–',
    bytes(variant.size),
    variant.shards === 1 ? '' : String(variant.shards),
    variant.mmproj === null ? '' : bytes(variant.mmprojSize),
    fitCell(variant.fit),
    variant.file,
  ]);
  session.print(
    table(
      [
        { title: '' },
        { title: 'quant' },
        { title: 'size', align: 'right' },
        { title: 'shards', align: 'right' },
        { title: 'mmproj', align: 'right' },
        { title: 'this machine' },
        { title: 'file', flexible: true },
      ],
      rows,
      session.paint,
      session.width,
    ),
  );
  if (options.note !== null) session.note(`Without --quant: ${options.note}`);
  if (options.gated)
    session.note('Its owner wants terms accepted first, and HF_TOKEN in the environment of the server.');
};

/** A failed download as the refusal of this command, so that every failure looks alike. */
const refusalOf = (download: DownloadView): CodedError => {
  const message = download.error ?? 'The download failed; look in the log of the server.';
  const codes: Partial<Record<NonNullable<DownloadView['errorCode']>, ErrorCode>> = {
    NOT_FOUND: 'NOT_FOUND',
    GATED: 'FORBIDDEN',
    RATE_LIMITED: 'RATE_LIMITED',
    EXISTS: 'INVALID_STATE',
  };
  return new CodedError(codes[download.errorCode ?? 'UNEXPECTED'] ?? 'UPSTREAM_FAILED', message, {
    details: { downloadId: download.id, reason: download.errorCode },
  });
};

const pull = async (session: Session, source: string, flags: Flags): Promise<void> => {
  if (flags.list === true) return list(session, source);
  if (flags.quant !== undefined && flags.file !== undefined)
    throw new UsageError('Give either --quant or --file, not both.');
  const client = await session.connect();
  const { quant, file } = flags;
  const wish = { source, ...(quant === undefined ? {} : { quant }), ...(file === undefined ? {} : { file }) };
  const { download } = await client.call('downloads:start', wish);
  const id = oneLine(download.id);
  if (flags.detach === true) {
    if (session.asJson) session.json({ download });
    else
      session.print(
        `The server fetches ${oneLine(download.source)}; \`llamactor downloads\` shows how far it is (${id}).\n`,
      );
    return;
  }
  session.whenInterrupted(
    `The server goes on fetching; \`llamactor downloads\` shows how far it is, \`llamactor downloads cancel ${id}\` stops it.`,
  );
  const progress = createProgress(session.io.stderr);
  let finished = false;
  let noted = false;
  const settle = (): void => {
    finished = true;
    progress.clear();
  };
  session.signal.addEventListener('abort', settle);
  const started = performance.now();
  const label = session.io.stderr.isTTY ? downloadLabel : downloadStage;
  const show = (now: DownloadView): void => {
    if (finished || session.asJson) return;
    if (now.note !== null && !noted) {
      noted = true;
      progress.clear();
      session.note(oneLine(now.note));
    }
    progress.update(label(now), now.state === 'fetching' || now.state === 'queued' ? now.percent : null);
  };
  const ended = await followDownload(client, download.id, show).finally(settle);
  if (ended.state === 'failed') throw refusalOf(ended);
  if (ended.state === 'cancelled') throw new CodedError('INVALID_STATE', 'The download was cancelled.');
  if (session.asJson) {
    session.json({ download: ended });
    return;
  }
  const took = duration(performance.now() - started);
  const name = ended.modelId === null ? (ended.files[0]?.path ?? ended.source) : ended.modelId;
  session.print(`${session.paint('green', oneLine(name))} is there after ${took}, ${bytes(ended.totalBytes)}.\n`);
};

export const registerPull = (program: Command, host: CliHost): void => {
  program
    .command('pull')
    .description('fetch a model and wait until it is there; it goes on in the server when you leave')
    .argument('<source>', 'hf:owner/repo, hf:owner/repo:QUANT, or the https address of a GGUF file')
    .option('--quant <name>', 'quantisation, such as Q4_K_M')
    .option('--file <path>', 'file of the repository')
    .option('--list', 'only list what there is, with sizes and what this machine can hold')
    .option('-d, --detach', 'do not wait')
    .action((source: string, flags: Flags) => host.run((session) => pull(session, source, flags)));
};
