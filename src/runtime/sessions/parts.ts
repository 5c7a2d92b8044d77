/** What sessions work with: browsers of their own, a model, and the files that people gave. */
import { CodedError } from '../../contracts/errors.ts';
import { browserOpener } from '../../io/browser/open.ts';
import type { BrowserDeps } from '../../io/browser/open.ts';
import type { SessionsOptions } from './sessions.ts';

export const sessionParts = (deps: BrowserDeps): Pick<SessionsOptions, 'openBrowser' | 'mind' | 'shelf'> => ({
  openBrowser: browserOpener(deps),
  mind: () => Promise.reject(new CodedError('INVALID_STATE', 'This server has no model for sessions.')),
  shelf: {
    list: () => [],
    find: () => undefined,
    read: () => Promise.reject(new CodedError('NOT_FOUND', 'There is no such file.')),
    pathOf: () => '',
  },
});
