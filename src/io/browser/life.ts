/** One start of the browser, from its process to its pages, until it ends. */
import type { BrowserContext, Cookie, Page } from 'playwright-core';
import { watchActivity } from './activity.ts';
import type { Activity } from './activity.ts';
import { BrowserProblem } from './browser.ts';
import type { BrowserOptions } from './browser.ts';
import { startChromium } from './chromium-process.ts';
import type { ChromiumProcess, ProcessDeps } from './chromium-process.ts';
import type { DevTools } from './devtools.ts';
import { answerDialogs } from './dialogs.ts';
import type { Dialogs } from './dialogs.ts';
import type { Downloads } from './downloads.ts';
import type { EgressProxy } from './egress-proxy.ts';
import type { BrowserBinary } from './find-chromium.ts';
import type { Gate, GateEvents } from './gate.ts';
import { pageReader } from './page-reader.ts';
import type { PageReader } from './page-reader.ts';
import { watchTargets } from './targets.ts';
import type { Target, Targets } from './targets.ts';

export interface OpenPage {
  page: Page;
  target: Target;
}

export interface Life {
  process: ChromiumProcess;
  devtools: DevTools;
  targets: Targets;
  activity: Activity;
  dialogs: Dialogs;
  reader: PageReader;
  context: BrowserContext;
  /** The page that is driven: the newest one. Null while there is none. */
  current(): OpenPage | null;
  /** Resolves when pages that have been opened are ready to be driven. */
  settledPages(): Promise<void>;
  newPage(): Promise<void>;
}

export interface LifeOptions {
  deps: ProcessDeps;
  browser: BrowserOptions;
  binary: BrowserBinary;
  proxy: EgressProxy;
  gate: Gate;
  gateEvents: GateEvents;
  downloads: Downloads;
  cookies: readonly Cookie[];
  refused(what: string, why: string): void;
  dialog(kind: string, message: string): void;
  /** Address or title of a page, or which page is driven. */
  changed(): void;
  /** The page that is driven has died; the process may live. */
  pageCrashed(): void;
}

/** A page may open some more, of which the newest is driven. */
const MOST_PAGES = 5;
/** How long a page that has been opened may take until it can be driven. */
const ARRIVE_MS = 3_000;
const LOOK_MS = 20;
/** One that has been refused so many goes on for ever. */
const STORM = 10;

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const startLife = async (options: LifeOptions, signal: AbortSignal): Promise<Life> => {
  const { deps, browser, binary, proxy, gate, gateEvents, downloads } = options;
  const process = await startChromium(
    deps,
    {
      id: browser.id,
      binary,
      profile: browser.profile,
      proxyPort: proxy.port,
      viewport: browser.viewport,
      locale: browser.locale,
    },
    signal,
  );
  try {
    return await dress(process);
  } catch (error) {
    await process.kill();
    if (signal.aborted) throw new BrowserProblem('ABORTED', 'The browser was not started: it is no longer wanted.');
    const words = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new BrowserProblem('NO_BROWSER', `${binary.executablePath} cannot be driven: ${words}`);
  }

  async function dress(started: ChromiumProcess): Promise<Life> {
    const { devtools } = started;
    const open: OpenPage[] = [];
    let refusedPages = 0;
    const stop = (): void => void started.kill();
    signal.addEventListener('abort', stop, { once: true });

    const targetsNow = (): Targets => targets;
    const watched = gate.watch(devtools, targetsNow, gateEvents);
    const activity = watchActivity(devtools, targetsNow, {
      mostBytes: browser.mostBytes,
      tooLarge: (url) =>
        options.refused(url, 'It is larger than a page may be, so the rest was not loaded (sessions.downloadMax).'),
    });
    const dialogs = answerDialogs(devtools, targetsNow, {
      told: options.dialog,
      endless: (url, what) => options.refused(url, `Its ${what} dialogues did not end, so they are no longer shown.`),
    });
    devtools.onEvent(({ method, params }) => {
      if (method !== 'Target.targetCrashed') return false;
      if (open.at(-1)?.target.targetId === params['targetId']) options.pageCrashed();
      return false;
    });
    const targets: Targets = await watchTargets(devtools, {
      attached: (target) => {
        watched.attached(target);
        if (target.type === 'page' && targetsNow().pages().length >= MOST_PAGES) {
          refusedPages += 1;
          const opener = target.openerId === null ? undefined : targets.byId(target.openerId);
          if (refusedPages === 1)
            options.refused('another window', `There are ${MOST_PAGES} open already, which is the most.`);
          if (opener !== undefined && refusedPages % STORM === 0) dialogs.silence(opener.sessionId);
          return false;
        }
        return true;
      },
      changed: (targetId) => {
        if (open.at(-1)?.target.targetId === targetId) options.changed();
      },
      detached: (target) => {
        const at = open.findIndex((one) => one.target.targetId === target.targetId);
        if (at >= 0) open.splice(at, 1);
        if (target.type === 'page') options.changed();
      },
    });

    // Not before a browser is needed: it takes tens of megabytes, and most servers never have one.
    const { chromium } = await import('playwright-core');
    const connected = await chromium.connectOverCDP(devtools.transport, { timeout: 30_000 });
    const context = await connected.newContext({
      viewport: browser.viewport,
      deviceScaleFactor: 1,
      locale: browser.locale,
      acceptDownloads: false,
      serviceWorkers: 'block',
    });
    // None is granted, so each is denied without a question.
    await context.grantPermissions([]);
    if (options.cookies.length > 0) await context.addCookies([...options.cookies]);

    context.on('page', (page) => {
      const arrive = async (): Promise<void> => {
        const session = await context.newCDPSession(page);
        const { targetInfo } = await session.send('Target.getTargetInfo');
        await session.detach();
        const target = targets.byId(targetInfo.targetId);
        if (target === undefined || open.some((one) => one.target.targetId === target.targetId)) return;
        open.push({ page, target });
        options.changed();
      };
      arrive().catch(() => undefined);
    });
    const settledPages = async (): Promise<void> => {
      const isReady = ({ targetId }: Target): boolean => open.some((one) => one.target.targetId === targetId);
      const until = performance.now() + ARRIVE_MS;
      while (!targets.pages().every(isReady) && performance.now() < until) await delay(LOOK_MS);
    };
    const life: Life = {
      process: started,
      devtools,
      targets,
      activity,
      dialogs,
      reader: pageReader(devtools, targets),
      context,
      current: () => open.at(-1) ?? null,
      settledPages,
      newPage: async () => {
        await context.newPage();
        await settledPages();
      },
    };
    await life.newPage();
    const first = life.current();
    if (first === null) throw new Error('it opened no page');
    const { targetInfo } = await devtools.send<{ targetInfo: { browserContextId: string } }>('Target.getTargetInfo', {
      targetId: first.target.targetId,
    });
    await downloads.attach(devtools, targetInfo.browserContextId);
    signal.removeEventListener('abort', stop);
    if (signal.aborted) throw new Error('aborted');
    return life;
  }
};
