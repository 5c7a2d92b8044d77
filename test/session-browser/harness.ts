/** A real browser for a test, sites for it on loopback, and what it told. */
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { BrowserEvent, BrowserOptions, SessionBrowser } from '../../src/io/browser/browser.ts';
import { browserOpener } from '../../src/io/browser/open.ts';
import type { BrowserDeps } from '../../src/io/browser/open.ts';
import { startGuardian } from '../../src/io/guardian.ts';
import { pidRecords } from '../../src/io/processes/pid-records.ts';
import { findChromium } from '../support/chromium.ts';

export interface Site {
  origin: string;
  port: number;
  /** `GET /path` of every request that arrived, and `upgrade /path`. */
  requests: string[];
  /** TCP connections that were made, with or without a request. */
  connections: number;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export const html = (body: string, head = ''): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8">${head}</head><body>${body}</body></html>`;

/** A site on 127.0.0.1: pages by path, or a handler. It ends with the test. */
export const startSite = async (pages: Record<string, string | Handler> | Handler): Promise<Site> => {
  const server = http.createServer((request, response) => {
    site.requests.push(`${request.method} ${request.url}`);
    if (typeof pages === 'function') return pages(request, response);
    const page = pages[new URL(request.url ?? '/', 'http://site').pathname];
    if (typeof page === 'function') return page(request, response);
    response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(page ?? html('<title>Not found</title>Not found'));
  });
  server.on('connection', () => {
    site.connections += 1;
  });
  server.on('upgrade', (request, socket) => {
    site.requests.push(`upgrade ${request.url}`);
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const site: Site = { origin: `http://127.0.0.1:${port}`, port, requests: [], connections: 0 };
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return site;
};

export interface Opened {
  browser: SessionBrowser;
  events: BrowserEvent[];
  folder: string;
  downloads: string;
  /** Sites that were asked for, as addresses. */
  visits: string[];
  /** Resolves with the first event, also a past one, that is like this. */
  event(test: (event: BrowserEvent) => boolean): Promise<BrowserEvent>;
  refusals(): string[];
}

export interface Wish extends Partial<Omit<BrowserOptions, 'network'>> {
  sites?: readonly Site[];
  network?: BrowserOptions['network'];
  deps?: Partial<BrowserDeps>;
  signal?: AbortSignal;
}

export const never = new AbortController().signal;

/** Opens a browser that may reach these sites and nothing else of this machine. It is closed with the test. */
export const openTestBrowser = async ({ sites = [], deps, signal, ...wish }: Wish): Promise<Opened> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'session-browser-'));
  const { executablePath, env } = await findChromium();
  const events: BrowserEvent[] = [];
  const visits: string[] = [];
  const listeners = new Set<() => void>();
  const guardian = startGuardian();
  const open = browserOpener({
    pids: pidRecords(path.join(folder, 'run')),
    guardian,
    env: { ...process.env, ...env },
    warn: () => undefined,
    now: Date.now,
    ...deps,
  });
  const options: BrowserOptions = {
    id: `test-${path.basename(folder)}`,
    executable: executablePath,
    profile: path.join(folder, 'profile'),
    downloads: path.join(folder, 'downloads'),
    viewport: { width: 1000, height: 700 },
    locale: 'en-GB',
    network: () => ({ allow: ['*'], deny: [], allowPrivate: sites.map(({ port }) => `127.0.0.1:${port}`) }),
    mostBytes: () => 20 * 2 ** 20,
    mayVisit: async (url) => {
      visits.push(url);
      return { allowed: true, why: null };
    },
    startUrl: null,
    on: (event) => {
      events.push(event);
      for (const listener of listeners) listener();
    },
    ...wish,
  };
  const cleanUp = async (): Promise<void> => {
    guardian.close();
    await rm(folder, { recursive: true, force: true });
  };
  const browser = await open(options, signal ?? never).catch(async (error: unknown) => {
    await cleanUp();
    throw error;
  });
  onTestFinished(async () => {
    await browser.close();
    await cleanUp();
  });
  return {
    browser,
    events,
    folder,
    downloads: options.downloads,
    visits,
    refusals: () => events.flatMap((event) => (event.type === 'refused' ? [`${event.what}: ${event.why}`] : [])),
    event: (test) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = events.find(test);
          if (found === undefined) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        look();
      }),
  };
};

/** The reference that stands right after these words in a page's text. */
export const refOf = (text: string, words: string): string => {
  const line = text.split('\n').find((one) => one.includes(words) && /\[e\d+\]/.test(one.slice(one.indexOf(words))));
  const ref = line === undefined ? undefined : /\[(e\d+)\]/.exec(line.slice(line.indexOf(words)))?.[1];
  if (ref === undefined) throw new Error(`There is no reference after ${words} in:\n${text}`);
  return ref;
};
