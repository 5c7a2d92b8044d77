import { openaiDialect } from '../dialect.ts';
import type { Call, Endpoint } from '../endpoints.ts';
import { invalid } from '../failures.ts';
import { forwardTo } from '../forward.ts';
import type { Lane } from '../lane.ts';
import type { Lanes } from '../lanes.ts';
import type { ProxyDeps } from '../proxy-request.ts';
import { sendFailure } from '../replies.ts';

const PREFIX = '/upstream/';

interface Target {
  lane: Lane;
  /** The rest of the path, undecoded; empty when not even a slash follows the model. */
  path: string;
}

/** Ids may contain slashes: the shortest beginning that names a model is the model. */
const targetOf = (rest: string, lanes: Lanes): Target | null => {
  for (let end = rest.indexOf('/'); ; end = rest.indexOf('/', end + 1)) {
    const name = end === -1 ? rest : rest.slice(0, end);
    const lane = lanes.find(decodeURIComponent(name));
    if (lane) return { lane, path: rest.slice(name.length) };
    if (end === -1) return null;
  }
};

const forward = (deps: ProxyDeps, call: Call): void => {
  const { req, res, search } = call;
  const url = req.url ?? '';
  const rest = url.slice(PREFIX.length, url.length - search.length);
  const target = targetOf(rest, deps.lanes);
  if (!target) return sendFailure(res, openaiDialect, deps.lanes.table.unknown(call.rest));
  if (target.path === '') {
    // The engine's pages name their files relative to a folder.
    res.writeHead(307, { location: `${PREFIX}${rest}/${search}` }).end();
    return;
  }
  forwardTo(deps, target.lane, call, { route: '/upstream', upstreamPath: target.path, raw: true });
};

export const upstreamEndpoints = (deps: ProxyDeps): Endpoint[] => [
  {
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    paths: ['/upstream/*'],
    dialect: openaiDialect,
    about: 'Anything of that model’s `llama-server`, its web page included; loads the model',
    handle: (call) => forward(deps, call),
  },
  {
    methods: ['GET', 'HEAD'],
    paths: ['/upstream'],
    dialect: openaiDialect,
    about: 'Says how to use it',
    handle: ({ res }) =>
      sendFailure(res, openaiDialect, invalid(`Name a model: /upstream/MODEL/. ${deps.lanes.table.listed()}.`)),
  },
];
