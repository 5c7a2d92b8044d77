import { holderOf, visibleTo } from '../admission.ts';
import type { Api, Call, Endpoint } from '../endpoints.ts';
import type { ApiDeps } from '../api-deps.ts';
import { failure, invalid } from '../failures.ts';
import { Refused, laneOf, readObject, replyLater } from '../later.ts';
import type { Fields } from '../later.ts';
import { ProxyRequest } from '../proxy-request.ts';
import { sendFailure, sendJson } from '../replies.ts';
import { STEER_MS } from '../steering.ts';
import { lineDialect, ollamaDialect } from './dialect.ts';
import { OllamaExchange } from './exchange.ts';
import { running, shown, tags } from './models.ts';
import { pull } from './pull.ts';
import type { Kind } from './requests.ts';
import { emptyPiece } from './shapes.ts';

/** The version of Ollama whose API this follows. Clients compare it before they use what came with it. */
const OLLAMA_VERSION = '0.13.0';

const READ = ['GET', 'HEAD'] as const;

const inference = (deps: ApiDeps, kind: Kind, about: string): Endpoint => {
  const path = `/api/${kind}`;
  return {
    methods: ['POST'],
    paths: [path],
    dialect: ollamaDialect,
    about,
    handle: ({ req, res }) => {
      const exchange = new OllamaExchange(deps, kind, res, holderOf(req));
      const dialect = lineDialect(() => ({ ...emptyPiece(kind, exchange.model), done: false }));
      const spec = { route: path, upstreamPath: path, streams: true, dialect, exchange };
      new ProxyRequest(deps.proxy, spec, req, res, '').start();
    },
  };
};

/** The name of a model; older clients call the field `name`. */
const nameIn = (body: Fields): unknown => body['model'] ?? body['name'];

const steering = (
  deps: ApiDeps,
  endpoint: Pick<Endpoint, 'methods' | 'paths' | 'about' | 'scope'>,
  work: (body: Fields, call: Call) => Promise<unknown>,
): Endpoint => ({
  ...endpoint,
  dialect: ollamaDialect,
  handle: (call) =>
    replyLater(call.res, ollamaDialect, deps, async () => {
      await work(await readObject(call.req), call);
    }),
});

const reading = (path: string, about: string, value: (call: Call) => Fields): Endpoint => ({
  methods: READ,
  paths: [path],
  dialect: ollamaDialect,
  about,
  handle: (call) => sendJson(call.res, 200, value(call)),
});

/** What Ollama's own programs look for before anything else; a person's browser is better served with the list of what there is. */
const heartbeat: Endpoint = {
  methods: READ,
  paths: ['/'],
  dialect: ollamaDialect,
  about: '"Ollama is running", for HEAD and for clients that call themselves ollama',
  handle: ({ req, res }) => {
    if (req.method === 'HEAD' || /ollama/i.test(req.headers['user-agent'] ?? '')) {
      res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end('Ollama is running');
      return;
    }
    const message = 'This is the inference port of Llamactor: GET /v1/models lists its models, docs/api.md its APIs.';
    sendFailure(res, ollamaDialect, failure('NOT_FOUND', message));
  },
};

export const ollamaApi = (deps: ApiDeps): Api => {
  const { lanes } = deps.proxy;
  return {
    name: 'Ollama',
    intro: [
      'The base address is `http://127.0.0.1:8080` (set `OLLAMA_HOST` to it). Names are the ids of `GET /v1/models`; a tag `:latest` may follow.',
      '`num_ctx`, `num_gpu` and other options that say how a model is loaded are not taken from requests: set them for the model. Those that were left out are named in the header `x-llamactor-ignored-options`.',
      '`keep_alive` is taken; 0 without a prompt unloads as soon as the model is idle, no prompt alone loads. While a streaming client waits for its model it gets lines without text.',
      '`DELETE /api/delete` removes the model’s record and leaves its file, which a rescan brings back. A pull goes on when its client leaves.',
    ].join('\n\n'),
    dialect: ollamaDialect,
    prefixes: ['/api/'],
    endpoints: [
      inference(
        deps,
        'chat',
        'A chat, streamed as lines of JSON unless `stream` is false; tools, images, `format`, `think`',
      ),
      inference(deps, 'generate', 'An answer to a prompt; `raw` leaves the template out, `suffix` fills a gap'),
      inference(deps, 'embed', 'Vectors for a text or several'),
      inference(deps, 'embeddings', 'The vector of one text, in the older form'),
      reading('/api/tags', 'The models', ({ req }) => tags(visibleTo(req, lanes.table.all()))),
      reading('/api/ps', 'The models in memory', ({ req }) => running(visibleTo(req, lanes.table.all()))),
      reading('/api/version', 'The version of Ollama whose API this follows', () => ({ version: OLLAMA_VERSION })),
      steering(
        deps,
        { methods: ['POST'], paths: ['/api/show'], about: 'What is known about a model' },
        (body, { res }) => {
          sendJson(res, 200, shown(laneOf(lanes, nameIn(body)).route));
          return Promise.resolve();
        },
      ),
      steering(
        deps,
        {
          methods: ['POST'],
          paths: ['/api/pull'],
          about: 'Downloads a model, telling the progress as lines of JSON',
          scope: 'operate',
        },
        (body, { req, res }) => {
          const source = nameIn(body);
          if (typeof source !== 'string' || source === '')
            throw new Refused(
              invalid('"model" must say what to download, for example "hf.co/OWNER/REPOSITORY:Q4_K_M".'),
            );
          return pull(res, source, holderOf(req), body['stream'] !== false, deps.downloads, deps);
        },
      ),
      steering(
        deps,
        {
          methods: ['DELETE'],
          paths: ['/api/delete'],
          about: 'Removes a model’s record; its file stays',
          scope: 'operate',
        },
        async (body, { req, res }) => {
          const { id } = laneOf(lanes, nameIn(body)).route;
          await deps.control.call('models:delete', { modelId: id }, STEER_MS, holderOf(req));
          res.writeHead(200).end();
        },
      ),
      heartbeat,
    ],
  };
};
