/** The defaults of the settings, without the validation that `src/contracts/config.ts` brings along. */
import type { Settings } from '../../src/contracts/config.ts';

/** `test/web/settings.test.ts` holds them to the contract. */
export const defaultsOfSettings: Settings = {
  theme: 'system',
  compactMode: false,
  logLevel: 'info',
  maxLogEntries: 500,
  enableConsoleLog: false,
  autoRefreshMetrics: true,
  refreshInterval: 10,
  enableNotifications: true,
};
