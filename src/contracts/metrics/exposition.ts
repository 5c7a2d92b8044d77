/**
 * The Prometheus text format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
 */
import type { MetricDefinition } from './definitions.ts';
import type { Histogram } from './histogram.ts';

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Values of a metric's labels, in the order of its definition. */
export type LabelValues = readonly string[];
type Row<T> = readonly [labels: LabelValues, value: T];

/** Writes metrics one after the other; ones without a row are written too, so that a scraper knows them from the start. */
export class Exposition<N extends string> {
  readonly #definitions: Readonly<Record<N, MetricDefinition>>;
  readonly #lines: string[] = [];

  constructor(definitions: Readonly<Record<N, MetricDefinition>>) {
    this.#definitions = definitions;
  }

  /** A counter or gauge. */
  values(name: N, rows: Iterable<Row<number>>): this {
    const { labels } = this.#head(name);
    for (const [values, value] of rows) this.#lines.push(`${name}${labelled(labels, values)} ${numeral(value)}`);
    return this;
  }

  histograms(name: N, rows: Iterable<Row<Histogram>>): this {
    const { labels } = this.#head(name);
    for (const [values, { bounds, counts, sum }] of rows) {
      let count = 0;
      for (const [index, bound] of [...bounds, Infinity].entries()) {
        count += counts[index] ?? 0;
        this.#lines.push(`${name}_bucket${labelled([...labels, 'le'], [...values, numeral(bound)])} ${count}`);
      }
      this.#lines.push(`${name}_sum${labelled(labels, values)} ${numeral(sum)}`);
      this.#lines.push(`${name}_count${labelled(labels, values)} ${count}`);
    }
    return this;
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  #head(name: N): MetricDefinition {
    const definition = this.#definitions[name];
    const help = definition.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${definition.type}`);
    return definition;
  }
}

const labelled = (names: readonly string[], values: LabelValues): string =>
  names.length === 0 ? '' : `{${names.map((name, index) => `${name}="${escaped(values[index] ?? '')}"`).join(',')}}`;

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const numeral = (value: number): string => {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return String(value);
};
