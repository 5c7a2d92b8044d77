/** Media of one data folder: tools, folder and records, by the configuration. */
import path from 'node:path';
import type { Guardian } from '../../io/guardian.ts';
import { openMediaFolder } from '../../io/media/media-folder.ts';
import type { PidRecords } from '../../io/processes/pid-records.ts';
import { MediaDocument, MediaToolsDocument } from '../../contracts/media-record.ts';
import { openDocument } from '../../io/store/document.ts';
import type { LogLevel } from '../../contracts/views.ts';
import type { ChangeHub } from '../changes.ts';
import type { ConfigService } from '../config-service.ts';
import { createMedia } from './media-service.ts';
import type { MediaService } from './media-service.ts';
import { createToolbox } from './toolbox.ts';

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;

export const openMedia = async (options: {
  dataDir: string;
  env: NodeJS.ProcessEnv;
  config: ConfigService;
  pids: PidRecords;
  guardian: Guardian;
  hub: ChangeHub;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}): Promise<MediaService> => {
  const { dataDir, config, hub, log } = options;
  const document = (file: string) => ({
    path: path.join(dataDir, file),
    version: 1,
    onDamaged: ({ message }: { message: string }) => log('error', 'server', message),
  });
  const [records, tools] = await Promise.all([
    openDocument({
      ...document('media.json'),
      schema: MediaDocument,
      defaults: (): MediaDocument => ({ media: [] }),
      pretty: false,
    }),
    openDocument({
      ...document('media-tools.json'),
      schema: MediaToolsDocument,
      defaults: (): MediaToolsDocument => ({ tools: [] }),
    }),
  ]);
  const folder = await openMediaFolder(path.join(dataDir, 'media'));
  const toolbox = createToolbox({
    store: tools,
    env: options.env,
    modelFolders: config.folders,
    onChange: (views, by) => hub.publish({ kind: 'media.tools', tools: views, by }),
  });
  return createMedia({
    ...options,
    store: records,
    toolbox,
    folder,
    most: () => config.get().mediaMax,
    limits: () => ({ ...config.process(), timeoutMs: config.get().mediaTimeout * 1000 }),
    keep() {
      const { mediaKeepDays, mediaKeepMiB } = config.get();
      return {
        maxAgeMs: mediaKeepDays === 0 ? null : mediaKeepDays * DAY_MS,
        maxBytes: mediaKeepMiB === 0 ? null : mediaKeepMiB * MIB,
      };
    },
    uploadBytes: () => config.get().mediaUploadMiB * MIB,
  });
};
