import type { IncomingMessage } from 'node:http';
import type { Dialect } from './dialect.ts';
import type { Endpoint } from './endpoints.ts';
import { invalid } from './failures.ts';
import { FormScan, boundaryOf } from './form-scan.ts';
import { JsonScan } from './json-scan.ts';
import { ProxyRequest } from './proxy-request.ts';
import type { ProxyDeps, ProxySpec } from './proxy-request.ts';
import { RefusalSink, unsupportedRules } from './refusal-sink.ts';
import { sendFailure } from './replies.ts';

export interface Forwarded {
  paths: readonly [string, ...string[]];
  about: string;
  dialect: Dialect;
  /** The engine's path; the first of `paths` unless said. */
  upstreamPath?: string;
  /** Whether its answer can be an event stream. */
  streams?: boolean;
  /** Not every engine serves it, so that its refusal is put in clearer words. */
  optional?: boolean;
  /** The body may be a multipart form. */
  form?: boolean;
}

/** An endpoint that an engine answers as it is; the model comes from the body, or from `?model=`. */
export const forwarded = (deps: ProxyDeps, endpoint: Forwarded): Endpoint => {
  const { paths, about, dialect, upstreamPath = paths[0], streams = false, optional = false, form = false } = endpoint;
  const spec: ProxySpec = {
    route: paths[0],
    upstreamPath,
    streams,
    dialect,
    ...(optional && {
      exchange: {
        sink: (answer, { route }) => new RefusalSink(answer, unsupportedRules(route.id, `POST ${paths[0]}`)),
      },
    }),
  };
  return {
    methods: ['POST'],
    paths,
    dialect,
    about,
    handle: ({ req, res, search }) => {
      const scan = form ? formScan(req) : undefined;
      if (scan === null)
        return sendFailure(
          res,
          dialect,
          invalid('The form has no usable boundary in its Content-Type: send it again.'),
        );
      new ProxyRequest(deps, scan === undefined ? spec : { ...spec, scan }, req, res, search).start();
    },
  };
};

/** Null for a form that cannot be read. */
const formScan = (req: IncomingMessage): FormScan | JsonScan | null => {
  const type = req.headers['content-type'];
  const boundary = boundaryOf(type);
  if (boundary !== null) return new FormScan(boundary, ['model', 'stream']);
  return type?.includes('multipart/') === true ? null : new JsonScan(['model', 'stream']);
};
