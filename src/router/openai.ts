import { holderOf, mayUse, notAllowed, visibleTo } from './admission.ts';
import { openaiDialect } from './dialect.ts';
import type { Endpoint } from './endpoints.ts';
import type { Lanes } from './lanes.ts';
import { modelList, singleModel } from './model-list.ts';
import { ProxyRequest } from './proxy-request.ts';
import type { ProxyDeps } from './proxy-request.ts';
import { sendFailure, sendJson } from './replies.ts';

const READ = ['GET', 'HEAD'] as const;

/** An endpoint that an engine answers, with and without `/v1` in front; the engine always gets the OpenAI form. */
const proxied = (deps: ProxyDeps, name: string, streams: boolean): Endpoint => {
  const path = `/v1${name}`;
  const spec = { route: path, upstreamPath: path, streams, dialect: openaiDialect };
  return {
    methods: ['POST'],
    paths: [path, name],
    dialect: openaiDialect,
    handle: ({ req, res, search }) => {
      new ProxyRequest(deps, spec, req, res, search).start();
    },
  };
};

/** Reading the table is no use of a model: none of this loads or wakes anything. */
const modelEndpoints = (lanes: Lanes): Endpoint[] => [
  {
    methods: READ,
    paths: ['/v1/models', '/models'],
    dialect: openaiDialect,
    handle: ({ req, res }) => sendJson(res, 200, modelList(visibleTo(req, lanes.table.all()))),
  },
  {
    methods: READ,
    paths: ['/v1/models/*', '/models/*'],
    dialect: openaiDialect,
    handle: ({ req, res, rest }) => {
      const route = lanes.find(rest)?.route;
      const key = holderOf(req);
      if (key?.models && !(route && mayUse(key, route))) return sendFailure(res, openaiDialect, notAllowed(key));
      const item = route ? singleModel(route) : null;
      if (item) sendJson(res, 200, item);
      else sendFailure(res, openaiDialect, lanes.table.unknown(rest));
    },
  },
];

/** The OpenAI endpoints. */
export const openaiEndpoints = (deps: ProxyDeps): Endpoint[] => [
  ...modelEndpoints(deps.lanes),
  proxied(deps, '/chat/completions', true),
  proxied(deps, '/completions', true),
  proxied(deps, '/embeddings', false),
];

/** Answers as soon as the process listens; says nothing about any model. */
export const healthEndpoint: Endpoint = {
  methods: READ,
  paths: ['/health', '/v1/health'],
  dialect: openaiDialect,
  scope: null,
  handle: ({ res }) => sendJson(res, 200, { status: 'ok' }),
};
