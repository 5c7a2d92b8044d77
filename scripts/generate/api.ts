import { apis } from '../../src/router/apis.ts';
import { Roster } from '../../src/router/roster.ts';
import type { Api, Endpoint } from '../../src/router/endpoints.ts';

/** Describing the endpoints calls none of their parts. */
const nothing = (): never => {
  throw new Error('a description of the endpoints must not use what they are made of');
};

const listed = (): Api[] =>
  apis({
    proxy: {
      lanes: { watch: () => nothing } as never,
      reporter: {} as never,
      limits: {} as never,
      held: { bytes: 0 },
      running: new Roster(),
      flow: {} as never,
      quotas: {} as never,
      capture: nothing,
      over: nothing,
    },
    control: {} as never,
    downloads: { follow: nothing },
    logs: {} as never,
    send: nothing,
    log: nothing,
    plainMetrics: nothing,
  });

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

/** HEAD goes with GET everywhere and says nothing. */
const methodsOf = ({ methods }: Endpoint): string =>
  methods.filter((method) => method !== 'HEAD' || !methods.includes('GET')).join(', ');

const row = (endpoint: Endpoint): string => {
  const paths = endpoint.paths.map((path) => `\`${path.replace('/*', '/…')}\``).join(', ');
  return `| ${methodsOf(endpoint)} | ${paths} | ${cell(endpoint.about)} |`;
};

const section = ({ name, intro, endpoints }: Api): string =>
  [`## ${name}`, '', intro, '', '| Method | Path | What it does |', '| --- | --- | --- |', ...endpoints.map(row)].join(
    '\n',
  );

/** The page about the inference port, written from its table of endpoints. */
export const generate = (): Promise<Record<string, string>> =>
  Promise.resolve({
    'docs/api.md': `# The inference port

<!-- Generated from src/router/apis.ts; do not edit. -->

One port (\`--router-port\`, 8080) speaks the APIs of several programs. A model may be called by its id, its file name with or
without \`.gguf\`, or an alias, in any case; it comes from the body’s \`model\`, a form’s field \`model\`, \`?model=\` or the path, and
where none of them names one, from the only model that is loaded. A model that is not loaded is loaded, and the request waits
for it: \`X-Llamactor-Queue-Position\` says at which place, and a streaming client is told every few seconds that it still waits.
Errors come in the shape of the API that was called, with a sentence that says what to do; an unknown model is refused
with the nearest names. Requests that a client leaves are ended in the engine, too.

What is listed as \`/v1/…\` also answers at the dashboard’s port.

${listed().map(section).join('\n\n')}
`,
  });
