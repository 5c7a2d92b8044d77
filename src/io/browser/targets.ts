/** The pages and frames of one browser as the protocol tells of them, before Playwright hears of them. */
import type { DevTools } from './devtools.ts';

export interface Target {
  sessionId: string;
  targetId: string;
  type: string;
  openerId: string | null;
  /** The session that told of it: the browser's own is undefined. */
  parent: string | undefined;
}

export interface Targets {
  bySession(sessionId: string | undefined): Target | undefined;
  byId(targetId: string): Target | undefined;
  /** Frames of a page, or of a frame, that have a process of their own. */
  framesOf(sessionId: string): Target[];
  /** Open pages, oldest first. */
  pages(): Target[];
  /** As the browser's own window would show them; not asked of the page, so a page that hangs has them too. */
  info(targetId: string): { url: string; title: string } | null;
  /** Asks for them anew: a title that a page sets later is not told by itself. */
  refresh(targetId: string): Promise<void>;
}

export interface TargetsOptions {
  /** Called before the target runs. False keeps it from running at all: it is closed. */
  attached(target: Target): boolean;
  changed(targetId: string): void;
  detached(target: Target): void;
}

interface TargetInfo {
  targetId: string;
  type: string;
  title: string;
  url: string;
  openerId?: string;
}

export const watchTargets = async (devtools: DevTools, options: TargetsOptions): Promise<Targets> => {
  const sessions = new Map<string, Target>();
  const infos = new Map<string, { url: string; title: string }>();
  const refresh = async (targetId: string): Promise<void> => {
    try {
      const { targetInfo } = await devtools.send<{ targetInfo: TargetInfo }>('Target.getTargetInfo', { targetId });
      infos.set(targetId, { url: targetInfo.url, title: targetInfo.title });
      options.changed(targetId);
    } catch {
      // It has been closed.
    }
  };
  devtools.onEvent(({ method, params, sessionId }) => {
    if (method === 'Target.attachedToTarget') {
      const info = params['targetInfo'] as TargetInfo;
      const target: Target = {
        sessionId: params['sessionId'] as string,
        targetId: info.targetId,
        type: info.type,
        openerId: info.openerId ?? null,
        parent: sessionId,
      };
      if (target.type !== 'page' && target.type !== 'iframe') return false;
      // A further session of the same page, which Playwright opened for us.
      if ([...sessions.values()].some((one) => one.targetId === target.targetId)) return false;
      if (!options.attached(target)) {
        // It must run to be closed: its opener, which may share its thread, waits for it.
        devtools.send('Runtime.runIfWaitingForDebugger', {}, target.sessionId).catch(() => undefined);
        devtools.send('Target.closeTarget', { targetId: target.targetId }).catch(() => undefined);
        return true;
      }
      sessions.set(target.sessionId, target);
      return false;
    }
    if (method === 'Target.detachedFromTarget') {
      const target = sessions.get(params['sessionId'] as string);
      sessions.delete(params['sessionId'] as string);
      if (target !== undefined) options.detached(target);
      return false;
    }
    if (method === 'Target.targetInfoChanged' || method === 'Target.targetCreated') {
      const { targetId, url, title, type } = params['targetInfo'] as TargetInfo;
      if (type !== 'page') return false;
      infos.set(targetId, { url, title });
      options.changed(targetId);
    }
    if (method === 'Page.loadEventFired' || method === 'Page.domContentEventFired') {
      const target = sessionId === undefined ? undefined : sessions.get(sessionId);
      if (target?.type === 'page') void refresh(target.targetId);
    }
    if (method === 'Target.targetDestroyed') infos.delete(params['targetId'] as string);
    return false;
  });
  await devtools.send('Target.setDiscoverTargets', { discover: true });
  return {
    bySession: (sessionId) => (sessionId === undefined ? undefined : sessions.get(sessionId)),
    byId: (targetId) => [...sessions.values()].find((one) => one.targetId === targetId),
    framesOf: (sessionId) => [...sessions.values()].filter((one) => one.type === 'iframe' && one.parent === sessionId),
    pages: () => [...sessions.values()].filter((one) => one.type === 'page'),
    info: (targetId) => infos.get(targetId) ?? null,
    refresh,
  };
};
