/** What pages may be opened: every navigation of a page is held here, however it came about, until it is known. */
import type { Allowed, NetworkRules } from './browser.ts';
import type { DevTools } from './devtools.ts';
import { placeOf, whyNotHost } from './egress-rules.ts';
import type { Target, Targets } from './targets.ts';

export interface GateOptions {
  network(): NetworkRules;
  mayVisit(url: string): Promise<Allowed>;
  refused(what: string, why: string): void;
  credentials: { username: string; password: string };
}

export interface Gate {
  /** Why an address cannot be opened, as one sentence; null when it may be tried. */
  whyNot(url: string): string | null;
  /** Watches one browser. `held` is called when a page waits for an answer, and what it returns when it has one. */
  watch(devtools: DevTools, targets: () => Targets, events: GateEvents): { attached(target: Target): void };
}

export interface GateEvents {
  /** A main document is asked for. */
  began(target: Target, url: string): void;
  held(): () => void;
  /** A navigation was not let through. */
  stopped(target: Target, url: string, why: string): void;
  /** Aborted when nobody wants what is held any more. */
  wanted(): AbortSignal;
}

interface Paused {
  requestId: string;
  request: { url: string };
  frameId: string;
}

export const openGate = (options: GateOptions): Gate => {
  /** Sites that were let through once, as host and port. */
  const visited = new Set<string>();
  const asked = new Map<string, Promise<Allowed>>();

  const whyNot = (address: string): string | null => {
    const url = URL.parse(address);
    if (url === null) return `${address} is no address; write it like https://example.com/page.`;
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      return `Only http and https addresses can be opened, not ${url.protocol}.`;
    if (url.username !== '' || url.password !== '') return 'An address may not carry a name and password.';
    return whyNotHost(options.network(), placeOf(url));
  };

  /** One question for each site, however many pages wait for it. */
  const ask = (url: URL): Promise<Allowed> => {
    const known = asked.get(url.host);
    if (known !== undefined) return known;
    const answer = options
      .mayVisit(url.href)
      .then(
        (allowed) => {
          if (allowed.allowed) visited.add(url.host);
          return allowed;
        },
        (error: unknown): Allowed => ({ allowed: false, why: error instanceof Error ? error.message : String(error) }),
      )
      .finally(() => asked.delete(url.host));
    asked.set(url.host, answer);
    return answer;
  };

  const judge = async (address: string, events: GateEvents): Promise<string | null> => {
    const why = whyNot(address);
    if (why !== null) return why;
    const url = new URL(address);
    if (visited.has(url.host)) return null;
    const wanted = events.wanted();
    const release = events.held();
    try {
      const calledOff = new Promise<Allowed>((resolve) => {
        const no = (): void => resolve({ allowed: false, why: 'The step that led there was called off.' });
        if (wanted.aborted) no();
        wanted.addEventListener('abort', no, { once: true });
      });
      const { allowed, why: reason } = await Promise.race([ask(url), calledOff]);
      return allowed ? null : (reason ?? `${url.host} may not be visited.`);
    } finally {
      release();
    }
  };

  return {
    whyNot,
    watch: (devtools, targets, events) => {
      const tried = new Set<string>();
      const quietly = (promise: Promise<unknown>): void => void promise.catch(() => undefined);

      const decide = async (target: Target, { requestId, request }: Paused, sessionId: string): Promise<void> => {
        events.began(target, request.url);
        const why = await judge(request.url, events);
        if (why === null) {
          await devtools.send('Fetch.continueRequest', { requestId }, sessionId);
          return;
        }
        options.refused(request.url, why);
        events.stopped(target, request.url, why);
        // Aborted and not blocked: the page stays where it is.
        await devtools.send('Fetch.failRequest', { requestId, errorReason: 'Aborted' }, sessionId);
      };

      devtools.onEvent(({ method, params, sessionId }) => {
        if (sessionId === undefined || !method.startsWith('Fetch.')) return false;
        if (method === 'Fetch.requestPaused') {
          const paused = params as unknown as Paused;
          const target = targets().bySession(sessionId);
          // A window that is one too many opens nothing. Frames need no consent; the proxy judges where they lead.
          if (target === undefined)
            quietly(
              devtools.send('Fetch.failRequest', { requestId: paused.requestId, errorReason: 'Aborted' }, sessionId),
            );
          else if (target.targetId !== paused.frameId || target.type !== 'page')
            quietly(devtools.send('Fetch.continueRequest', { requestId: paused.requestId }, sessionId));
          else quietly(decide(target, paused, sessionId));
        }
        if (method === 'Fetch.authRequired') {
          const requestId = params['requestId'] as string;
          const { source } = params['authChallenge'] as { source: string };
          // A second time the same words would not help.
          const own = source === 'Proxy' && !tried.has(requestId);
          tried.add(requestId);
          const response = own
            ? { response: 'ProvideCredentials', ...options.credentials }
            : { response: 'CancelAuth' };
          quietly(devtools.send('Fetch.continueWithAuth', { requestId, authChallengeResponse: response }, sessionId));
        }
        return true;
      });
      return {
        attached: (target) => {
          const patterns = [{ urlPattern: '*', resourceType: 'Document', requestStage: 'Request' }];
          quietly(devtools.send('Fetch.enable', { patterns, handleAuthRequests: true }, target.sessionId));
        },
      };
    },
  };
};
