/** The browser, the model and the files of sessions, where none are built in. */
import { CodedError } from '../../contracts/errors.ts';
import { BrowserProblem } from '../../io/browser/browser.ts';
import type { SessionsOptions } from './sessions.ts';

export const sessionParts = (): Pick<SessionsOptions, 'openBrowser' | 'mind' | 'shelf'> => ({
  openBrowser: () => Promise.reject(new BrowserProblem('NO_BROWSER', 'This server has no browser.')),
  mind: () => Promise.reject(new CodedError('INVALID_STATE', 'This server has no model for sessions.')),
  shelf: {
    list: () => [],
    find: () => undefined,
    read: () => Promise.reject(new CodedError('NOT_FOUND', 'There is no such file.')),
    pathOf: () => '',
  },
});
