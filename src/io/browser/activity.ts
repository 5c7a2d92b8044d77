/** What a page is busy with, by the protocol's own events: requests, its main document, whether it loads. */
import type { DevTools } from './devtools.ts';
import type { Target, Targets } from './targets.ts';

export interface Activity {
  /** Nothing has moved for a moment, as far as pages ever come to rest. */
  isQuiet(sessionId: string): boolean;
  /** Its main document has been asked for and not yet answered. */
  isOpening(sessionId: string): boolean;
}

export interface ActivityOptions {
  /** Most bytes of one answer, unpacked: what is small on the wire can be large in memory. */
  mostBytes(): number;
  tooLarge(url: string): void;
}

interface PageState {
  requests: Map<string, { since: number; url: string; bytes: number }>;
  opening: string | null;
  loading: boolean;
  moved: number;
  /** Until when a window that it opened may take to appear. */
  opensUntil: number;
}

const QUIET_MS = 250;
/** A request that takes longer is one that waits for news. */
const LONG_MS = 2_000;
/** Within this a window appears that a page has opened. */
const WINDOW_MS = 1_000;
/** What comes before a navigation. */
const BEGINNINGS = new Set([
  'Page.frameRequestedNavigation',
  'Page.frameScheduledNavigation',
  'Page.frameStartedNavigating',
]);
const ENDLESS = new Set(['EventSource', 'WebSocket', 'Ping', 'Media']);

export const watchActivity = (devtools: DevTools, targets: () => Targets, options: ActivityOptions): Activity => {
  const states = new Map<string, PageState>();
  const stateOf = (sessionId: string): PageState => {
    let state = states.get(sessionId);
    if (state === undefined) {
      state = { requests: new Map(), opening: null, loading: false, moved: performance.now(), opensUntil: 0 };
      states.set(sessionId, state);
    }
    return state;
  };
  const isMain = (target: Target | undefined, frameId: unknown): target is Target =>
    target?.type === 'page' && target.targetId === frameId;

  devtools.onEvent(({ method, params, sessionId }) => {
    // A window that is refused is told of, too.
    if (method === 'Target.attachedToTarget') for (const state of states.values()) state.opensUntil = 0;
    if (method === 'Target.detachedFromTarget') states.delete(params['sessionId'] as string);
    if (sessionId === undefined || !/^(?:Network|Page)\./.test(method)) return false;
    const target = targets().bySession(sessionId);
    if (target === undefined) return false;
    const state = stateOf(sessionId);
    const requestId = params['requestId'] as string;
    if (method === 'Page.frameStartedLoading' && isMain(target, params['frameId'])) state.loading = true;
    else if (method === 'Page.frameStoppedLoading' && isMain(target, params['frameId'])) state.loading = false;
    else if (method === 'Network.requestWillBeSent') {
      const { url } = params['request'] as { url: string };
      if (params['type'] === 'Document' && isMain(target, params['frameId'])) state.opening = requestId;
      if (!ENDLESS.has(params['type'] as string))
        state.requests.set(requestId, { since: performance.now(), url, bytes: 0 });
    } else if (method === 'Network.responseReceived') {
      if (state.opening === requestId) state.opening = null;
    } else if (method === 'Network.loadingFinished' || method === 'Network.loadingFailed') {
      if (state.opening === requestId) state.opening = null;
      state.requests.delete(requestId);
    } else if (method === 'Network.dataReceived') {
      const request = state.requests.get(requestId);
      if (request === undefined) return false;
      const before = request.bytes;
      request.bytes += params['dataLength'] as number;
      if (before > options.mostBytes() || request.bytes <= options.mostBytes()) return false;
      options.tooLarge(request.url);
      devtools.send('Page.stopLoading', {}, sessionId).catch(() => undefined);
    } else if (method === 'Page.windowOpen') state.opensUntil = performance.now() + WINDOW_MS;
    else if (!BEGINNINGS.has(method)) return false;
    state.moved = performance.now();
    return false;
  });

  return {
    isOpening: (sessionId) => stateOf(sessionId).opening !== null,
    isQuiet: (sessionId) => {
      const { requests, opening, loading, moved, opensUntil } = stateOf(sessionId);
      const now = performance.now();
      if (opening !== null || now < opensUntil || now - moved < QUIET_MS) return false;
      const busy = [...requests.values()].some(({ since }) => now - since < LONG_MS);
      return !busy && (!loading || now - moved > LONG_MS);
    },
  };
};
