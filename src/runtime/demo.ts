import path from 'node:path';
import type { LogLevel } from '../contracts/views.ts';
import { writeDemoModel } from '../io/gguf/demo-model.ts';
import type { Library } from './library.ts';

/**
 * Writes the demo model into the data folder (never among a person's own files) and finds it, so that loading and chatting
 * work on a machine without any model.
 */
export const offerDemo = async (
  dataDir: string,
  library: Library,
  log: (level: LogLevel, source: string, message: string) => void,
): Promise<void> => {
  const file = path.join(dataDir, 'models', 'llamactor-demo.gguf');
  try {
    await writeDemoModel(file);
    await library.scan({ restoreHidden: false, by: 'server' });
  } catch (error) {
    log(
      'warn',
      'server',
      `The demo model could not be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};
