/** The spans of a model's timeline as bars that can be seen and pointed at. Pure. */
import type { TimelineSpanView } from '../../../src/contracts/activity.ts';
import type { LifecycleState } from '../../../src/contracts/views.ts';
import { bytes } from '../../format/numbers.ts';
import { brief, clockTime } from '../../format/time.ts';

export interface Bar {
  /** The same for the same bar after the window has moved. */
  key: string;
  state: LifecycleState;
  /** Epoch ms, within the window. */
  from: number;
  to: number;
  /** What it stands for: one span, or several that are too short to be seen apart, oldest first. */
  spans: readonly TimelineSpanView[];
}

/** Of several states in one bar the one that must not be missed. */
const WEIGHT: Readonly<Record<LifecycleState, number>> = { unloaded: 0, stopping: 1, loading: 2, loaded: 3, error: 4 };

/** The finest that can be told apart and pointed at, as a share of the window. */
const LEAST_SHARE = 1 / 360;

/**
 * The bars of `spans` (in order) between `since` and `until`. Being unloaded is no bar. A span that was still going on at
 * `asOf`, when the server was asked, goes on until `until`.
 */
export const barsOf = (spans: readonly TimelineSpanView[], since: number, until: number, asOf: number): Bar[] => {
  const least = (until - since) * LEAST_SHARE;
  const bars: Bar[] = [];
  for (const span of spans) {
    const from = Math.max(span.from, since);
    const to = Math.min(span.to >= asOf ? until : span.to, until);
    if (span.state === 'unloaded' || to <= since || from >= until) continue;
    const last = bars.at(-1);
    const short = to - from < least;
    const lastIsShort = last !== undefined && (last.to - last.from < least || last.spans.length > 1);
    if (last !== undefined && short && lastIsShort && from - last.to < least) {
      bars[bars.length - 1] = {
        ...last,
        to,
        state: WEIGHT[span.state] > WEIGHT[last.state] ? span.state : last.state,
        spans: [...last.spans, span],
      };
    } else bars.push({ key: String(span.from), state: span.state, from, to, spans: [span] });
  }
  return bars;
};

export interface LaneSum {
  /** Ms in which it was loaded. */
  loaded: number;
  loads: number;
  failures: number;
}

export const sumOf = (spans: readonly TimelineSpanView[], since: number, until: number, asOf: number): LaneSum => {
  const sum: LaneSum = { loaded: 0, loads: 0, failures: 0 };
  for (const span of spans) {
    const from = Math.max(span.from, since);
    const to = Math.min(span.to >= asOf ? until : span.to, until);
    if (to <= since || from >= until) continue;
    if (span.state === 'loaded') sum.loaded += to - from;
    if (span.state === 'loading') sum.loads += 1;
    if (span.state === 'error') sum.failures += 1;
  }
  return sum;
};

const MINUTE = 60_000;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360].map((minutes) => minutes * MINUTE);
const MOST_TICKS = 7;

/** So near to an end of the window, as a share of it, a time of the day has no room. */
const EDGE = 0.02;

/** Round times of the day within the window, at most seven, epoch ms. `offset` is the zone's, in minutes as `getTimezoneOffset` counts. */
export const ticksOf = (since: number, until: number, offset: number): number[] => {
  const step = STEPS.find((one) => (until - since) / one <= MOST_TICKS) ?? 360 * MINUTE;
  const shift = offset * MINUTE;
  const first = Math.ceil((since - shift) / step) * step + shift;
  const ticks: number[] = [];
  for (let at = first; at <= until; at += step) ticks.push(at);
  const edge = (until - since) * EDGE;
  return ticks.filter((at) => at - since >= edge && until - at >= edge);
};

export const STATE_WORDS: Readonly<Record<LifecycleState, string>> = {
  unloaded: 'Unloaded',
  loading: 'Loading',
  loaded: 'Loaded',
  stopping: 'Stopping',
  error: 'Failed',
};

const WHO: Readonly<Record<string, string>> = {
  socket: 'asked for in the dashboard, or over a socket',
  http: 'asked for over HTTP',
  router: 'because a request came',
  server: 'by the server itself',
};

/** What a bar says when it is pointed at, one fact per line. */
export const barText = ({ spans, from, to }: Bar): string => {
  const when = `${clockTime(from)} – ${clockTime(to)}, ${brief(to - from)}`;
  const [span] = spans;
  if (spans.length > 1 || span === undefined) {
    const counts = new Map<LifecycleState, number>();
    for (const { state } of spans) counts.set(state, (counts.get(state) ?? 0) + 1);
    const words = [...counts].map(([state, count]) => `${STATE_WORDS[state].toLowerCase()} ${String(count)}×`);
    return `Several changes: ${words.join(', ')}\n${when}`;
  }
  return [
    STATE_WORDS[span.state],
    when,
    span.memory === undefined ? null : `${bytes(span.memory)} of memory`,
    span.by === undefined ? null : (WHO[span.by] ?? `by ${span.by}`),
    span.reason ?? null,
  ]
    .filter((line) => line !== null)
    .join('\n');
};
