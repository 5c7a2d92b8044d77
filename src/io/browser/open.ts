/** Opens a session's browser: its way out, its process, and what is done when either of them or a page dies. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Cookie } from 'playwright-core';
import type { SessionPageView } from '../../contracts/sessions.ts';
import { browserActions } from './actions.ts';
import { BrowserProblem } from './browser.ts';
import type { OpenBrowser, SessionBrowser } from './browser.ts';
import type { ProcessDeps } from './chromium-process.ts';
import { startDeadline } from './deadline.ts';
import type { Deadline } from './deadline.ts';
import { openDownloads } from './downloads.ts';
import { startEgressProxy } from './egress-proxy.ts';
import { findChromium } from './find-chromium.ts';
import { openGate } from './gate.ts';
import type { GateEvents } from './gate.ts';
import { startLife } from './life.ts';
import type { Life, LifeOptions } from './life.ts';
import { openReport } from './report.ts';
import { liveView } from './watch.ts';

export interface BrowserDeps extends ProcessDeps {
  now(): number;
  /** All addresses of a name; the system's resolver unless a test brings its own. */
  lookup?: (host: string) => Promise<string[]>;
  /** How long an action may take, ms. */
  actionMs?: number;
}

const ACTION_MS = 30_000;
/** Of a page that is opened again after a crash. */
const RESTORE_MS = 15_000;
/** Crashes within this time count together: the first two bring the page back, the third an empty one, more end it. */
const CRASH_WINDOW_MS = 5 * 60_000;
const CRASHES_WITH_PAGE = 2;
const MOST_CRASHES = 3;

/** A page that does not answer for so long after an unfinished action hangs. */
const HANG_MS = 500;

const isWeb = (url: string): boolean => /^https?:/.test(url);

export const browserOpener =
  (deps: BrowserDeps): OpenBrowser =>
  async (options, signal) => {
    if (signal.aborted) throw new BrowserProblem('ABORTED', 'The browser was not started: it is no longer wanted.');
    const binary = await findChromium(options.executable, deps.env);
    const report = openReport(options.on);
    const proxy = await startEgressProxy({
      network: options.network,
      mostBytes: options.mostBytes,
      refused: report.refused,
      failed: report.failed,
      ...(deps.lookup === undefined ? {} : { lookup: deps.lookup }),
    });
    const gate = openGate({
      network: options.network,
      mayVisit: options.mayVisit,
      refused: report.refused,
      credentials: proxy,
    });
    const downloads = openDownloads({
      folder: options.downloads,
      staging: path.join(options.profile, 'staging'),
      mostBytes: options.mostBytes,
      refused: report.refused,
      kept: (file) => {
        options.on({ type: 'download', file });
        report.note(`Downloaded ${file.name} (${file.contentType}, ${file.size} bytes).`);
      },
      now: deps.now,
    });
    const view = liveView(options.viewport, deps.now);

    const closing = new AbortController();
    const under = new Set<Deadline>();
    let holding = 0;
    let life: Life | null = null;
    let restoring: Promise<void> | null = null;
    let broken: BrowserProblem | null = null;
    let cookies: Cookie[] = [];
    let told: SessionPageView | null = null;
    let lastUrl: string | null = null;
    let crashes: number[] = [];
    /** By session of the protocol: the address that its page was led to last, and one where it was stopped. */
    const led = new Map<string, string>();
    const stopped = new Map<string, string>();

    const page = (): SessionPageView | null => {
      const target = life?.current()?.target;
      const info = target === undefined ? null : (life?.targets.info(target.targetId) ?? null);
      return info === null || !isWeb(info.url) ? null : info;
    };
    const changed = (): void => {
      const current = life?.current();
      view.show(
        life === null || current == null ? null : { devtools: life.devtools, sessionId: current.target.sessionId },
      );
      const now = page();
      if (now === null || (now.url === told?.url && now.title === told.title)) return;
      told = now;
      lastUrl = now.url;
      options.on({ type: 'page', page: now });
    };

    const gateEvents: GateEvents = {
      began: (target, url) => {
        led.set(target.sessionId, url);
        stopped.delete(target.sessionId);
        proxy.newPage();
      },
      held: () => {
        holding += 1;
        for (const deadline of under) deadline.pause();
        return () => {
          holding -= 1;
          for (const deadline of under) deadline.resume();
        };
      },
      stopped: (target, _url, why) => stopped.set(target.sessionId, why),
      wanted: () => AbortSignal.any([closing.signal, ...[...under].map((deadline) => deadline.signal)]),
    };

    const lifeOptions = (): LifeOptions => ({
      deps,
      browser: options,
      binary,
      proxy,
      gate,
      gateEvents,
      downloads,
      cookies,
      refused: report.refused,
      dialog: report.dialog,
      changed,
      pageCrashed: () => crash('The page crashed.'),
    });

    const begin = async (wanted: AbortSignal): Promise<Life> => {
      const started = await startLife(lifeOptions(), wanted);
      void started.process.ended.then(() => {
        if (life === started) crash('The browser ended by itself.');
      });
      return started;
    };

    /** Opens an address without a word when it does not answer: what counts is that the browser can be used. */
    const reopen = async (one: Life, url: string): Promise<void> => {
      const current = one.current();
      if (current === null) return;
      const { sessionId, targetId } = current.target;
      const until = performance.now() + RESTORE_MS;
      const opened = one.devtools.send('Page.navigate', { url }, sessionId).catch(() => undefined);
      await Promise.race([opened, delay(RESTORE_MS), one.process.ended]);
      while (!one.activity.isQuiet(sessionId) && performance.now() < until && !closing.signal.aborted) await delay(50);
      await one.targets.refresh(targetId);
    };

    const restore = async (withPage: boolean): Promise<void> => {
      const before = life;
      const dead = before?.current() ?? null;
      const alive = before !== null && (await isAnswering(before));
      if (before !== null && alive) {
        await before.newPage();
        if (dead !== null) await before.devtools.send('Target.closeTarget', { targetId: dead.target.targetId });
      } else {
        life = null;
        await before?.process.kill();
        life = await begin(closing.signal);
      }
      if (withPage && lastUrl !== null && life !== null) await reopen(life, lastUrl);
    };

    function crash(message: string): void {
      if (closing.signal.aborted || restoring !== null || broken !== null) return;
      const problem = new BrowserProblem('CRASHED', `${message} It is started again; read the page and go on.`);
      for (const deadline of under) deadline.end(problem);
      options.on({ type: 'crashed', message });
      const now = performance.now();
      crashes = [...crashes.filter((at) => now - at < CRASH_WINDOW_MS), now];
      const giveUp = (why: string): void => {
        broken = new BrowserProblem('CRASHED', why);
      };
      if (crashes.length > MOST_CRASHES) {
        giveUp(`The browser crashed ${crashes.length} times within a few minutes and is not started again.`);
        void life?.process.kill();
        return;
      }
      restoring = restore(crashes.length <= CRASHES_WITH_PAGE)
        .then(
          () => {
            if (closing.signal.aborted) return;
            told = null;
            changed();
            options.on({ type: 'restored' });
          },
          (error: unknown) =>
            giveUp(
              `The browser crashed and cannot be started again: ${error instanceof Error ? error.message : String(error)}`,
            ),
        )
        .finally(() => {
          restoring = null;
        });
    }

    const remember = (one: Life): void => {
      one.context.cookies().then(
        (all) => {
          cookies = all;
        },
        () => undefined,
      );
    };

    const tooLate = (ms: number): BrowserProblem =>
      new BrowserProblem('TIMEOUT', `The page did not come to an end of it within ${Math.round(ms / 1000)} s.`);

    /** Ends a script that never ends, so that the page can be used again. */
    const unhang = async (one: Life): Promise<void> => {
      const sessionId = one.current()?.target.sessionId;
      if (sessionId === undefined) return;
      const answer = one.devtools.send('Runtime.evaluate', { expression: '0' }, sessionId).then(() => true);
      if (!(await Promise.race([answer, delay(HANG_MS).then(() => false)])))
        await one.devtools.send('Runtime.terminateExecution', {}, sessionId);
    };

    const act = async <T>(
      wanted: AbortSignal,
      run: (one: Life, deadline: Deadline) => Promise<T>,
      extraMs = 0,
    ): Promise<T> => {
      if (closing.signal.aborted) throw new BrowserProblem('ABORTED', 'The browser is closed.');
      const ms = (deps.actionMs ?? ACTION_MS) + extraMs;
      const deadline = startDeadline(ms, wanted, () => tooLate(ms));
      for (let count = 0; count < holding; count += 1) deadline.pause();
      under.add(deadline);
      const work = async (): Promise<T> => {
        if (restoring !== null) await deadline.race(restoring);
        if (broken !== null) throw broken;
        if (life === null) throw new BrowserProblem('CRASHED', 'The browser is not running.');
        const one = life;
        report.begin();
        one.dialogs.begin();
        const result = await run(one, deadline);
        remember(one);
        return result;
      };
      try {
        return await deadline.race(work());
      } catch (error) {
        if (error instanceof BrowserProblem) {
          const unfinished = error.code === 'TIMEOUT' || error.code === 'ABORTED';
          if (unfinished && life !== null) unhang(life).catch(() => undefined);
          throw error;
        }
        // What the protocol says when a document went away in the middle.
        const words = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
        throw new BrowserProblem('NOT_POSSIBLE', `The page changed meanwhile, or cannot do that: ${words}`);
      } finally {
        deadline.end(null);
        under.delete(deadline);
      }
    };

    let closed: Promise<void> | null = null;
    const close = async (): Promise<void> => {
      closing.abort();
      for (const deadline of under) deadline.end(new BrowserProblem('ABORTED', 'The browser is closed.'));
      await Promise.all([life?.process.kill(), proxy.close()]);
      // One that was being started again ends by the signal.
      await restoring?.catch(() => undefined);
      await life?.process.kill();
      await rm(options.profile, { recursive: true, force: true, maxRetries: 3 }).catch(() =>
        deps.warn(`The browser profile ${options.profile} could not be removed.`),
      );
    };

    try {
      life = await begin(signal);
    } catch (error) {
      await proxy.close();
      await rm(options.profile, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
      throw error;
    }
    const browser: SessionBrowser = {
      ...browserActions({
        act,
        options,
        report,
        gate,
        downloads,
        page,
        isHeld: () => holding > 0,
        ledTo: (sessionId) => led.get(sessionId) ?? null,
        stoppedWhy: (sessionId) => stopped.get(sessionId) ?? null,
        forget: (sessionId) => {
          led.delete(sessionId);
          stopped.delete(sessionId);
        },
      }),
      page,
      watch: (listener) => view.watch(listener),
      close: () => (closed ??= close()),
    };
    changed();
    // A page that does not answer any more is no reason to have no browser.
    if (options.startUrl !== null)
      await browser.navigate(options.startUrl, signal).catch(async (error: unknown) => {
        if (!(error instanceof BrowserProblem) || error.code !== 'ABORTED') return;
        await browser.close();
        throw error;
      });
    return browser;
  };

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

const isAnswering = (life: Life): Promise<boolean> =>
  Promise.race([
    life.devtools.send('Browser.getVersion').then(
      () => true,
      () => false,
    ),
    delay(2_000).then(() => false),
  ]);
