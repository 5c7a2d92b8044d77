import { onTestFinished, vi } from 'vitest';
import type { FinishedRequest, FromRouter, Route, RouterSettings, ToRouter } from '../../../src/contracts/ipc.ts';
import type { Limits } from '../../../src/router/limits.ts';
import { createRouter } from '../../../src/router/router.ts';

type Message<T extends FromRouter['type']> = Extract<FromRouter, { type: T }>;

export interface Harness {
  port: number;
  url: string;
  messages: FromRouter[];
  exits: number[];
  tell(message: ToRouter): void;
  routes(...changed: Route[]): void;
  /** All messages of a type so far. */
  all<T extends FromRouter['type']>(type: T): Message<T>[];
  /** The nth message of a type (1 is the first), awaited. */
  nth<T extends FromRouter['type']>(type: T, n: number): Promise<Message<T>>;
  /** The nth finished request, awaited. */
  finished(n: number): Promise<FinishedRequest>;
  /** Requests in flight as last told for that model. */
  inFlight(modelId: string): number | undefined;
}

export const SETTINGS: RouterSettings = {
  host: '127.0.0.1',
  port: 0,
  queueTimeoutMs: 30_000,
  queueLimit: 100,
  allowedHosts: [],
  allowedOrigins: [],
  captureBodies: false,
  captureBytes: 65_536,
};

export interface Options {
  routes?: Route[];
  settings?: Partial<RouterSettings>;
  limits?: Partial<Limits>;
}

/** The router in this process, with a control plane made of an array; stopped when the test ends. */
export const startRouter = async ({ routes = [], settings, limits }: Options = {}): Promise<Harness> => {
  const messages: FromRouter[] = [];
  const exits: number[] = [];
  const router = createRouter({
    send: (message) => messages.push(structuredClone(message)),
    exit: (code) => exits.push(code),
    limits: { flushMs: 20, ...limits },
  });
  const all = <T extends FromRouter['type']>(type: T): Message<T>[] =>
    messages.filter((message): message is Message<T> => message.type === type);
  const nth = <T extends FromRouter['type']>(type: T, n: number): Promise<Message<T>> =>
    vi.waitFor(
      () => {
        const found = all(type)[n - 1];
        if (!found) throw new Error(`${type} was sent ${all(type).length} times, not ${n}`);
        return found;
      },
      { timeout: 10_000, interval: 2 },
    );
  router.receive({ type: 'start', settings: { ...SETTINGS, ...settings }, routes });
  onTestFinished(async () => {
    router.receive({ type: 'shutdown', deadlineMs: 0 });
    await vi.waitFor(() => {
      if (exits.length === 0) throw new Error('the router did not end');
    });
  });
  const { port } = await nth('listening', 1);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    messages,
    exits,
    tell: (message) => router.receive(message),
    routes: (...changed) => router.receive({ type: 'routes', changed, removed: [] }),
    all,
    nth,
    finished: (n) =>
      vi.waitFor(
        () => {
          const found = all('finished').flatMap(({ requests }) => requests)[n - 1];
          if (!found) throw new Error(`fewer than ${n} requests have finished`);
          return found;
        },
        { timeout: 10_000, interval: 2 },
      ),
    inFlight: (modelId) =>
      all('usage')
        .flatMap(({ models }) => models)
        .findLast((model) => model.modelId === modelId)?.inFlight,
  };
};
