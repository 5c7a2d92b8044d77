/** Dialogues of pages: answered at once with no, and silenced when they do not end. */
import type { DevTools } from './devtools.ts';
import type { Targets } from './targets.ts';

export interface DialogOptions {
  told(kind: string, message: string): void;
  endless(url: string, what: string): void;
}

export interface Dialogs {
  /** An action begins: what came before is forgotten. */
  begin(): void;
  /** Stops what a page's scripts are at, and takes from it what it overdid. */
  silence(sessionId: string): void;
}

/** A page that is silenced and goes on for so long is left. */
const PATIENCE_MS = 5_000;
/** As many in one action are told and answered; a page that goes on is silenced. */
const MOST = 5;
const MOST_MESSAGE = 1_000;

const SILENCE = `(() => {
  window.alert = () => undefined; window.confirm = () => false; window.prompt = () => null; window.print = () => undefined;
  window.open = () => null;
})()`;

export const answerDialogs = (devtools: DevTools, targets: () => Targets, options: DialogOptions): Dialogs => {
  let count = 0;
  let silencedAt = 0;
  const quietly = (method: string, params: object, sessionId: string): void => {
    devtools.send(method, params, sessionId).catch(() => undefined);
  };

  const silence = (sessionId: string): void => {
    for (const session of [
      sessionId,
      ...targets()
        .framesOf(sessionId)
        .map((frame) => frame.sessionId),
    ]) {
      quietly('Page.addScriptToEvaluateOnNewDocument', { source: SILENCE }, session);
      // Only then: a script that is evaluated while the dialogue is open would be the one that is ended.
      devtools
        .send('Runtime.terminateExecution', {}, session)
        .then(() => quietly('Runtime.evaluate', { expression: SILENCE }, session))
        .catch(() => undefined);
    }
  };

  devtools.onEvent(({ method, params, sessionId }) => {
    if (method === 'Page.javascriptDialogClosed') return true;
    if (method !== 'Page.javascriptDialogOpening' || sessionId === undefined) return false;
    const kind = params['type'] as string;
    count += 1;
    if (count <= MOST) options.told(kind, (params['message'] as string).slice(0, MOST_MESSAGE));
    else {
      if (count === MOST + 1) {
        silencedAt = performance.now();
        options.endless(params['url'] as string, kind);
      }
      // Before the answer: as long as the script waits for it, it cannot go on to the next one.
      silence(sessionId);
    }
    // A page may not keep anybody from leaving it.
    quietly('Page.handleJavaScriptDialog', { accept: kind === 'beforeunload' }, sessionId);
    // A frame may have kept the dialogues to itself.
    if (count > MOST && performance.now() - silencedAt > PATIENCE_MS) {
      silencedAt = performance.now();
      quietly('Page.navigate', { url: 'about:blank' }, sessionId);
    }
    return true;
  });
  return {
    begin: () => {
      count = 0;
    },
    silence,
  };
};
