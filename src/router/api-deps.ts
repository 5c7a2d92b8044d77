import type { FromRouter } from '../contracts/ipc.ts';
import type { Control } from './control.ts';
import type { Downloads } from './downloads.ts';
import type { Call } from './endpoints.ts';
import type { FaultLog } from './later.ts';
import type { LogFeed } from './log-feed.ts';
import type { ProxyDeps } from './proxy-request.ts';

/** What the APIs that also steer models are made of. */
export interface ApiDeps extends FaultLog {
  proxy: ProxyDeps;
  control: Control;
  downloads: Downloads;
  logs: LogFeed;
  send(message: FromRouter): void;
  /** Answers `GET /metrics` without a model: the data plane's own numbers. */
  plainMetrics(call: Call): void;
}
