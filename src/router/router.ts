import type { FromRouter, RouterSettings, ToRouter } from '../contracts/ipc.ts';
import { apis } from './apis.ts';
import { Control } from './control.ts';
import { createDownloads } from './downloads.ts';
import { EndpointTable } from './endpoints.ts';
import { failure } from './failures.ts';
import type { Failure } from './failures.ts';
import { createFrontend } from './frontend.ts';
import { Lanes } from './lanes.ts';
import { LIMITS } from './limits.ts';
import type { Limits } from './limits.ts';
import { listen } from './listen.ts';
import { LogFeed } from './log-feed.ts';
import type { ProxyDeps } from './proxy-request.ts';
import { Reporter } from './reporter.ts';

export interface RouterPorts {
  /** Tells the control plane something. */
  send(message: FromRouter): void;
  /** The router has ended; the process should, too, once what was sent has left it. */
  exit(code: 0 | 1): void;
  limits?: Partial<Limits>;
}

export interface Router {
  receive(message: ToRouter): void;
}

const STOPPING: Failure = failure(
  'QUEUE_FULL',
  'The server is stopping and takes no more requests: try again when it is back.',
  { retryAfter: 5 },
);

/** The data plane. It knows about models only what `receive` tells it, and opens its port on `start`. */
export const createRouter = ({ send, exit, limits: changedLimits }: RouterPorts): Router => {
  const limits: Limits = { ...LIMITS, ...changedLimits };
  let settings: RouterSettings | null = null;
  let stopping = false;
  let ended = false;

  const reporter = new Reporter(send, limits);
  const control = new Control(send);
  const lanes = new Lanes({
    settings: () => ({
      queueLimit: settings?.queueLimit ?? 0,
      queueTimeoutMs: settings?.queueTimeoutMs ?? 0,
      connections: limits.connections,
    }),
    need: (modelId) => send({ type: 'need', modelId }),
    unneed: (modelId) => send({ type: 'unneed', modelId }),
  });
  const deps: ProxyDeps = {
    lanes,
    reporter,
    limits,
    held: { bytes: 0 },
    running: new Set(),
    over: () => setImmediate(endIfIdle),
  };
  const log = (level: 'warn' | 'error', message: string): void => send({ type: 'log', level, message });
  const logs = new LogFeed(send);
  const { server } = createFrontend({
    endpoints: new EndpointTable(apis({ proxy: deps, control, downloads: createDownloads(control), logs, send, log })),
    settings: () => settings,
    stopping: () => (stopping ? STOPPING : null),
    lingerMs: limits.lingerMs,
    log,
  });

  const end = (code: 0 | 1): void => {
    if (ended) return;
    ended = true;
    reporter.flush();
    lanes.close();
    server.closeAllConnections();
    exit(code);
  };

  const endIfIdle = (): void => {
    if (!stopping) return;
    server.closeIdleConnections();
    if (deps.running.size === 0) end(0);
  };

  const start = (changed: RouterSettings): void => {
    const first = settings === null;
    settings = changed;
    if (!first) return;
    listen(server, changed.host, changed.port, (outcome) => {
      send(outcome);
      if (outcome.type === 'listen.failed') end(1);
    });
  };

  const shutdown = (deadlineMs: number): void => {
    if (stopping) return;
    stopping = true;
    server.close();
    setTimeout(() => {
      for (const request of deps.running) request.cut(STOPPING);
      // Whoever does not take the last bytes in time does not get them.
      setTimeout(() => end(0), limits.flushMs);
    }, deadlineMs);
    endIfIdle();
  };

  const detach = (token: number, modelId: string, reason: string): void => {
    const cut = lanes.byId(modelId)?.detach(failure('UPSTREAM_FAILED', reason)) ?? 0;
    // By the next turn the sockets to the engine are closed, so the answer means what it says.
    setImmediate(() => send({ type: 'detached', token, cut }));
  };

  return {
    receive(message) {
      switch (message.type) {
        case 'start':
          lanes.replace(message.routes);
          return start(message.settings);
        case 'routes':
          lanes.change(message.changed, message.removed);
          for (const id of message.removed) reporter.forget(id);
          return;
        case 'refused':
          return lanes
            .byId(message.modelId)
            ?.refuse(failure(message.code, message.message, { retryAfter: message.retryAfter }));
        case 'detach':
          return detach(message.token, message.modelId, message.reason);
        case 'answer':
          return control.answered(message.token, message.outcome);
        case 'logs':
          return logs.receive(message.entries, message.dropped);
        case 'shutdown':
          return shutdown(message.deadlineMs);
      }
    },
  };
};
