import type { FinishedRequest } from '../contracts/ipc.ts';
import { CLIENT_LEFT_STATUS, ROUTER_METRICS, UNKNOWN_MODEL } from '../contracts/metrics/definitions.ts';
import { Exposition } from '../contracts/metrics/exposition.ts';
import type { LabelValues } from '../contracts/metrics/exposition.ts';
import { Histogram } from '../contracts/metrics/histogram.ts';

/** Codes are words of ours or of the engine, some dozen; should that change, the rest shares one label. */
const MOST_CODES = 50;

const histogramOf = (name: keyof typeof ROUTER_METRICS): Histogram => {
  const definition = ROUTER_METRICS[name];
  return new Histogram('buckets' in definition ? (definition.buckets ?? []) : []);
};

/** What is counted of one model on one route. */
class Series {
  readonly labels: LabelValues;
  readonly statuses = new Map<number, number>();
  cancelled = 0;
  retried = 0;
  prompt = 0;
  cached = 0;
  completion = 0;
  readonly wait = histogramOf('llamactor_queue_wait_seconds');
  readonly firstToken = histogramOf('llamactor_time_to_first_token_seconds');
  readonly duration = histogramOf('llamactor_request_duration_seconds');
  readonly speed = histogramOf('llamactor_tokens_per_second');

  constructor(model: string, route: string) {
    this.labels = [model === '' ? UNKNOWN_MODEL : model, route];
  }
}

/** A request that is not over, as far as the gauges need it. */
export interface Running {
  readonly modelId: string;
  readonly route: string;
  readonly waits: boolean;
}

/** Counts finished requests: once each, by additions alone. Text is made only when somebody scrapes. */
export class RouterMetrics {
  readonly #models = new Map<string, Map<string, Series>>();
  readonly #errors = new Map<string, number>();
  readonly #begun = performance.now();

  record(request: FinishedRequest): void {
    const series = this.#seriesOf(request.modelId, request.route);
    const status = request.status === 0 ? CLIENT_LEFT_STATUS : request.status;
    series.statuses.set(status, (series.statuses.get(status) ?? 0) + 1);
    if (request.errorCode !== null) this.#countError(request.errorCode);
    if (request.cancelled) series.cancelled++;
    if (request.retried) series.retried++;
    series.prompt += request.promptTokens ?? 0;
    series.cached += request.cachedTokens ?? 0;
    series.completion += request.completionTokens ?? 0;
    series.wait.observe(request.queuedMs / 1000);
    series.duration.observe(request.durationMs / 1000);
    if (request.streamed && request.firstByteMs !== null) series.firstToken.observe(request.firstByteMs / 1000);
    if (request.tokensPerSecond !== null) series.speed.observe(request.tokensPerSecond);
  }

  /** The model is gone from the table, and with it its series, so that their number stays bounded. */
  forget(modelId: string): void {
    this.#models.delete(modelId);
  }

  /** @param running every request that is not over */
  text(running: Iterable<Running>): string {
    const now = new Map<Series, { served: number; waiting: number }>();
    for (const { modelId, route, waits } of running) {
      const series = this.#seriesOf(modelId, route);
      const counts = now.get(series) ?? { served: 0, waiting: 0 };
      now.set(series, counts);
      if (waits) counts.waiting++;
      else counts.served++;
    }
    const all = [...this.#models.values()].flatMap((routes) => [...routes.values()]);
    const each = <T>(value: (series: Series) => T): [LabelValues, T][] =>
      all.map((series) => [series.labels, value(series)]);
    const statuses = all.flatMap(({ labels, statuses: counts }) =>
      [...counts].map(([status, count]): [LabelValues, number] => [[...labels, String(status)], count]),
    );
    return new Exposition(ROUTER_METRICS)
      .values('llamactor_requests_total', statuses)
      .values(
        'llamactor_errors_total',
        [...this.#errors].map(([code, count]) => [[code], count]),
      )
      .values(
        'llamactor_cancelled_total',
        each(({ cancelled }) => cancelled),
      )
      .values(
        'llamactor_retried_total',
        each(({ retried }) => retried),
      )
      .values(
        'llamactor_in_flight',
        each((series) => now.get(series)?.served ?? 0),
      )
      .values(
        'llamactor_queue_depth',
        each((series) => now.get(series)?.waiting ?? 0),
      )
      .histograms(
        'llamactor_queue_wait_seconds',
        each(({ wait }) => wait),
      )
      .histograms(
        'llamactor_time_to_first_token_seconds',
        each(({ firstToken }) => firstToken),
      )
      .histograms(
        'llamactor_request_duration_seconds',
        each(({ duration }) => duration),
      )
      .histograms(
        'llamactor_tokens_per_second',
        each(({ speed }) => speed),
      )
      .values(
        'llamactor_tokens_prompt_total',
        each(({ prompt }) => prompt),
      )
      .values(
        'llamactor_tokens_cached_total',
        each(({ cached }) => cached),
      )
      .values(
        'llamactor_tokens_completion_total',
        each(({ completion }) => completion),
      )
      .values('llamactor_router_uptime_seconds', [[[], (performance.now() - this.#begun) / 1000]])
      .text();
  }

  #seriesOf(model: string, route: string): Series {
    let routes = this.#models.get(model);
    if (!routes) this.#models.set(model, (routes = new Map<string, Series>()));
    let series = routes.get(route);
    if (!series) routes.set(route, (series = new Series(model, route)));
    return series;
  }

  #countError(code: string): void {
    const label = this.#errors.has(code) || this.#errors.size < MOST_CODES ? code : 'other';
    this.#errors.set(label, (this.#errors.get(label) ?? 0) + 1);
  }
}
