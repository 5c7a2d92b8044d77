import { holderOf, visibleTo } from '../admission.ts';
import type { ApiDeps } from '../api-deps.ts';
import { openaiDialect } from '../dialect.ts';
import type { Api, Call, Endpoint, Method } from '../endpoints.ts';
import { invalid } from '../failures.ts';
import { forwardTo } from '../forward.ts';
import type { Lane } from '../lane.ts';
import { Refused, failureOf, laneOf, readObject, replyLater } from '../later.ts';
import { forwarded } from '../proxied.ts';
import { RefusalSink, unsupportedRules } from '../refusal-sink.ts';
import { sendFailure, sendJson } from '../replies.ts';
import { STEER_MS, beginLoad, beginUnload, isRunning } from '../steering.ts';
import { ModelEvents } from './events.ts';
import { modelItems } from './items.ts';

const READ = ['GET', 'HEAD'] as const;
const YES = new Set(['1', 'true', 'on', 'yes']);

const query = ({ search }: Call, name: string): string | null => new URLSearchParams(search).get(name);

const later = (
  deps: ApiDeps,
  endpoint: Pick<Endpoint, 'methods' | 'paths' | 'about' | 'scope'>,
  work: (call: Call) => Promise<unknown>,
): Endpoint => ({
  ...endpoint,
  dialect: openaiDialect,
  handle: (call) => replyLater(call.res, openaiDialect, deps, () => work(call)),
});

/** The model of `?model=`; the failure is told and null returned when there is none of that name. */
const laneAsked = (deps: ApiDeps, call: Call): Lane | null => {
  try {
    return laneOf(deps.proxy.lanes, query(call, 'model'), '"?model="');
  } catch (error) {
    sendFailure(call.res, openaiDialect, failureOf(error) ?? invalid('Name a model with ?model=.'));
    return null;
  }
};

/** Handed on to the model of `?model=`. */
const asked = (deps: ApiDeps, methods: readonly Method[], path: string, about: string): Endpoint => ({
  methods,
  paths: [path],
  dialect: openaiDialect,
  about,
  handle: (call) => {
    const lane = laneAsked(deps, call);
    if (!lane) return;
    const shown = path.replace('/*', '');
    const what = `${call.req.method ?? ''} ${shown}`;
    forwardTo(deps.proxy, lane, call, {
      route: shown,
      upstreamPath: call.rest === '' ? shown : `${shown}/${encodeURIComponent(call.rest)}`,
      exchange: { sink: (answer, { route }) => new RefusalSink(answer, unsupportedRules(route.id, what)) },
    });
  },
});

const listing = (deps: ApiDeps): Endpoint =>
  later(
    deps,
    {
      methods: READ,
      paths: ['/models'],
      about: 'The models as llama.cpp’s router lists them; `?reload=1` rescans first',
    },
    async (call) => {
      if (YES.has(query(call, 'reload') ?? ''))
        await deps.control.call('models:scan', {}, STEER_MS * 4, holderOf(call.req));
      sendJson(call.res, 200, modelItems(visibleTo(call.req, deps.proxy.lanes.table.all())));
    },
  );

const loading = (deps: ApiDeps): Endpoint[] => [
  later(
    deps,
    {
      methods: ['POST'],
      paths: ['/models/load'],
      about: 'Begins to load `{model}`; answers at once',
      scope: 'operate',
    },
    async ({ req, res }) => {
      const lane = laneOf(deps.proxy.lanes, (await readObject(req))['model']);
      if (isRunning(lane)) throw new Refused(invalid(`${lane.route.id} is already running.`));
      beginLoad(deps, lane, holderOf(req));
      sendJson(res, 200, { success: true });
    },
  ),
  later(
    deps,
    {
      methods: ['POST'],
      paths: ['/models/unload'],
      about: 'Begins to unload `{model}`; answers at once',
      scope: 'operate',
    },
    async ({ req, res }) => {
      const lane = laneOf(deps.proxy.lanes, (await readObject(req))['model']);
      if (!isRunning(lane)) throw new Refused(invalid(`${lane.route.id} is not running.`));
      beginUnload(deps, lane, holderOf(req));
      sendJson(res, 200, { success: true });
    },
  ),
];

const adding = (deps: ApiDeps, events: ModelEvents): Endpoint[] => [
  later(
    deps,
    {
      methods: ['POST'],
      paths: ['/models'],
      about: 'Begins to download `{model}`; `GET /models/sse` tells the progress',
      scope: 'operate',
    },
    async ({ req, res }) => {
      const source = (await readObject(req))['model'];
      if (typeof source !== 'string' || source === '')
        throw new Refused(invalid('"model" must say what to download, for example "OWNER/REPOSITORY:Q4_K_M".'));
      try {
        await deps.downloads.follow(
          source,
          holderOf(req),
          ({ receivedBytes, totalBytes }) => {
            if (!res.headersSent) sendJson(res, 200, { success: true });
            events.emit(source, 'download_progress', { done: receivedBytes, total: totalBytes });
          },
          new AbortController().signal,
        );
        events.emit(source, 'download_finished');
      } catch (error) {
        events.emit(source, 'download_failed', { message: error instanceof Error ? error.message : String(error) });
        if (!res.headersSent) throw error;
      }
    },
  ),
  later(
    deps,
    {
      methods: ['DELETE'],
      paths: ['/models'],
      about: 'Removes the record of `?model=`; its file stays',
      scope: 'operate',
    },
    async (call) => {
      const { id } = laneOf(deps.proxy.lanes, query(call, 'model'), '"?model="').route;
      await deps.control.call('models:delete', { modelId: id }, STEER_MS, holderOf(call.req));
      sendJson(call.res, 200, { success: true });
    },
  ),
];

/** Without a model these are the router's own. */
const properties = (deps: ApiDeps): Endpoint[] => [
  {
    methods: READ,
    paths: ['/props'],
    dialect: openaiDialect,
    about: 'The router’s properties; with `?model=` that model’s, which loads it unless `autoload=0`',
    handle: (call) => {
      if (query(call, 'model') !== null) {
        const lane = laneAsked(deps, call);
        if (lane) forwardTo(deps.proxy, lane, call, { route: '/props', upstreamPath: '/props' });
        return;
      }
      replyLater(call.res, openaiDialect, deps, async () => {
        const [{ config }, { info }] = await Promise.all([
          deps.control.call('config:get', {}, STEER_MS, holderOf(call.req)),
          deps.control.call('system:info', {}, STEER_MS, holderOf(call.req)),
        ]);
        sendJson(call.res, 200, {
          role: 'router',
          max_instances: config.modelsMax,
          models_autoload: true,
          model_alias: 'llamactor',
          model_path: 'none',
          default_generation_settings: { params: null, n_ctx: 0 },
          build_info: `llamactor ${info.version}`,
        });
      });
    },
  },
  {
    methods: READ,
    paths: ['/metrics'],
    dialect: openaiDialect,
    about: 'The router’s own metrics ([metrics.md](metrics.md)); with `?model=` those of that model’s engine',
    handle: (call) => {
      if (query(call, 'model') === null) return deps.plainMetrics(call);
      const lane = laneAsked(deps, call);
      if (lane) forwardTo(deps.proxy, lane, call, { route: '/metrics', upstreamPath: '/metrics' });
    },
  },
];

export const llamacppApi = (deps: ApiDeps): Api => {
  const { proxy } = deps;
  const events = new ModelEvents(proxy.lanes);
  const native = (path: string, about: string, streams = false): Endpoint =>
    forwarded(proxy, { paths: [path], about, streams, optional: true, dialect: openaiDialect });
  return {
    name: 'llama.cpp',
    intro:
      'What llama.cpp’s own server and its router mode have besides. `/props`, `/slots`, `/metrics` and `/lora-adapters` take the model from `?model=`; asking does not count as use.',
    dialect: openaiDialect,
    prefixes: ['/models', '/slots', '/lora-adapters'],
    endpoints: [
      listing(deps),
      ...loading(deps),
      {
        methods: READ,
        paths: ['/models/sse'],
        dialect: openaiDialect,
        about: 'What happens to the models, as events',
        handle: ({ req, res }) => events.listen(req, res),
      },
      ...adding(deps, events),
      ...properties(deps),
      asked(deps, READ, '/slots', 'The slots of `?model=`'),
      asked(deps, ['POST'], '/slots/*', 'Saves, restores or erases a slot of `?model=`'),
      asked(deps, ['GET', 'HEAD', 'POST'], '/lora-adapters', 'The adapters of `?model=`, and their scales'),
      native('/completion', 'A text goes on, in llama.cpp’s own form', true),
      native('/infill', 'Fills a gap in a text', true),
      native('/embedding', 'Vectors, in llama.cpp’s own form'),
      native('/tokenize', 'The tokens of a text'),
      native('/detokenize', 'The text of tokens'),
      native('/apply-template', 'The prompt that a chat becomes'),
    ],
  };
};
