/** Sessions of one data folder, by the configuration. */
import path from 'node:path';
import { SessionsDocument } from '../../contracts/session-record.ts';
import { sessionFiles } from '../../io/sessions/session-files.ts';
import { openDocument } from '../../io/store/document.ts';
import { createSessions } from './sessions.ts';
import type { Sessions, SessionsOptions } from './sessions.ts';

export const openSessions = async (
  options: Omit<SessionsOptions, 'store' | 'files'> & { dataDir: string },
): Promise<Sessions> => {
  const { dataDir, log } = options;
  const store = await openDocument({
    path: path.join(dataDir, 'sessions.json'),
    version: 1,
    schema: SessionsDocument,
    defaults: (): SessionsDocument => ({ sessions: [] }),
    pretty: false,
    onDamaged: ({ message }) => log('error', 'server', message),
  });
  return createSessions({ ...options, store, files: sessionFiles(path.join(dataDir, 'sessions')) });
};
