import { holderOf, mayUse, notAllowed, visibleTo } from './admission.ts';
import { anthropicDialect, isAnthropic } from './anthropic/dialect.ts';
import { openaiDialect } from './dialect.ts';
import type { Api, Endpoint } from './endpoints.ts';
import type { Lanes } from './lanes.ts';
import { modelList, singleModel } from './model-list.ts';
import { forwarded } from './proxied.ts';
import type { Forwarded } from './proxied.ts';
import type { ProxyDeps } from './proxy-request.ts';
import { sendFailure, sendJson } from './replies.ts';

const READ = ['GET', 'HEAD'] as const;

/** Reading the table is no use of a model: none of this loads or wakes anything. */
const modelEndpoints = (lanes: Lanes): Endpoint[] => [
  {
    methods: READ,
    paths: ['/v1/models'],
    dialect: openaiDialect,
    about: 'The models, with their state; with the fields of Anthropic’s list, too',
    handle: ({ req, res }) => sendJson(res, 200, modelList(visibleTo(req, lanes.table.all()))),
  },
  {
    methods: READ,
    paths: ['/v1/models/*', '/models/*'],
    dialect: openaiDialect,
    about: 'One model, by id, file name or alias',
    handle: ({ req, res, rest }) => {
      const route = lanes.find(rest)?.route;
      const key = holderOf(req);
      if (key?.models && !(route && mayUse(key, route))) return sendFailure(res, openaiDialect, notAllowed(key));
      const item = route ? singleModel(route) : null;
      if (item) sendJson(res, 200, item);
      else sendFailure(res, isAnthropic(req) ? anthropicDialect : openaiDialect, lanes.table.unknown(rest));
    },
  },
];

type Listed = Omit<Forwarded, 'dialect'>;

/** Engines always get the form with `/v1`. */
const both = (name: string): [string, string] => [`/v1${name}`, name];

const INFERENCE: readonly Listed[] = [
  { paths: both('/chat/completions'), streams: true, about: 'A chat, whole or streamed' },
  { paths: both('/completions'), streams: true, about: 'A text goes on, whole or streamed' },
  { paths: both('/responses'), streams: true, optional: true, about: 'A response, whole or streamed' },
  { paths: both('/embeddings'), about: 'Vectors for texts; the model needs `embeddings = true`' },
  {
    paths: ['/v1/rerank', '/rerank', '/v1/reranking', '/reranking'],
    optional: true,
    about: 'Orders documents by a query; the model needs `reranking = true`',
  },
  {
    paths: both('/audio/transcriptions'),
    streams: true,
    optional: true,
    form: true,
    about: 'Speech to text, as a multipart form; the model needs a projector that hears',
  },
  {
    paths: both('/audio/translations'),
    streams: true,
    optional: true,
    form: true,
    about: 'Speech to English text, as a multipart form, where the engine has it',
  },
  { paths: both('/audio/speech'), streams: true, optional: true, about: 'Text to speech, where the engine has it' },
  { paths: both('/images/generations'), optional: true, about: 'Images from a text, where the engine has it' },
  {
    paths: both('/images/edits'),
    optional: true,
    form: true,
    about: 'Images from images, as a multipart form, where the engine has it',
  },
];

export const openaiApi = (deps: ProxyDeps): Api => ({
  name: 'OpenAI',
  intro:
    'The base address is `http://127.0.0.1:8080/v1`; every path also works without `/v1`. What a model’s `llama-server` cannot do is refused with status 501 and the code `not_supported`.',
  dialect: openaiDialect,
  prefixes: ['/v1/'],
  endpoints: [
    ...modelEndpoints(deps.lanes),
    ...INFERENCE.map((listed) => forwarded(deps, { ...listed, dialect: openaiDialect })),
    healthEndpoint,
  ],
});

/** Answers as soon as the process listens; says nothing about any model. */
const healthEndpoint: Endpoint = {
  methods: READ,
  paths: ['/health', '/v1/health'],
  dialect: openaiDialect,
  scope: null,
  about: 'Whether the router runs; says nothing about any model',
  handle: ({ res }) => sendJson(res, 200, { status: 'ok' }),
};
