/** What a repository offers, and a download of it under way. */
import type { ImportReport } from '../../src/contracts/commands.ts';
import type { DownloadOptionsView, DownloadVariantView, DownloadView } from '../../src/contracts/downloads.ts';

const GB = 1e9;

const variant = (quant: string, size: number, parts: Partial<DownloadVariantView> = {}): DownloadVariantView => ({
  quant,
  file: `gemma-3-12b-it-${quant}.gguf`,
  shards: 1,
  size,
  mmproj: 'mmproj-model-f16.gguf',
  mmprojSize: 0.85 * GB,
  fit: 'fits',
  recommended: false,
  ...parts,
});

export const someOptions = (source: string): DownloadOptionsView => ({
  source,
  repo: 'ggml-org/gemma-3-12b-it-GGUF',
  gated: false,
  variants: [
    variant('Q4_K_M', 7.3 * GB, { recommended: true }),
    variant('Q5_K_M', 8.45 * GB),
    variant('Q8_0', 12.51 * GB),
    variant('F16', 23.54 * GB, { fit: 'partly' }),
    variant('F32', 47.07 * GB, { fit: 'no', shards: 2 }),
  ],
  note: 'Q4_K_M is the usual choice: small, and hardly worse than the whole.',
});

export const aDownload = (id: string, parts: Partial<DownloadView> = {}): DownloadView => ({
  id,
  source: 'hf:ggml-org/gemma-3-12b-it-GGUF',
  repo: 'ggml-org/gemma-3-12b-it-GGUF',
  quant: 'Q5_K_M',
  files: [],
  state: 'fetching',
  stage: 'fetching gemma-3-12b-it-Q5_K_M.gguf',
  receivedBytes: 3.55 * GB,
  totalBytes: 8.45 * GB,
  percent: 42,
  bytesPerSecond: 48_000_000,
  etaSeconds: 102,
  note: null,
  error: null,
  errorCode: null,
  retryAt: null,
  startedAt: Date.now() - 74_000,
  finishedAt: null,
  modelId: null,
  ...parts,
});

export const someReport = (dryRun: boolean): ImportReport => ({
  dryRun,
  models: [
    {
      name: 'qwen',
      outcome: 'created',
      modelId: dryRun ? null : 'qwen',
      file: '/home/ana/models/Qwen3-8B-Q4_K_M.gguf',
      aliases: ['gpt-4o-mini'],
      parameters: { 'ctx-size': 32_768 },
    },
    { name: 'remote', outcome: 'left out', modelId: null, file: null, aliases: [], parameters: {} },
  ],
  settings: { idleTtl: 600 },
  folders: ['/srv/models'],
  notes: [
    { line: 4, item: 'models.qwen.ttl', outcome: 'adapted', reason: 'It became the time to live of the record.' },
    {
      line: 9,
      item: 'models.remote',
      outcome: 'left out',
      reason: 'It runs in a container, which is not supervised here.',
    },
  ],
});
