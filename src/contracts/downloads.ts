/** Downloads as clients see them. Times are epoch milliseconds and sizes are bytes. */

export const DOWNLOAD_STATES = ['queued', 'resolving', 'fetching', 'verifying', 'done', 'failed', 'cancelled'] as const;
export type DownloadState = (typeof DOWNLOAD_STATES)[number];

/** After these nothing happens by itself. */
export const hasEnded = (state: DownloadState): boolean =>
  state === 'done' || state === 'failed' || state === 'cancelled';

export type DownloadErrorCode =
  | 'NETWORK'
  | 'SERVER'
  | 'RATE_LIMITED'
  | 'CHANGED'
  | 'NOT_FOUND'
  | 'GATED'
  | 'BAD_SOURCE'
  | 'WRONG_HASH'
  | 'DISK_SPACE'
  | 'DISK'
  | 'EXISTS'
  | 'UNEXPECTED';

export interface DownloadFileView {
  name: string;
  size: number;
  /** Where it lies, or will lie. */
  path: string;
}

/** One download: a model's shards and its projector, fetched together. */
export interface DownloadView {
  id: string;
  /** As it was asked for; what may be secret in an address (its query) is left out. */
  source: string;
  /** "owner/repo"; null for a plain address. */
  repo: string | null;
  quant: string | null;
  /** Known once the source has been resolved; the first is the one that is loaded. */
  files: DownloadFileView[];
  state: DownloadState;
  /** What is being done or waited for, for a person: "fetching tiny.gguf", "waiting for its turn". */
  stage: string;
  receivedBytes: number;
  totalBytes: number | null;
  /** 0–100; it falls only when something that was fetched had to be thrown away. Null while the total is unknown. */
  percent: number | null;
  bytesPerSecond: number | null;
  etaSeconds: number | null;
  /** Why this variant was chosen, when nobody named one. */
  note: string | null;
  /** The cause in one sentence that says what to do; also while it is tried again. */
  error: string | null;
  errorCode: DownloadErrorCode | null;
  /** When it is tried again by itself. */
  retryAt: number | null;
  startedAt: number;
  finishedAt: number | null;
  /** The model that it became. */
  modelId: string | null;
}

/** Whether this machine's memory holds a model: in what is fastest, only together with the rest, or not at all. */
export type DownloadFit = 'fits' | 'partly' | 'no';

/** One choice of a repository: a quantisation with all its shards, and the projector that goes with it. */
export interface DownloadVariantView {
  /** What to give as `quant`; null when the name does not say. */
  quant: string | null;
  /** File of the first shard, to give as `file`. */
  file: string;
  shards: number;
  /** Without the projector. */
  size: number;
  /** File of the projector for images or sound. */
  mmproj: string | null;
  mmprojSize: number;
  fit: DownloadFit;
  /** What is taken when neither quant nor file is given. */
  recommended: boolean;
}

export interface DownloadOptionsView {
  source: string;
  repo: string | null;
  /** Whether the owner wants something accepted before the files may be fetched. */
  gated: boolean;
  variants: DownloadVariantView[];
  /** Why the recommended one is recommended. */
  note: string | null;
}
