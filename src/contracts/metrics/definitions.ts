/**
 * Every metric both planes expose, by name. `docs/metrics.md` is written from this table, and neither plane can expose what
 * is not in it. Labels hold ids, routes, codes and words of ours, never what a client wrote.
 */
export interface MetricDefinition {
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  labels: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending, in the unit of its name; `+Inf` follows by itself. */
  buckets?: readonly number[];
}

/** Waits and answers reach from a millisecond (an embedding) to many minutes (a model that loads first). */
const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600] as const;
const TOKENS_PER_SECOND = [1, 2, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000] as const;
const PER_ROUTE = ['model', 'route'] as const;

const counter = (help: string, labels: readonly string[] = []): MetricDefinition => ({ type: 'counter', help, labels });
const gauge = (help: string, labels: readonly string[] = []): MetricDefinition => ({ type: 'gauge', help, labels });
const histogram = (help: string, labels: readonly string[], buckets: readonly number[]): MetricDefinition => ({
  type: 'histogram',
  help,
  labels,
  buckets,
});

/** What stands in the label `model` for a request whose model nobody has; the brackets keep it apart from every id. */
export const UNKNOWN_MODEL = '(unknown)';
/** The status of a request whose client left before any answer, as nginx counts it. */
export const CLIENT_LEFT_STATUS = 499;

/** `GET /metrics` of the router. */
export const ROUTER_METRICS = {
  llamactor_requests_total: counter(
    'Finished requests by the status that the client was told; 499 when it left before that.',
    [...PER_ROUTE, 'status'],
  ),
  llamactor_errors_total: counter('Requests that ended with an error, by its code.', ['code']),
  llamactor_cancelled_total: counter('Requests whose client left before the answer was complete.', PER_ROUTE),
  llamactor_retried_total: counter('Requests that were sent to their engine a second time.', PER_ROUTE),
  llamactor_in_flight: gauge('Requests that an engine answers now.', PER_ROUTE),
  llamactor_queue_depth: gauge('Requests that wait for their model now.', PER_ROUTE),
  llamactor_queue_wait_seconds: histogram(
    'Time that requests waited for their model, those included that did not wait.',
    PER_ROUTE,
    SECONDS,
  ),
  llamactor_time_to_first_token_seconds: histogram(
    'From the arrival of a request to the first byte of its streamed answer; whole answers have no first token.',
    PER_ROUTE,
    SECONDS,
  ),
  llamactor_request_duration_seconds: histogram(
    'From the arrival of a request to the close of its answer.',
    PER_ROUTE,
    SECONDS,
  ),
  llamactor_tokens_per_second: histogram(
    'Generation speed of a request: as its engine reported it, else as measured between the first and last byte of a stream.',
    PER_ROUTE,
    TOKENS_PER_SECOND,
  ),
  llamactor_tokens_prompt_total: counter('Prompt tokens, cached ones included.', PER_ROUTE),
  llamactor_tokens_cached_total: counter('Prompt tokens that were found in the engine’s cache.', PER_ROUTE),
  llamactor_tokens_completion_total: counter('Generated tokens.', PER_ROUTE),
  llamactor_router_uptime_seconds: gauge('Time since the router process began.'),
} as const satisfies Record<string, MetricDefinition>;

/** `GET /metrics` of the control plane. */
export const SERVER_METRICS = {
  llamactor_build_info: gauge('Always 1; the labels say what runs.', ['version', 'node', 'engine']),
  llamactor_uptime_seconds: gauge('Time since the server process began.'),
  llamactor_models: gauge('Models by state.', ['state']),
  llamactor_model_load_duration_seconds: histogram(
    'From the start of an engine to its readiness.',
    ['model'],
    [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
  ),
  llamactor_model_loads_total: counter('Loads that ended with a ready model.', ['model']),
  llamactor_model_unloads_total: counter('Loaded models that were stopped, for whatever reason.', ['model']),
  llamactor_model_evictions_total: counter('Times a model had to leave to make room for another.', ['model']),
  llamactor_model_restarts_total: counter('Automatic restarts after a failure.', ['model']),
  llamactor_model_failures_total: counter('Failures of a model, by their cause.', ['model', 'code']),
  llamactor_swaps_total: counter('Loads for which another model had to leave first.'),
  llamactor_decisions_total: counter('Decisions of the supervisor by kind.', ['kind']),
  llamactor_process_memory_bytes: gauge('Resident memory of a process: server, router or model:<id>.', ['process']),
  llamactor_gpu_memory_used_bytes: gauge('Memory of a GPU that is taken.', ['gpu', 'name']),
  llamactor_gpu_memory_total_bytes: gauge('Memory of a GPU.', ['gpu', 'name']),
  llamactor_socket_clients: gauge('Connected Socket.IO clients.'),
  llamactor_event_loop_lag_seconds: gauge(
    'Delay of the control plane’s event loop since the scrape before; measured from the first scrape on.',
    ['quantile'],
  ),
} as const satisfies Record<string, MetricDefinition>;

export type RouterMetricName = keyof typeof ROUTER_METRICS;
export type ServerMetricName = keyof typeof SERVER_METRICS;
