import { describe, expect, it } from 'vitest';
import type { FinishedRequest } from '../../src/contracts/ipc.ts';
import { ROUTER_METRICS, SERVER_METRICS, UNKNOWN_MODEL } from '../../src/contracts/metrics/definitions.ts';
import { Exposition } from '../../src/contracts/metrics/exposition.ts';
import { Histogram } from '../../src/contracts/metrics/histogram.ts';
import { RouterMetrics } from '../../src/router/metrics.ts';
import { parsePrometheus, valueOf } from '../support/prometheus-text.ts';
import { finishedRequest } from './finished-request.ts';

describe('a histogram', () => {
  it('puts a value at a bound into its bucket, and what is beyond into the last', () => {
    const histogram = new Histogram([1, 2, 5]);
    for (const value of [0, 1, 1.5, 2, 5, 6, 1e9]) histogram.observe(value);
    expect([...histogram.counts]).toEqual([2, 2, 1, 2]);
    expect(histogram.sum).toBe(1_000_000_015.5);
  });
});

describe('the text format', () => {
  const metrics = {
    some_total: { type: 'counter', help: 'With \\ and\nline end.', labels: ['name'] },
    some_seconds: { type: 'histogram', help: 'Times.', labels: ['name'], buckets: [0.1, 1] },
    some_value: { type: 'gauge', help: 'A value.', labels: [] },
  } as const;

  it('survives every character in a label, and infinities', () => {
    const nasty = 'a"b\\c\nd,e="f"} 1';
    const text = new Exposition(metrics)
      .values('some_total', [[[nasty], 1e21]])
      .values('some_value', [[[], Infinity]])
      .text();
    const families = parsePrometheus(text);
    expect(families.get('some_total')?.samples).toEqual([{ name: 'some_total', labels: { name: nasty }, value: 1e21 }]);
    expect(families.get('some_total')?.help).toBe('With \\\\ and\\nline end.');
    expect(valueOf(families, 'some_value')).toBe(Infinity);
  });

  it('writes cumulative buckets that end with the count', () => {
    const histogram = new Histogram(metrics.some_seconds.buckets);
    for (const value of [0.05, 0.5, 0.5, 9]) histogram.observe(value);
    expect(new Exposition(metrics).histograms('some_seconds', [[['x'], histogram]]).text()).toBe(
      [
        '# HELP some_seconds Times.',
        '# TYPE some_seconds histogram',
        'some_seconds_bucket{name="x",le="0.1"} 1',
        'some_seconds_bucket{name="x",le="1"} 3',
        'some_seconds_bucket{name="x",le="+Inf"} 4',
        'some_seconds_sum{name="x"} 10.05',
        'some_seconds_count{name="x"} 4',
        '',
      ].join('\n'),
    );
  });

  it('names every metric after this product, with the unit of its kind', () => {
    for (const [name, { type, help }] of Object.entries({ ...ROUTER_METRICS, ...SERVER_METRICS })) {
      expect(name).toMatch(/^llamactor_[a-z_]+$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(help).toMatch(/\.$/);
    }
    expect(Object.keys(ROUTER_METRICS).filter((name) => name in SERVER_METRICS)).toEqual([]);
  });
});

describe('what the router counts', () => {
  const record = (...changes: Partial<FinishedRequest>[]): RouterMetrics => {
    const metrics = new RouterMetrics();
    for (const change of changes) metrics.record(finishedRequest(change));
    return metrics;
  };

  it('is there in full before the first request', () => {
    expect([...parsePrometheus(record().text([])).keys()]).toEqual(Object.keys(ROUTER_METRICS));
  });

  it('by model, route and status; models nobody has share one label', () => {
    const metrics = record(
      { status: 200 },
      { status: 200, streamed: false },
      { status: 404, modelId: '', errorCode: 'model_not_found' },
      { status: 404, modelId: '', errorCode: 'model_not_found' },
      {
        status: 0,
        cancelled: true,
        promptTokens: null,
        cachedTokens: null,
        completionTokens: null,
        firstByteMs: null,
        tokensPerSecond: null,
      },
    );
    const families = parsePrometheus(metrics.text([]));
    const value = (name: string, labels: Record<string, string> = {}): number => valueOf(families, name, labels);
    expect(value('llamactor_requests_total', { model: 'alpha', status: '200' })).toBe(2);
    expect(value('llamactor_requests_total', { model: UNKNOWN_MODEL, status: '404' })).toBe(2);
    expect(value('llamactor_requests_total', { status: '499' })).toBe(1);
    expect(value('llamactor_cancelled_total')).toBe(1);
    expect(value('llamactor_errors_total', { code: 'model_not_found' })).toBe(2);
    expect(value('llamactor_request_duration_seconds_count')).toBe(5);
    // A whole answer has no first token.
    expect(value('llamactor_time_to_first_token_seconds_count', { model: 'alpha' })).toBe(1);
    expect(value('llamactor_tokens_prompt_total', { model: 'alpha' })).toBe(20);
    expect(value('llamactor_tokens_completion_total', { model: 'alpha' })).toBe(40);
    expect(value('llamactor_tokens_cached_total', { model: 'alpha' })).toBe(8);
  });

  it('shows what runs and waits now, and zero afterwards', () => {
    const metrics = record({});
    const running = [
      { modelId: 'alpha', route: '/v1/chat/completions', waits: false },
      { modelId: 'alpha', route: '/v1/chat/completions', waits: true },
      { modelId: 'beta', route: '/v1/embeddings', waits: true },
    ];
    const busy = parsePrometheus(metrics.text(running));
    expect(valueOf(busy, 'llamactor_in_flight', { model: 'alpha' })).toBe(1);
    expect(valueOf(busy, 'llamactor_queue_depth')).toBe(2);
    const idle = parsePrometheus(metrics.text([]));
    expect(valueOf(idle, 'llamactor_in_flight')).toBe(0);
    expect(idle.get('llamactor_queue_depth')?.samples).toContainEqual(
      expect.objectContaining({ labels: { model: 'beta', route: '/v1/embeddings' }, value: 0 }),
    );
  });

  it('stays bounded: removed models go, and endless codes share one label', () => {
    const metrics = record(...Array.from({ length: 300 }, (_, n) => ({ errorCode: `code_${n}` })), { modelId: 'beta' });
    metrics.forget('beta');
    const families = parsePrometheus(metrics.text([]));
    expect(families.get('llamactor_errors_total')?.samples).toHaveLength(51);
    expect(valueOf(families, 'llamactor_errors_total', { code: 'other' })).toBe(250);
    expect(valueOf(families, 'llamactor_requests_total', { model: 'beta' })).toBe(0);
  });

  it('costs microseconds at most', () => {
    const metrics = new RouterMetrics();
    const request = finishedRequest({});
    const begun = performance.now();
    for (let n = 0; n < 100_000; n += 1) metrics.record(request);
    // About 0.2 µs each on a quiet machine; the bound only guards against another order of magnitude.
    expect((performance.now() - begun) / 100_000).toBeLessThan(0.02);
  });
});
