/** The dashboard in a real Chromium: what a first visit fetches, when it can be used, and whether scrolling ever stalls. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { someDecisions, someLines } from '../../browser/fixture-data.ts';
import { aModel, manyModels } from '../../browser/fixture-models.ts';
import { FixtureServer } from '../../browser/fixture-server.ts';
import { launchChromium } from '../../support/chromium.ts';
import type { Bench } from '../bench.ts';
import { closeAtEnd } from '../cleanup.ts';
import { smallModels } from '../files.ts';
import { startProduct } from '../product.ts';
import { row } from '../row.ts';
import type { Row } from '../row.ts';
import { median } from '../statistics.ts';
import { firstLoad, longTasks, watch } from './watch.ts';
import type { FirstLoad } from './watch.ts';

const MODELS = 60;
const LINES = 10_000;
const WIDE = { width: 1440, height: 900 };
/** The other pages' code is fetched and the charts have grown by then, ms. */
const SETTLED = 3000;
/** What a task may take before a person feels it, ms. */
const FELT = 100;

/** What is there when the page can be used. */
const USABLE = {
  '/': '.home__columns.fades',
  '/models': '.row button',
} as const;

/** The same scripts as gzip, which every proxy and client knows; those without are as small as they get. */
const gzipped = async (scripts: readonly string[]): Promise<number> => {
  const folder = resolve(process.cwd(), 'dist/web');
  const sizes = scripts.map((name) => stat(join(folder, `${name}.gz`)).catch(() => stat(join(folder, name))));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
};

/** A visit with an empty cache. */
const visit = async (browser: Browser, url: string, selector: string): Promise<FirstLoad> => {
  const context = await browser.newContext({ viewport: WIDE });
  try {
    const page = await context.newPage();
    await watch(page, selector);
    await page.goto(url);
    return await firstLoad(page);
  } finally {
    await context.close();
  }
};

/** Turns the wheel as a hand does, one notch per frame or so. */
const wheel = async (page: Page, notches: number, step: number): Promise<void> => {
  await page.mouse.move(WIDE.width / 2, WIDE.height / 2);
  for (let notch = 0; notch < notches; notch += 1) {
    await page.mouse.wheel(0, step);
    await delay(16);
  }
};

interface Scroll {
  what: string;
  path: string;
  usable: string;
  /** What goes on meanwhile, a few times a second. */
  live(server: FixtureServer, turn: number): void;
  scroll(page: Page, times: number): Promise<void>;
}

const SCROLLS: readonly Scroll[] = [
  {
    what: `${MODELS} models`,
    path: '/models',
    usable: '.row button',
    live: (server, turn) => {
      const id = [...server.models.keys()][turn % MODELS] ?? '';
      server.patch(id, turn % 2 === 0 ? { state: 'loading', progress: turn % 100 } : { state: 'unloaded' });
    },
    scroll: async (page, times) => {
      for (let time = 0; time < times; time += 1) {
        await wheel(page, 60, 120);
        await wheel(page, 60, -120);
      }
    },
  },
  {
    what: `${LINES} log lines`,
    path: '/logs',
    usable: '.log-line',
    live: (server, turn) => server.writeLine({ message: `line ${turn}, while somebody reads` }),
    scroll: async (page, times) => {
      for (let time = 0; time < times; time += 1) {
        await page.getByRole('region', { name: 'Log lines' }).focus();
        await page.keyboard.press('Home');
        await wheel(page, 60, 300);
        // As when the bar is dragged: a page of lines in every frame.
        await wheel(page, 60, 4000);
        await page.keyboard.press('End');
      }
    },
  },
  {
    what: '1 h of charts',
    path: '/monitoring?range=1h',
    usable: '.time-chart canvas',
    live: (server) => server.sample(),
    scroll: async (page, times) => {
      for (let time = 0; time < times; time += 1) {
        await wheel(page, 40, 80);
        for (let x = 400; x < 1400; x += 10) await page.mouse.move(x, 400);
        await wheel(page, 40, -80);
      }
    },
  },
];

const measureScroll = async (browser: Browser, server: FixtureServer, scroll: Scroll, times: number) => {
  const context = await browser.newContext({ viewport: WIDE });
  const page = await context.newPage();
  let turn = 0;
  const timer = setInterval(() => scroll.live(server, (turn += 1)), 250);
  try {
    await watch(page, scroll.usable);
    await page.goto(server.url + scroll.path);
    await firstLoad(page);
    await delay(SETTLED);
    return await longTasks(page, () => scroll.scroll(page, times));
  } finally {
    clearInterval(timer);
    await context.close();
  }
};

const scrolls = async (browser: Browser, rounds: number, progress: (text: string) => void): Promise<Row[]> => {
  const server = new FixtureServer(resolve(process.cwd(), 'dist/web'));
  await server.start();
  const close = closeAtEnd(() => void server.stop());
  const rows: Row[] = [];
  for (const scroll of SCROLLS) {
    const longest: number[] = [];
    const felt: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      progress(`scrolling ${scroll.what}, round ${round + 1} of ${rounds}`);
      server.reset(manyModels(MODELS));
      // Processes to draw lines of.
      for (const id of ['qwen', 'gemma', 'llama']) server.models.set(id, aModel(id, { state: 'loaded', pid: 100 }));
      server.gpu = true;
      server.decisions = someDecisions(Date.now());
      server.logs = someLines(Date.now(), LINES);
      const tasks = await measureScroll(browser, server, scroll, rounds === 1 ? 1 : 3);
      longest.push(Math.max(0, ...tasks));
      felt.push(tasks.filter((duration) => duration > FELT).length);
    }
    rows.push(
      row(`tasks over ${FELT} ms, scrolling ${scroll.what}`, felt, {
        unit: '',
        tail: true,
        target: { of: 'p99', atMost: 0 },
        // Browsers report tasks from 50 ms on.
        against: `longest ${Math.max(...longest) === 0 ? 'under 50' : Math.max(...longest).toFixed(0)} ms`,
      }),
    );
  }
  close();
  return rows;
};

export const page: Bench = {
  name: 'page',
  summary: 'the dashboard in a browser: bytes of the first load, time to interactive, stalls while scrolling',
  async run({ engine, quick, progress, note }) {
    const browser = await launchChromium();
    const close = closeAtEnd(() => void browser.close());
    const rows: Row[] = [];
    const product = await startProduct({ engine, write: (folder) => smallModels(folder, MODELS) });
    const rounds = quick ? 1 : 7;
    for (const [path, selector] of Object.entries(USABLE)) {
      const loads: FirstLoad[] = [];
      for (let round = 0; round < rounds; round += 1) {
        progress(`first visit of ${path}, round ${round + 1} of ${rounds}`);
        loads.push(await visit(browser, product.url + path, selector));
      }
      rows.push(
        row(
          `first load of ${path}, JavaScript`,
          (await Promise.all(loads.map(({ scripts }) => gzipped(scripts)))).map((size) => size / 1000),
          {
            unit: 'kB gzip',
            target: { of: 'median', atMost: 130 },
            against: `${(median(loads.map(({ scriptBytes }) => scriptBytes)) / 1000).toFixed(1)} kB on the wire (brotli)`,
          },
        ),
        row(
          `time to interactive of ${path}, ${MODELS} models`,
          loads.map(({ interactiveMs }) => interactiveMs),
          { target: { of: 'median', atMost: 1000 } },
        ),
      );
    }
    await product.stop();
    rows.push(...(await scrolls(browser, quick ? 1 : 3, progress)));
    note('Long tasks are counted by the clock: on a machine with other work they are long for its sake as well.');
    close();
    return rows;
  },
};
