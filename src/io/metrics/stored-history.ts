import { z } from 'zod';
import type { MetricsView } from '../../contracts/views.ts';
import type { DamagedInfo } from '../store/document-file.ts';
import { openDocument } from '../store/document.ts';
import type { Sampler } from './sampler.ts';

const Gpu = z.object({
  name: z.string(),
  usage: z.number().nullable(),
  memoryUsed: z.number().nullable(),
  memoryTotal: z.number().nullable(),
  powerUsage: z.number().nullable(),
  powerLimit: z.number().nullable(),
  temperature: z.number().nullable(),
});

const Sample: z.ZodType<MetricsView> = z.object({
  cpu: z.object({ usage: z.number(), cores: z.number(), load: z.number() }),
  memory: z.object({ used: z.number(), usedBytes: z.number(), totalBytes: z.number(), availableBytes: z.number() }),
  disk: z.object({ used: z.number(), usedBytes: z.number(), totalBytes: z.number() }),
  network: z.object({ rx: z.number(), tx: z.number() }),
  uptime: z.number(),
  gpu: Gpu.exactOptional(),
  gpus: z.array(Gpu),
  processes: z.array(z.object({ source: z.string(), pid: z.number(), cpu: z.number(), memory: z.number() })),
  activeModels: z.number(),
  requestsPerMinute: z.number(),
  // Samples of earlier versions have none.
  tokensPerSecond: z.number().default(0),
  modelTokensPerSecond: z.record(z.string(), z.number()).default({}),
  timestamp: z.number(),
});

const VERSION = 1;
const SAVE_EVERY_MS = 5 * 60_000;

export interface StoredHistoryOptions {
  /** `<data folder>/metrics.json`. */
  path: string;
  sampler: Pick<Sampler, 'exportHistory' | 'importHistory'>;
  onDamaged: (info: DamagedInfo) => void;
  /** Told when a save fails; the next one is tried in its time. */
  log?: (level: 'warn', message: string) => void;
  /** ms; 5 minutes by default: a lost stretch of charts is cheaper than wearing the disk. */
  saveEveryMs?: number;
}

export interface StoredHistory {
  /** Saves a last time and lets go of the file. */
  stop(): Promise<void>;
}

/** Brings the sampler's history back from disk and keeps it there. Throws CodedError when the file is newer or unreadable. */
export const storeHistory = async (options: StoredHistoryOptions): Promise<StoredHistory> => {
  const { sampler } = options;
  const document = await openDocument<MetricsView[]>({
    path: options.path,
    schema: z.array(Sample),
    version: VERSION,
    defaults: () => [],
    onDamaged: options.onDamaged,
    pretty: false,
  });
  sampler.importHistory(document.get());

  const save = async (): Promise<void> => {
    try {
      await document.update(() => sampler.exportHistory());
    } catch (error) {
      options.log?.('warn', error instanceof Error ? error.message : String(error));
    }
  };
  const timer = setInterval(() => void save(), options.saveEveryMs ?? SAVE_EVERY_MS).unref();

  return {
    stop: async () => {
      clearInterval(timer);
      await save();
      await document.close();
    },
  };
};
