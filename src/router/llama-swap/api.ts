import type { Route } from '../../contracts/ipc.ts';
import { holderOf, visibleTo } from '../admission.ts';
import type { ApiDeps } from '../api-deps.ts';
import { openaiDialect } from '../dialect.ts';
import type { Api, Call, Endpoint } from '../endpoints.ts';
import { laneOf, replyLater } from '../later.ts';
import type { Fields } from '../later.ts';
import { argsOf } from '../llamacpp/items.ts';
import { sendJson } from '../replies.ts';
import { isRunning, unloadAll } from '../steering.ts';
import { sendLog, streamLog } from './logs.ts';
import type { LogFilter } from './logs.ts';
import { upstreamEndpoints } from './upstream.ts';

const READ = ['GET', 'HEAD'] as const;

/** llama-swap's words; a model in none of these states has no process. */
const STATES: Partial<Record<Route['state'], string>> = { loading: 'starting', loaded: 'ready', stopping: 'stopping' };

const runningItem = (route: Route): Fields[] => {
  const state = STATES[route.state];
  if (state === undefined) return [];
  const { id, metadata } = route;
  const proxy = `/upstream/${encodeURIComponent(id)}/`;
  return [
    { model: id, state, cmd: argsOf(route).join(' '), proxy, ttl: 0, name: metadata?.name ?? id, description: '' },
  ];
};

const later = (
  deps: ApiDeps,
  endpoint: Pick<Endpoint, 'methods' | 'paths' | 'about' | 'scope'>,
  work: (call: Call) => Promise<void>,
): Endpoint => ({
  ...endpoint,
  dialect: openaiDialect,
  handle: (call) => replyLater(call.res, openaiDialect, deps, () => work(call)),
});

const unloading = (deps: ApiDeps): Endpoint[] => {
  const { lanes } = deps.proxy;
  const all = ({ req }: Call): Promise<void> => unloadAll(deps, lanes.all().filter(isRunning), holderOf(req));
  const sayOk = ({ res }: Call): void => {
    res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end('OK');
  };
  return [
    later(
      deps,
      {
        methods: ['GET', 'POST'],
        paths: ['/unload'],
        about: 'Unloads every model; answers when they have left',
        scope: 'operate',
      },
      async (call) => {
        await all(call);
        sayOk(call);
      },
    ),
    later(
      deps,
      { methods: ['POST'], paths: ['/api/models/unload'], about: 'The same, answered in JSON', scope: 'operate' },
      async (call) => {
        await all(call);
        sendJson(call.res, 200, { msg: 'ok' });
      },
    ),
    later(
      deps,
      {
        methods: ['POST'],
        paths: ['/api/models/unload/*'],
        about: 'Unloads one model; answers when it has left',
        scope: 'operate',
      },
      async (call) => {
        await unloadAll(deps, [laneOf(lanes, call.rest, 'The path')], holderOf(call.req));
        sayOk(call);
      },
    ),
  ];
};

const EVERYTHING: LogFilter = () => true;
const isModel: LogFilter = (source) => source.startsWith('model:');

/** What a path below `/logs/stream` leaves out. Throws for a model that nobody knows. */
const filterOf = ({ lanes }: ApiDeps['proxy'], rest: string): LogFilter => {
  if (rest === '') return EVERYTHING;
  if (rest === 'proxy') return (source) => !isModel(source);
  if (rest === 'upstream') return isModel;
  const wanted = `model:${laneOf(lanes, rest, 'The path').route.id}`;
  return (source) => source === wanted;
};

const logging = (deps: ApiDeps): Endpoint[] => [
  later(
    deps,
    { methods: READ, paths: ['/logs'], about: 'The last lines of the log, as text', scope: 'observe' },
    ({ req, res }) => sendLog(deps, holderOf(req), res, EVERYTHING),
  ),
  later(
    deps,
    {
      methods: ['GET'],
      paths: ['/logs/stream', '/logs/stream/*'],
      about: 'The log as it is written; below it `proxy`, `upstream` or a model; `?no-history` leaves out what was',
      scope: 'observe',
    },
    async ({ req, res, rest, search }) =>
      streamLog(deps, holderOf(req), res, filterOf(deps.proxy, rest), !new URLSearchParams(search).has('no-history')),
  ),
];

export const llamaSwapApi = (deps: ApiDeps): Api => ({
  name: 'llama-swap',
  intro: 'Scripts and tools that were made for llama-swap find what they use.',
  dialect: openaiDialect,
  prefixes: ['/upstream', '/logs', '/api/models/'],
  endpoints: [
    {
      methods: READ,
      paths: ['/running'],
      dialect: openaiDialect,
      about: 'The models that have a process, and how it was started',
      handle: ({ req, res }) =>
        sendJson(res, 200, { running: visibleTo(req, deps.proxy.lanes.table.all()).flatMap(runningItem) }),
    },
    ...unloading(deps),
    ...upstreamEndpoints(deps.proxy),
    ...logging(deps),
  ],
});
