/** `Services['downloads']` in memory: everything is fetched at once, except what a test holds. */
import type { DomainChange, Services } from '../../src/commands/services.ts';
import { CodedError } from '../../src/contracts/errors.ts';
import { hasEnded } from '../../src/contracts/downloads.ts';
import type { DownloadView } from '../../src/contracts/downloads.ts';

export const memoryDownload = (over: Partial<DownloadView> = {}): DownloadView => ({
  id: 'download-1',
  source: 'hf:owner/repo',
  repo: 'owner/repo',
  quant: 'Q4_K_M',
  files: [{ name: 'tiny-Q4_K_M.gguf', size: 1000, path: '/models/owner/repo/tiny-Q4_K_M.gguf' }],
  state: 'queued',
  stage: 'waiting for its turn',
  receivedBytes: 0,
  totalBytes: 1000,
  percent: 0,
  bytesPerSecond: null,
  etaSeconds: null,
  note: null,
  error: null,
  errorCode: null,
  retryAt: null,
  startedAt: 1_760_000_000_000,
  finishedAt: null,
  modelId: null,
  ...over,
});

export interface MemoryDownloads {
  service: Services['downloads'];
  /** Changes a download as if it had got on. */
  set(id: string, over: Partial<DownloadView>): void;
}

export const createMemoryDownloads = (publish: (change: DomainChange) => void): MemoryDownloads => {
  const downloads = new Map<string, DownloadView>();
  const need = (id: string): DownloadView => {
    const download = downloads.get(id);
    if (download === undefined) throw new CodedError('NOT_FOUND', `There is no download ${id}.`);
    return download;
  };
  const change = (download: DownloadView, by: string | null): DownloadView => {
    downloads.set(download.id, download);
    publish({ kind: 'download', download, by });
    return download;
  };
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  return {
    set: (id, over) => void change({ ...need(id), ...over }, null),
    service: {
      list: () => [...downloads.values()],
      async start({ source, quant }, by) {
        await turn();
        if (!/^(hf:|https:)/.test(source)) throw new CodedError('INVALID_PAYLOAD', `"${source}" names no model.`);
        const same = [...downloads.values()].find((download) => download.source === source);
        const id = same?.id ?? `download-${downloads.size + 1}`;
        return change(memoryDownload({ id, source, ...(quant === undefined ? {} : { quant }) }), by);
      },
      async options(source) {
        await turn();
        const variant = { shards: 1, mmproj: null, mmprojSize: 0, fit: 'fits' as const };
        return {
          source,
          repo: 'owner/repo',
          gated: false,
          variants: [
            { ...variant, quant: 'Q4_K_M', file: 'tiny-Q4_K_M.gguf', size: 1000, recommended: true },
            { ...variant, quant: 'F16', file: 'tiny-F16.gguf', size: 4000, fit: 'no', recommended: false },
          ],
          note: 'Q4_K_M (1000 B) was chosen of 2 variants: it is the usual balance of quality and size.',
        };
      },
      async cancel(id, by) {
        await turn();
        const download = need(id);
        return hasEnded(download.state)
          ? download
          : change({ ...download, state: 'cancelled', stage: 'cancelled' }, by);
      },
      async retry(id, by) {
        await turn();
        const download = need(id);
        if (download.state === 'done') throw new CodedError('INVALID_STATE', `The download ${id} is done.`);
        return hasEnded(download.state) ? change(memoryDownload({ id, source: download.source }), by) : download;
      },
      async remove(id, by) {
        await turn();
        need(id);
        downloads.delete(id);
        publish({ kind: 'download.removed', id, by });
      },
    },
  };
};
