/** The documents of a data folder, opened together. */
import path from 'node:path';
import { z } from 'zod';
import { ConfigDocument, SettingsDocument, defaultConfig, defaultSettings } from '../contracts/config.ts';
import type { Config, Settings } from '../contracts/config.ts';
import { openKeyStore } from '../io/keys/key-store.ts';
import type { KeyStore } from '../io/keys/key-store.ts';
import { openDocument } from '../io/store/document.ts';
import type { Document } from '../io/store/document.ts';
import { createLogBook } from '../io/logs/log-book.ts';
import type { LogBook } from '../io/logs/log-book.ts';
import { redact } from '../io/logs/redact.ts';
import { MODELS_VERSION, ModelsDocument, noModels } from './model-store.ts';

/** What is remembered between runs and is nobody's configuration. */
export const StateDocument = z.object({ preset: z.string().default('default') });
export type StateDocument = z.infer<typeof StateDocument>;

export interface Stores {
  config: Document<Config>;
  settings: Document<Settings>;
  models: Document<ModelsDocument>;
  state: Document<StateDocument>;
  keys: KeyStore;
  close(): Promise<void>;
}

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
  const [config, settings, models, state, keys] = await Promise.all([
    openDocument({ ...common('config.json'), schema: ConfigDocument, defaults: defaultConfig }),
    openDocument({ ...common('settings.json'), schema: SettingsDocument, defaults: defaultSettings }),
    openDocument({ ...common('models.json'), version: MODELS_VERSION, schema: ModelsDocument, defaults: noModels }),
    openDocument({
      ...common('state.json'),
      schema: StateDocument,
      defaults: (): StateDocument => ({ preset: 'default' }),
    }),
    openKeyStore(dataDir, { now, onDamaged }),
  ]);
  return {
    config,
    settings,
    models,
    state,
    keys,
    async close() {
      // Keys are closed by their service, which has something left to write.
      await Promise.all([config.close(), settings.close(), models.close(), state.close()]);
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
