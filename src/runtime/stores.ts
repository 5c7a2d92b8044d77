/** The documents of a data folder, opened together. */
import path from 'node:path';
import { z } from 'zod';
import { CONFIG_KEYS, ConfigDocument, SettingsDocument, defaultConfig, defaultSettings } from '../contracts/config.ts';
import type { Config, Settings } from '../contracts/config.ts';
import { ApprovalsDocument } from '../contracts/approval-record.ts';
import { DownloadsDocument } from '../contracts/download-record.ts';
import { nearestNames } from '../contracts/nearest.ts';
import { RunsDocument } from '../contracts/run-record.ts';
import type { Objection } from '../io/store/document-file.ts';
import { openKeyStore } from '../io/keys/key-store.ts';
import type { KeyStore } from '../io/keys/key-store.ts';
import { openDocument } from '../io/store/document.ts';
import type { Document } from '../io/store/document.ts';
import { createLogBook } from '../io/logs/log-book.ts';
import type { LogBook } from '../io/logs/log-book.ts';
import { redact } from '../io/logs/redact.ts';
import { DecisionsDocument } from './decisions.ts';
import { MeasurementsDocument } from './measurements.ts';
import { MODELS_VERSION, ModelsDocument, noModels } from './model-store.ts';

/** What is remembered between runs and is nobody's configuration. */
export const StateDocument = z.object({ preset: z.string().default('default') });
export type StateDocument = z.infer<typeof StateDocument>;

export interface Stores {
  config: Document<Config>;
  settings: Document<Settings>;
  models: Document<ModelsDocument>;
  downloads: Document<DownloadsDocument>;
  runs: Document<RunsDocument>;
  approvals: Document<ApprovalsDocument>;
  state: Document<StateDocument>;
  decisions: Document<DecisionsDocument>;
  measurements: Document<MeasurementsDocument>;
  keys: KeyStore;
  close(): Promise<void>;
}

/** A key that does not exist would be dropped without a word, and its writer would wonder why nothing happens. */
const misspeltKey = (data: unknown): Objection | null => {
  const key = Object.keys(data as object).find((each) => !Object.hasOwn(CONFIG_KEYS, each));
  if (key === undefined) return null;
  const [nearest] = nearestNames(key, Object.keys(CONFIG_KEYS), 1);
  const hint = nearest === undefined ? '' : `; did you mean "${nearest}"`;
  return { path: [key], reason: `there is no configuration key "${key}"${hint}` };
};

/** `onDamaged` gets one sentence for a person per file that had to be set aside. */
const openStores = async (
  dataDir: string,
  now: () => number,
  onDamaged: (message: string) => void,
): Promise<Stores> => {
  const common = (file: string) => ({
    path: path.join(dataDir, file),
    version: 1,
    onDamaged: (info: { message: string }) => onDamaged(info.message),
  });
  const [config, settings, models, downloads, runs, approvals, state, decisions, measurements, keys] =
    await Promise.all([
      openDocument({
        ...common('config.json'),
        schema: ConfigDocument,
        defaults: defaultConfig,
        objection: misspeltKey,
      }),
      openDocument({ ...common('settings.json'), schema: SettingsDocument, defaults: defaultSettings }),
      openDocument({ ...common('models.json'), version: MODELS_VERSION, schema: ModelsDocument, defaults: noModels }),
      openDocument({
        ...common('downloads.json'),
        schema: DownloadsDocument,
        defaults: (): DownloadsDocument => ({ downloads: [] }),
      }),
      openDocument({
        ...common('runs.json'),
        schema: RunsDocument,
        defaults: (): RunsDocument => ({ runs: [] }),
        pretty: false,
      }),
      openDocument({
        ...common('approvals.json'),
        schema: ApprovalsDocument,
        defaults: (): ApprovalsDocument => ({ approvals: [], allowances: [] }),
        pretty: false,
      }),
      openDocument({
        ...common('state.json'),
        schema: StateDocument,
        defaults: (): StateDocument => ({ preset: 'default' }),
      }),
      openDocument({
        ...common('decisions.json'),
        schema: DecisionsDocument,
        defaults: (): DecisionsDocument => ({ count: 0, decisions: [] }),
        pretty: false,
      }),
      openDocument({
        ...common('measurements.json'),
        schema: MeasurementsDocument,
        defaults: (): MeasurementsDocument => ({ loads: [] }),
      }),
      openKeyStore(dataDir, { now, onDamaged }),
    ]);
  return {
    config,
    settings,
    models,
    downloads,
    runs,
    approvals,
    state,
    decisions,
    measurements,
    keys,
    async close() {
      // Keys are closed by their service, which has something left to write.
      const all = [config, settings, models, downloads, runs, approvals, state, decisions, measurements];
      await Promise.all(all.map((document) => document.close()));
    },
  };
};

/** Documents and log of a data folder; what had to be set aside is in the log. */
export const openDataDir = async (dataDir: string, now: () => number): Promise<{ stores: Stores; book: LogBook }> => {
  const damaged: string[] = [];
  const stores = await openStores(dataDir, now, (message) => damaged.push(message));
  const { maxLogEntries, logLevel, enableConsoleLog } = stores.settings.get();
  const book = createLogBook({
    dir: path.join(dataDir, 'logs'),
    ringSize: maxLogEntries,
    level: logLevel,
    console: enableConsoleLog,
    redact,
    now,
  });
  for (const message of damaged) book.write('error', 'server', message);
  return { stores, book };
};
