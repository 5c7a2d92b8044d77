/** Real sessions in a real browser behind the built page, with a model that says what a script tells it to, and a shop to visit. */
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DomainChange } from '../../src/commands/services.ts';
import { SessionsDocument } from '../../src/contracts/session-record.ts';
import type { ToolCall } from '../../src/contracts/session-tools.ts';
import type { SessionInput } from '../../src/contracts/sessions.ts';
import { browserOpener } from '../../src/io/browser/open.ts';
import { startGuardian } from '../../src/io/guardian.ts';
import { pidRecords } from '../../src/io/processes/pid-records.ts';
import { openFileShelf } from '../../src/io/sessions/file-shelf.ts';
import { sessionFiles } from '../../src/io/sessions/session-files.ts';
import { openDocument } from '../../src/io/store/document.ts';
import { sessionShelf } from '../../src/runtime/sessions/parts.ts';
import { createSessions } from '../../src/runtime/sessions/sessions.ts';
import { findChromium } from '../support/chromium.ts';
import { createMemoryServices } from '../support/memory-services.ts';
import type { MemoryServices } from '../support/memory-services.ts';
import { startTransports } from '../support/server.ts';

/** What the model says next, or why it cannot; `ref` finds an element in what it was told last. */
export type Line = (told: { ref: (words: string) => string; text: string }) =>
  | {
      call: ToolCall;
      words?: string;
      thought?: string;
    }
  | Error;

export interface SessionsApp {
  url: string;
  services: MemoryServices;
  shop: { origin: string; orders: string[]; requests: string[] };
  /** What was done by hand, in order. */
  inputs: SessionInput[];
  /** How many watch a session's browser now. */
  watching(): number;
  /** The next lines of the model; without any it thinks for ever. */
  script(...lines: Line[]): void;
  /** Breaks every connection to the page, as a network that fails does. */
  drop(): void;
  close(): Promise<void>;
}

const STYLE = `<style>
*{box-sizing:border-box}body{margin:0;font:17px/1.5 system-ui,sans-serif;color:#22201c;background:#fbf7f0}
header{display:flex;gap:24px;align-items:center;padding:22px 48px;background:#23435c;color:#fff}
header b{font-size:24px;letter-spacing:-.02em}header form{margin-left:auto;display:flex;gap:8px}
main{max-width:1080px;margin:36px auto;padding:0 48px}h1{font-size:32px;letter-spacing:-.02em;margin:0 0 24px}
input{font:inherit;padding:9px 14px;border:1px solid #b9b2a6;border-radius:10px;background:#fff;min-width:260px}
button,.button{font:inherit;font-weight:600;padding:10px 20px;border:0;border-radius:10px;background:#c8562b;color:#fff;text-decoration:none}
.cups{display:grid;grid-template-columns:repeat(3,1fr);gap:24px}article{overflow:hidden;border-radius:16px;background:#fff;box-shadow:0 2px 14px #0001}
article i{display:block;height:170px}article div{padding:18px 20px}article p{margin:4px 0 14px;color:#6b645a}
table{width:100%;border-collapse:collapse;margin-bottom:24px;background:#fff;border-radius:12px}td{padding:16px 20px;border-bottom:1px solid #eee6da}td:last-child{text-align:right}
</style>`;
const CUPS = [
  { name: 'Blue cup', price: 12, ground: 'radial-gradient(circle at 50% 62%,#2f6fb5 0 33%,#dfeaf6 34%)' },
  { name: 'Clay mug', price: 15, ground: 'radial-gradient(circle at 50% 62%,#b5532a 0 33%,#f6e6dc 34%)' },
  { name: 'Green bowl', price: 19, ground: 'radial-gradient(circle at 50% 62%,#2c7d6f 0 33%,#dff1ed 34%)' },
] as const;
const pageOf = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title} · Cup & Saucer</title>${STYLE}</head><body><header><b>Cup &amp; Saucer</b><form action="/search"><input name="q" aria-label="Search" placeholder="Search cups"><button>Search</button></form></header><main><h1>${title}</h1>${body}</main></body></html>`;
const cupCards = CUPS.map(
  ({ name, price, ground }) =>
    `<article><i style="background:${ground}"></i><div><b>${name}</b><p>€ ${price}.00, made by hand</p><form method="post" action="/add"><button>Add ${name} to the cart</button></form></div></article>`,
).join('');

const startShop = async () => {
  const orders: string[] = [];
  const requests: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname } = new URL(request.url ?? '/', 'http://shop');
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const show = (text: string): void => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(text);
    };
    const see = (to: string): void => {
      response.writeHead(303, { location: to }).end();
    };
    if (pathname === '/add') return see('/cart');
    if (pathname === '/pay') {
      orders.push('Blue cup');
      return see('/thanks');
    }
    if (pathname === '/receipt.txt') {
      response.writeHead(200, {
        'content-type': 'text/plain; charset=utf-8',
        'content-disposition': 'attachment; filename="receipt.txt"',
      });
      response.end('Receipt: one blue cup, 12.00\n');
      return;
    }
    if (pathname === '/cart')
      return show(
        pageOf(
          'Your cart',
          '<table><tr><td>Blue cup</td><td>1 ×</td><td>€ 12.00</td></tr><tr><td>Delivery to Vienna</td><td></td><td>€ 4.50</td></tr><tr><td><b>Together</b></td><td></td><td><b>€ 16.50</b></td></tr></table><form method="post" action="/pay"><button>Pay now</button></form>',
        ),
      );
    if (pathname === '/thanks')
      return show(
        pageOf(
          'Thank you',
          '<p>Your order is on its way.</p><a class="button" href="/receipt.txt" download>Receipt</a>',
        ),
      );
    show(
      pageOf(pathname === '/search' ? 'What we found' : 'Cups for every day', `<div class="cups">${cupCards}</div>`),
    );
  };
  const server = http.createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    shop: { origin: `http://127.0.0.1:${String(port)}`, orders, requests },
    port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });

/** `webDir` is the folder of the built page. */
export const startSessionsApp = async (webDir: string): Promise<SessionsApp> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sessions-app-'));
  const { shop, port, close: closeShop } = await startShop();
  const { executablePath, env } = await findChromium();
  const guardian = startGuardian();
  const memory = createMemoryServices(['Qwen3-8B-Q4_K_M.gguf', 'SmolLM2-360M.gguf']);
  const listeners = new Set<(changes: readonly DomainChange[], seq: number) => void>();
  const publish = (change: DomainChange): void => {
    for (const listener of listeners) listener([change], 0);
  };
  const lines: Line[] = [];
  let wake: (() => void)[] = [];
  let made = 0;
  const shelf = await openFileShelf({ dataDir: folder, most: () => 1, log: () => undefined, now: Date.now });
  const sessions = createSessions({
    store: await openDocument<SessionsDocument>({
      path: path.join(folder, 'sessions.json'),
      version: 1,
      schema: SessionsDocument,
      defaults: () => ({ sessions: [] }),
      onDamaged: () => undefined,
    }),
    files: sessionFiles(path.join(folder, 'sessions')),
    shelf: sessionShelf(shelf),
    openBrowser: browserOpener({
      ...{ pids: pidRecords(path.join(folder, 'run')), guardian, env: { ...process.env, ...env } },
      ...{ warn: () => undefined, now: Date.now },
    }),
    mind: async ({ entries }, { signal }) => {
      while (lines.length === 0)
        await Promise.race([new Promise<void>((resolve) => wake.push(resolve)), never(signal)]);
      const text =
        entries.flatMap((entry) => (entry.kind === 'step' && entry.tool === 'read' ? entry.result : [])).at(-1) ?? '';
      const ref = (words: string): string => {
        const found = text.split('\n').find((line) => line.includes(words));
        const name = /\[(e\d+)\]/.exec(found ?? '')?.[1];
        if (name === undefined) throw new Error(`Nothing on the page is called ${words}:\n${text}`);
        return name;
      };
      const line = (lines.shift() as Line)({ ref, text });
      if (line instanceof Error) throw line;
      const { call, words = '', thought = '' } = line;
      return {
        ...{ words, thought, call, problem: null, summary: null, model: 'Qwen3-8B-Q4_K_M' },
        usage: { inputTokens: 1840, outputTokens: 64 },
      };
    },
    approvals: memory.control.approvals.service,
    config: () => ({
      ...memory.config.get(),
      'sessions.browser': executablePath,
      'sessions.allowPrivate': [`127.0.0.1:${String(port)}`],
    }),
    hub: { publish, subscribe: () => () => undefined },
    log: () => undefined,
    now: Date.now,
    newId: () => `session-${String((made += 1))}`,
  });
  const inputs: SessionInput[] = [];
  let watching = 0;
  const services: MemoryServices = {
    ...memory,
    sessionFiles: shelf,
    sessions: {
      ...sessions,
      async input(id, input, caller) {
        await sessions.input(id, input, caller);
        inputs.push(input);
      },
      watch(id, owner, listener) {
        watching += 1;
        const stop = sessions.watch(id, owner, listener);
        return () => {
          watching -= 1;
          stop();
        };
      },
    },
    subscribe(listener) {
      listeners.add(listener);
      const end = memory.subscribe(listener);
      return () => {
        listeners.delete(listener);
        end();
      };
    },
  };
  const server = await startTransports({ services, webDir });
  return {
    url: server.url,
    services,
    shop,
    inputs,
    watching: () => watching,
    script(...next) {
      lines.push(...next);
      const woken = wake;
      wake = [];
      for (const each of woken) each();
    },
    drop: () => server.io.disconnectSockets(true),
    async close() {
      await server.close();
      await sessions.drain();
      await sessions.close();
      await shelf.close();
      guardian.close();
      await closeShop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
