/** A download as clients see it. Pure, and exhaustive over the machine's states. */
import type { DownloadContext, DownloadState, PlannedFile } from '../../machines/download.machine.ts';
import type { DownloadRecord } from '../contracts/download-record.ts';
import type { DownloadView } from '../contracts/downloads.ts';

export interface DownloadFacts {
  record: DownloadRecord;
  /** `record.source` without what may be secret in it. */
  source: string;
  /** Null while it waits for its first turn, and after its end. */
  live: { value: DownloadState; context: DownloadContext } | null;
  bytesPerSecond: number | null;
}

const fileView = ({ name, size, target }: PlannedFile) => ({ name, size, path: target });

/** Percent in tenths, and 100 only when nothing is missing. */
const percentOf = (received: number, total: number | null): number | null =>
  total === null || total === 0 ? null : Math.min(100, Math.floor((1000 * received) / total) / 10);

const stageOf = (value: DownloadState, context: DownloadContext | null, total: number | null): string => {
  switch (value) {
    case 'queued':
      return context?.failure == null ? 'waiting for its turn' : 'waiting to try again';
    case 'resolving':
      return 'asking for the files';
    case 'fetching':
      return context !== null && context.wrongHashes > 0 ? 'fetching once more' : 'fetching';
    case 'verifying': {
      const percent = percentOf(context?.verifiedBytes ?? 0, total);
      return percent === null ? 'verifying' : `verifying ${Math.floor(percent)} %`;
    }
    case 'done':
      return 'done';
    case 'failed':
      return 'failed';
    case 'cancelled':
      return 'cancelled';
  }
};

export const downloadView = ({ record, source, live, bytesPerSecond }: DownloadFacts): DownloadView => {
  const context = live?.context ?? null;
  const plan = context?.plan ?? null;
  // What is done shows as such only once the library knows the model.
  const value = live === null ? (record.state === 'wanted' ? 'queued' : record.state) : live.value;
  const state = live !== null && value === 'done' ? 'verifying' : value;
  const files = plan === null ? record.files : plan.files.map(fileView);
  const totalBytes = files.length === 0 ? null : files.reduce((sum, { size }) => sum + size, 0);
  // Before the parts have been looked at, what was known earlier is the best guess.
  const receivedBytes =
    state === 'done' ? (totalBytes ?? 0) : plan === null ? record.receivedBytes : (context?.receivedBytes ?? 0);
  const left = totalBytes === null ? null : totalBytes - receivedBytes;
  const speed = state === 'fetching' ? bytesPerSecond : null;
  return {
    id: record.id,
    source,
    repo: plan?.repo ?? record.repo,
    quant: plan?.quant ?? record.variant ?? record.quant,
    files,
    state,
    stage: live?.value === 'done' ? 'adding it to the models' : stageOf(state, context, totalBytes),
    receivedBytes,
    totalBytes,
    percent: percentOf(receivedBytes, totalBytes),
    bytesPerSecond: speed,
    etaSeconds: speed === null || speed <= 0 || left === null ? null : Math.ceil(left / speed),
    note: plan?.note ?? record.note,
    error: context === null ? record.error : (context.failure?.message ?? null),
    errorCode: context === null ? record.errorCode : (context.failure?.code ?? null),
    retryAt: context?.retryAt ?? null,
    startedAt: record.startedAt,
    finishedAt: record.finishedAt,
    modelId: record.modelId,
  };
};
