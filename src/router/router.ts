import { Keyring } from '../contracts/keys.ts';
import type { FromRouter, RouterSettings, ToRouter } from '../contracts/ipc.ts';
import { unauthorized } from './admission.ts';
import { apis } from './apis.ts';
import { Capture } from './capture.ts';
import { Control } from './control.ts';
import { digests } from './digests.ts';
import { createDownloads } from './downloads.ts';
import { EndpointTable } from './endpoints.ts';
import { failure } from './failures.ts';
import type { Failure } from './failures.ts';
import { createFrontend } from './frontend.ts';
import { InFlight } from './in-flight.ts';
import { Lanes } from './lanes.ts';
import { LIMITS } from './limits.ts';
import type { Limits } from './limits.ts';
import { listen } from './listen.ts';
import { LogFeed } from './log-feed.ts';
import { sendMetrics } from './metrics-endpoint.ts';
import type { ProxyDeps } from './proxy-request.ts';
import { Quotas } from './quotas.ts';
import { Reporter } from './reporter.ts';
import { Roster } from './roster.ts';
import { TokenFlow } from './token-flow.ts';

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

const ENDED: Failure = unauthorized('The key of this request was revoked while it waited: use another.');

/** The data plane. It knows about models only what `receive` tells it, and opens its port on `start`. */
export const createRouter = ({ send, exit, limits: changedLimits }: RouterPorts): Router => {
  const limits: Limits = { ...LIMITS, ...changedLimits };
  let settings: RouterSettings | null = null;
  let stopping = false;
  let ended = false;

  const reporter = new Reporter(send, limits);
  const control = new Control(send);
  const keyring = new Keyring(digests);
  const quotas = new Quotas();
  const lanes = new Lanes({
    settings: () => ({
      queueLimit: settings?.queueLimit ?? 0,
      queueTimeoutMs: settings?.queueTimeoutMs ?? 0,
      connections: limits.connections,
    }),
    quotas,
    need: (modelId) => {
      // Whoever makes room for it must know which models have become idle meanwhile.
      reporter.flushUsage();
      send({ type: 'need', modelId });
    },
    unneed: (modelId) => send({ type: 'unneed', modelId }),
    held: (modelId, held) => reporter.held(modelId, held),
  });
  const running: ProxyDeps['running'] = new Roster();
  const deps: ProxyDeps = {
    lanes,
    reporter,
    flow: new TokenFlow(send, running),
    limits,
    quotas,
    held: { bytes: 0 },
    running,
    capture: (id, route, req) =>
      settings?.captureBodies === true ? new Capture(id, route, req, settings.captureBytes) : null,
    over: () => {
      if (stopping) setImmediate(endIfIdle);
    },
  };
  const inFlight = new InFlight(send, running, lanes);
  const log = (level: 'warn' | 'error', message: string): void => send({ type: 'log', level, message });
  const logs = new LogFeed(send);
  const { server } = createFrontend({
    endpoints: new EndpointTable(
      apis({
        proxy: deps,
        plainMetrics: (call) => sendMetrics(call, reporter.metrics.text([...running].filter(({ isOver }) => !isOver))),
        control,
        downloads: createDownloads(control),
        logs,
        send,
        log,
      }),
    ),
    settings: () => settings,
    keyring,
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

  const hold = (token: number, modelId: string): void => {
    const granted = (): void => send({ type: 'held', token });
    const lane = lanes.byId(modelId);
    if (lane) lane.hold(token, granted);
    else granted();
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

  const changeKeys = ({ required, keys }: Extract<ToRouter, { type: 'keys' }>): void => {
    keyring.replace(required, keys);
    const now = Date.now();
    // What is being answered may finish; what waits has lost its right to.
    lanes.expel(({ id }) => keyring.byId(id, now) === null, ENDED);
    quotas.keep(new Set(keys.map(({ id }) => id)));
  };

  const detach = (token: number, modelId: string, reason: string): void => {
    const cut = lanes.byId(modelId)?.detach(failure('UPSTREAM_FAILED', reason)) ?? 0;
    // By the next turn the sockets to the engine are closed, so the answer means what it says; and who used it last is told first.
    setImmediate(() => {
      reporter.flushUsage();
      send({ type: 'detached', token, cut });
    });
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
        case 'settings':
          settings = message.settings;
          return;
        case 'hold':
          return hold(message.token, message.modelId);
        case 'release':
          return lanes.byId(message.modelId)?.unhold(message.token);
        case 'requests':
          return inFlight.tell(message.token);
        case 'cancel':
          return inFlight.cancel(message.token, message.id);
        case 'refused':
          return lanes
            .byId(message.modelId)
            ?.refuse(failure(message.code, message.message, { retryAfter: message.retryAfter }));
        case 'detach':
          return detach(message.token, message.modelId, message.reason);
        case 'keys':
          return changeKeys(message);
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
