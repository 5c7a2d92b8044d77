/** How downloads are put into words, the same in every command. */
import type { DownloadFit, DownloadState, DownloadView } from '../../contracts/downloads.ts';
import type { Colour } from './colors.ts';
import { bytes, duration } from './format.ts';
import type { Cell } from './table.ts';

const STATE_COLOURS: Record<DownloadState, Colour> = {
  queued: 'dim',
  resolving: 'yellow',
  fetching: 'yellow',
  verifying: 'yellow',
  done: 'green',
  failed: 'red',
  cancelled: 'dim',
};

export const downloadCell = (download: DownloadView): Cell => ({
  text:
    download.state === 'fetching' && download.percent !== null
      ? `fetching ${Math.floor(download.percent)} %`
      : download.state,
  colour: STATE_COLOURS[download.state],
});

const FITS: Record<DownloadFit, Cell> = {
  fits: { text: 'fits', colour: 'green' },
  partly: { text: 'fits partly', colour: 'yellow' },
  no: { text: 'does not fit', colour: 'red' },
};
export const fitCell = (fit: DownloadFit): Cell => FITS[fit];

/** "1.2 GiB of 4.1 GiB, 35.0 MiB/s, 1 min 20 s left" */
export const transferOf = (download: DownloadView): string => {
  const parts = [`${bytes(download.receivedBytes)} of ${bytes(download.totalBytes)}`];
  if (download.bytesPerSecond !== null) parts.push(`${bytes(download.bytesPerSecond)}/s`);
  if (download.etaSeconds !== null) parts.push(`${duration(download.etaSeconds * 1000)} left`);
  return parts.join(', ');
};

/** What a progress bar says. A pause is explained, so that a bar that stands still is no riddle. */
export const downloadLabel = (download: DownloadView): string => {
  const name = download.files[0]?.name ?? download.source;
  if (download.state === 'fetching') return `${name}, ${transferOf(download)}`;
  return download.error === null ? `${name}: ${download.stage}` : `${name}: ${download.stage} (${download.error})`;
};

/** Without the numbers that change with every line, for outputs that are no terminal. */
export const downloadStage = (download: DownloadView): string => {
  const name = download.files[0]?.name ?? download.source;
  const stage = download.stage.replace(/ \d+ %$/, '');
  return download.error === null ? `${name}: ${stage}` : `${name}: ${stage} (${download.error})`;
};
