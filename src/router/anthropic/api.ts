import type { Api, Endpoint } from '../endpoints.ts';
import { ProxyRequest } from '../proxy-request.ts';
import type { ProxyDeps, ProxySpec } from '../proxy-request.ts';
import { RefusalSink, unsupported } from '../refusal-sink.ts';
import { anthropicDialect } from './dialect.ts';

/** The engine speaks this API itself; only its errors come in its own shape. */
const messages = (deps: ProxyDeps, path: string, streams: boolean, about: string): Endpoint => {
  const spec: ProxySpec = {
    route: path,
    upstreamPath: path,
    streams,
    dialect: anthropicDialect,
    exchange: {
      sink: (answer, { route }) =>
        new RefusalSink(answer, {
          translates: (status) => status >= 400,
          reword: (cause) => unsupported(cause, route.id, `POST ${path}`),
        }),
    },
  };
  return {
    methods: ['POST'],
    paths: [path],
    dialect: anthropicDialect,
    about,
    handle: ({ req, res, search }) => {
      new ProxyRequest(deps, spec, req, res, search).start();
    },
  };
};

export const anthropicApi = (deps: ProxyDeps): Api => ({
  name: 'Anthropic',
  intro:
    'The base address is `http://127.0.0.1:8080`, without `/v1`. `x-api-key` and `anthropic-version` are taken; the models are those of `GET /v1/models`.',
  dialect: anthropicDialect,
  prefixes: ['/v1/messages'],
  endpoints: [
    messages(deps, '/v1/messages', true, 'A message, whole or streamed'),
    messages(deps, '/v1/messages/count_tokens', false, 'The number of tokens of a message'),
  ],
});
