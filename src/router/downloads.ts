import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../contracts/errors.ts';
import type { CheckedKey } from '../contracts/keys.ts';
import type { Control } from './control.ts';
import { failure } from './failures.ts';
import { Refused, isFields } from './later.ts';

/** A download as the control plane describes it. Sizes are bytes. */
export interface DownloadProgress {
  id: string;
  state: string;
  receivedBytes: number;
  totalBytes: number | null;
  error: string | null;
}

export interface Downloads {
  /**
   * Starts a download (or joins the one that runs) and tells its progress until it is done; resolves early, without ending the
   * download, when `signal` says that nobody listens any more. Rejects when it fails or cannot be started.
   */
  follow(
    source: string,
    key: CheckedKey | null,
    onProgress: (progress: DownloadProgress) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

const ASK_MS = 30_000;
const LOOK_EVERY_MS = 300;

/** The one place that knows how the control plane downloads: two commands of its registry. */
export const createDownloads = (control: Pick<Control, 'ask'>): Downloads => {
  const ask = async (command: string, payload: object, key: CheckedKey | null): Promise<unknown> => {
    try {
      return await control.ask(command, payload, ASK_MS, key);
    } catch (error) {
      if (!(error instanceof CodedError) || error.details?.['unknownCommand'] !== command) throw error;
      const message = 'This server does not download models: put the GGUF file into a models folder.';
      throw new Refused(failure('INVALID_STATE', message, { status: 501 }));
    }
  };

  return {
    async follow(source, key, onProgress, signal) {
      const started = await ask('downloads:start', { source: hubSource(source) }, key);
      let progress = progressOf(isFields(started) ? started['download'] : null);
      for (;;) {
        onProgress(progress);
        if (progress.state === 'done') return;
        if (progress.state === 'failed' || progress.state === 'cancelled') {
          const why = progress.error ?? `it was ${progress.state}`;
          throw new CodedError('UPSTREAM_FAILED', `${source} was not downloaded: ${why}`);
        }
        await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        const { id } = progress;
        const listed = await ask('downloads:list', {}, key);
        const all = isFields(listed) && Array.isArray(listed['downloads']) ? listed['downloads'] : [];
        progress = progressOf(all.find((one) => isFields(one) && one['id'] === id));
      }
    },
  };
};

const progressOf = (value: unknown): DownloadProgress => {
  if (!isFields(value)) throw new CodedError('NOT_FOUND', 'The download was removed; start it again.');
  const { error } = value;
  const told = isFields(error) ? error['message'] : error;
  return {
    id: String(value['id']),
    state: String(value['state']),
    receivedBytes: typeof value['receivedBytes'] === 'number' ? value['receivedBytes'] : 0,
    totalBytes: typeof value['totalBytes'] === 'number' ? value['totalBytes'] : null,
    error: typeof told === 'string' ? told : null,
  };
};

/** Clients of the other APIs write `hf.co/OWNER/REPO:QUANT` or leave the host out; here a repository of the hub begins with `hf:`. */
const hubSource = (source: string): string => {
  const bare = source.replace(/^(?:https?:\/\/)?(?:hf\.co|huggingface\.co)\//, 'hf:');
  return /^[\w.-]+\/[\w.-]+(?::[\w.-]+)?$/.test(bare) ? `hf:${bare}` : bare;
};
