/** What sessions work with: browsers of their own, a model, and the files that people gave. */
import { browserOpener } from '../../io/browser/open.ts';
import type { BrowserDeps } from '../../io/browser/open.ts';
import type { Config } from '../../contracts/config.ts';
import { createMind } from '../../io/sessions/ask-mind.ts';
import type { MindDeps } from '../../io/sessions/ask-mind.ts';
import type { FileShelf } from '../../io/sessions/file-shelf.ts';
import type { SessionShelf } from './session-shelf.ts';
import type { SessionsOptions } from './sessions.ts';

export interface SessionPartsDeps {
  browser: BrowserDeps;
  /** How a model of this server is asked. */
  answering: Pick<MindDeps, 'models' | 'find' | 'nearest' | 'routerUrl' | 'key'>;
  files: FileShelf;
  config(): Config;
  env: NodeJS.ProcessEnv;
}

/** Characters of a file that a model reads at once. */
const READ_AT_ONCE = 7000;

export const sessionShelf = (files: FileShelf): SessionShelf => ({
  list: files.list,
  find: files.find,
  pathOf: files.pathOf,
  async read(fileId, owner, from) {
    const { text, next } = await files.textOf(fileId, owner, from, READ_AT_ONCE);
    if (text === '') return from === 0 ? 'The file has no text.' : 'The file ends before that.';
    return next === null ? text : `${text}\n[The file goes on; call open_file with from ${next}.]`;
  },
});

export const sessionParts = ({
  browser,
  answering,
  files,
  config,
  env,
}: SessionPartsDeps): Pick<SessionsOptions, 'openBrowser' | 'mind' | 'shelf'> => ({
  openBrowser: browserOpener(browser),
  mind: createMind({
    ...answering,
    env,
    settings() {
      const now = config();
      return {
        model: now['sessions.model'],
        endpoint: now['sessions.endpoint'],
        endpointKeyVariable: now['sessions.endpointKeyVariable'],
      };
    },
    picture: files.picture,
  }),
  shelf: sessionShelf(files),
});
