/** What a page tells about itself, by its Performance API. */
import type { Page } from 'playwright-core';

/** The browser as far as this uses it; the benches are compiled without its types. */
interface Entry {
  duration: number;
  startTime: number;
}
interface ResourceEntry extends Entry {
  name: string;
  encodedBodySize: number;
}
declare const PerformanceObserver: new (listener: (list: { getEntries(): Entry[] }) => void) => {
  observe(options: { type: 'longtask'; buffered: boolean }): void;
  takeRecords(): Entry[];
};
declare const MutationObserver: new (listener: () => void) => {
  observe(target: unknown, options: { childList: boolean; subtree: boolean; attributes: boolean }): void;
  disconnect(): void;
};
declare const document: { querySelector(selector: string): unknown };
declare const requestAnimationFrame: (done: (at: number) => void) => void;

/** A page that needs longer than this is broken, ms. */
const PATIENCE = 30_000;

interface Kept {
  /** When the page could be used, ms since the navigation began; null until then. */
  interactiveAt: number | null;
  /** Of tasks of 50 ms and more, which is what browsers report. */
  tasks: number[];
  drain(): void;
}
/** There by `watch`. */
declare const llamactorBench: Kept;

/**
 * Installs the observers before the page's own code runs. It can be used when `selector` is there, drawn, and the thread is
 * free to take a click.
 */
export const watch = async (page: Page, selector: string): Promise<void> => {
  await page.addInitScript((wanted) => {
    const observer = new PerformanceObserver((list) => state.tasks.push(...list.getEntries().map((e) => e.duration)));
    const state: Kept = {
      interactiveAt: null,
      tasks: [],
      drain: () => void state.tasks.push(...observer.takeRecords().map((entry) => entry.duration)),
    };
    Object.assign(globalThis, { llamactorBench: state });
    observer.observe({ type: 'longtask', buffered: true });
    const changes = new MutationObserver(() => {
      if (document.querySelector(wanted) === null) return;
      changes.disconnect();
      requestAnimationFrame(() => {
        setTimeout(() => (state.interactiveAt = performance.now()), 0);
      });
    });
    changes.observe(document, { childList: true, subtree: true, attributes: true });
  }, selector);
};

export interface FirstLoad {
  interactiveMs: number;
  /** Bytes of script that came over the wire until then. */
  scriptBytes: number;
  scripts: string[];
}

export const firstLoad = async (page: Page): Promise<FirstLoad> => {
  const usable = await page.evaluate(
    (patience) =>
      new Promise<boolean>((settle) => {
        const look = (): void => {
          if (llamactorBench.interactiveAt !== null) settle(true);
          else if (performance.now() > patience) settle(false);
          else setTimeout(look, 20);
        };
        look();
      }),
    PATIENCE,
  );
  if (!usable) throw new Error(`${page.url()} could not be used within ${PATIENCE / 1000} s.`);
  return page.evaluate(() => {
    const interactiveMs = llamactorBench.interactiveAt ?? Number.NaN;
    const scripts = (performance.getEntriesByType('resource') as unknown as ResourceEntry[]).filter(
      ({ name, startTime }) => /\.js$/.test(name) && startTime <= interactiveMs,
    );
    return {
      interactiveMs,
      scriptBytes: scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
      scripts: scripts.map(({ name }) => new URL(name).pathname),
    };
  });
};

/** Durations of the long tasks while `work` went on. */
export const longTasks = async (page: Page, work: () => Promise<void>): Promise<number[]> => {
  await page.evaluate(() => {
    llamactorBench.drain();
    llamactorBench.tasks.length = 0;
  });
  await work();
  // The browser reports a task some time after it.
  await page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => setTimeout(done, 300))));
  return page.evaluate(() => {
    llamactorBench.drain();
    return llamactorBench.tasks;
  });
};
