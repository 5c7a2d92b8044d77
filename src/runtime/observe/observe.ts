/** Everything that watches and counts, behind one door: history, requests of this moment, timeline, rates and metrics. */
import type { By, Services } from '../../commands/services.ts';
import { CodedError } from '../../contracts/errors.ts';
import type {
  DecisionView,
  EngineView,
  LifecycleState,
  LogLevel,
  MetricsView,
  ModelView,
} from '../../contracts/views.ts';
import { redact } from '../../io/logs/redact.ts';
import type { RouterLink } from '../../io/router-link.ts';
import type { ChangeHub } from '../changes.ts';
import { openActivity } from './activity.ts';
import { createCaptures } from './captures.ts';
import { createServerMetrics } from './server-metrics.ts';
import type { MetricSource } from './server-metrics.ts';
import { openTimeline } from './timeline.ts';
import { createTokenRate } from './token-rate.ts';
import type { TokenRate } from './token-rate.ts';

const ASK_MS = 3000;

export interface Observer {
  services: Pick<Services, 'activity' | 'requests' | 'timeline'>;
  tokenRate: TokenRate['now'];
  metricsText(): string;
  /** A model's state changed. `measured` is what its engine said it takes, bytes. */
  moved(view: ModelView, change: { state: LifecycleState; by: By | null }, measured: number | null): void;
  decided(decision: DecisionView): void;
  /** What was captured goes when capturing is switched off. */
  capturing(on: boolean): void;
  /** Where the number of connected clients comes from; nobody is connected before this is called. */
  countSockets(count: () => number): void;
  close(): Promise<void>;
}

export interface ObserverOptions {
  dataDir: string;
  version: string;
  link: RouterLink;
  hub: ChangeHub;
  models(): ModelView[];
  engine(): EngineView;
  sample(): MetricsView | null;
  log(level: LogLevel, source: string, message: string): void;
  /** Further parts of the server that have something to count. */
  sources?: readonly MetricSource[];
  now(): number;
}

/** Which kind of person or program asked; which one of them is nobody's business later. */
const kindOf = (by: By | null): { by?: string } => {
  if (by === null) return {};
  return { by: /^[ab]:/.test(by) ? 'socket' : by };
};

export const openObserver = async (options: ObserverOptions): Promise<Observer> => {
  const { dataDir, link, hub, now } = options;
  const log = (level: LogLevel, message: string): void => options.log(level, 'server', message);
  const [activity, timeline] = await Promise.all([
    openActivity({
      dataDir,
      now,
      log,
      onAdded: (requests, skipped) => hub.publish({ kind: 'activity', requests, skipped }),
    }),
    openTimeline({ dataDir, now, log }),
  ]);
  const captures = createCaptures((text) => redact(text));
  const rate = createTokenRate(now);
  let socketClients = (): number => 0;
  const metrics = createServerMetrics({
    version: options.version,
    now,
    models: options.models,
    sample: options.sample,
    engineVersion: () => options.engine().version,
    socketClients: () => socketClients(),
    ...(options.sources && { sources: options.sources }),
  });
  /** Why a model is about to move, from the decision that comes just before. */
  const reasons = new Map<string, { state: LifecycleState; reason: string }>();

  link.onMessage((message) => {
    if (message.type === 'finished') {
      activity.add(message.requests);
      rate.finished(message.requests);
    } else if (message.type === 'tokens') rate.streamed(message);
    else if (message.type === 'captured') captures.add(message.request);
  });

  const late = (what: string): CodedError =>
    new CodedError('TIMEOUT', `The router did not ${what} within ${ASK_MS / 1000} s; look at its state, or try again.`);

  return {
    services: {
      activity: { list: activity.list, summary: activity.summary, capture: captures.get },
      requests: {
        async list() {
          const answer = await link.requests(ASK_MS);
          if (answer === null) throw late('say what runs');
          return { requests: answer.requests, total: answer.total };
        },
        async cancel(id) {
          const found = await link.cancel(id, ASK_MS);
          if (found === null) throw late('answer');
          if (!found)
            throw new CodedError(
              'NOT_FOUND',
              `No request ${id} runs or waits; it may be over. List them and try again.`,
            );
        },
      },
      timeline: { get: timeline.get },
    },
    tokenRate: rate.now,
    metricsText: metrics.text,
    moved({ id, failure }, { state, by }, measured) {
      metrics.moved(id, state, failure?.code ?? null);
      const decided = reasons.get(id);
      reasons.delete(id);
      const reason = state === 'error' ? failure?.message : decided?.state === state ? decided.reason : undefined;
      const resident = options.sample()?.processes.find(({ source }) => source === `model:${id}`)?.memory;
      const memory = measured ?? resident;
      timeline.note({
        at: now(),
        modelId: id,
        state,
        ...kindOf(by),
        ...(reason === undefined ? {} : { reason }),
        ...(memory === undefined || memory === 0 || state === 'loading' ? {} : { memory }),
      });
    },
    decided({ kind, modelId, reason }) {
      metrics.decided({ kind, modelId });
      if (kind === 'admitted') reasons.set(modelId, { state: 'loading', reason });
      else if (kind === 'evicted') reasons.set(modelId, { state: 'stopping', reason });
    },
    capturing(on) {
      if (!on) captures.clear();
    },
    countSockets(count) {
      socketClients = count;
    },
    async close() {
      metrics.close();
      await Promise.all([activity.close(), timeline.close()]);
    },
  };
};
