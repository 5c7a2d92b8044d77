import { ROUTER_METRICS, SERVER_METRICS } from '../../src/contracts/metrics/definitions.ts';
import type { MetricDefinition } from '../../src/contracts/metrics/definitions.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

const rowOf = ([name, { type, help, labels, buckets }]: [string, MetricDefinition]): string => {
  const named = labels.length === 0 ? '–' : labels.map((label) => `\`${label}\``).join(', ');
  const bounds = buckets === undefined ? '' : ` Buckets: ${buckets.join(', ')}.`;
  return `| \`${name}\` | ${type} | ${named} | ${cell(help)}${bounds} |`;
};

const tableOf = (metrics: Record<string, MetricDefinition>): string =>
  ['| Name | Type | Labels | What it is |', '| --- | --- | --- | --- |', ...Object.entries(metrics).map(rowOf)].join(
    '\n',
  );

/** The page about metrics, written from their one table. */
export const generate = (): Promise<Record<string, string>> =>
  Promise.resolve({
    'docs/metrics.md': `# Metrics

<!-- Generated from src/contracts/metrics/definitions.ts; do not edit. -->

Both planes answer \`GET /metrics\` in the Prometheus text format, version 0.0.4. Counters begin at 0 with their process;
a series goes when its model is removed. Labels hold ids, routes, codes and words of the server, never prompts, paths or keys;
requests for models that nobody has share the model \`(unknown)\`.

\`\`\`yaml
scrape_configs:
  - job_name: llamactor
    static_configs:
      - targets: ['127.0.0.1:8080', '127.0.0.1:3000']
\`\`\`

## The router (port 8080)

${tableOf(ROUTER_METRICS)}

## The control plane (port 3000)

${tableOf(SERVER_METRICS)}

## History

What is over is also kept one by one: \`llamactor activity\` and \`llamactor stats\` read the newest 10 000 requests, which lie as
JSON lines in \`activity/\` of the data folder. They are written in batches: a crash may lose the last second. Beside them lies the
models’ timeline (\`llamactor timeline\`), seven days at most. Bodies are kept only while \`captureBodies\` is on, the newest 100
requests or 10 MiB of them, in memory alone, with keys hidden.
`,
  });
