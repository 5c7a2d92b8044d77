/** The control plane's HTTP server. Sockets attach to it before it listens. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { CodedError } from '../contracts/errors.ts';
import { EXPOSITION_TYPE } from '../contracts/metrics/exposition.ts';
import { createApi } from './api.ts';
import { failureBody, statusOf } from './errors.ts';
import { admittedBy, corsOrigin, holdsKey, isKeyedPreflight, refusedAccess, userOfRequest } from './guard.ts';
import { mediaRoutes } from './media.ts';
import { serveMcp } from './mcp.ts';
import { sessionFileRoutes } from './session-files.ts';
import { sessionMediaRoutes } from './session-media.ts';
import { passThrough } from './passthrough.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { serveDashboard } from './static-files.ts';
import type { AccessRules } from './guard.ts';
import type { Access } from '../commands/access.ts';
import type { Principal } from '../commands/caller.ts';
import type { Registry } from '../commands/registry.ts';
import type { Services } from '../commands/services.ts';

export interface HttpServerOptions extends AccessRules {
  services: Services;
  registry: Registry;
  access: Access;
  /** Folder of the built dashboard; null serves none. */
  webDir: string | null;
  /** What is sent to the router in place of a user's token, which it does not know. */
  usersKey: string;
  /** Where the router listens, e.g. "http://127.0.0.1:8080"; null while it does not. */
  routerUrl: () => string | null;
}

const json = (response: ServerResponse, error: CodedError): void => {
  response.writeHead(statusOf(error), { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(failureBody(error)));
};

const answerPreflight = (response: ServerResponse): void => {
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
  response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, X-Api-Key');
  response.setHeader('Access-Control-Max-Age', '600');
  response.writeHead(204);
  response.end();
};

/** An HTTP server that is not listening yet. The caller listens and closes. */
export const createHttpServer = (options: HttpServerOptions): Server => {
  const { services, registry, access, webDir, routerUrl, usersKey } = options;
  const app = new Hono();
  app.route('/api', createApi(services, registry, access));
  app.get('/metrics', async (context) => {
    const outcome = await registry.execute('metrics:text', {}, { by: 'http', style: 'http' });
    if (!outcome.ok) return context.json(failureBody(outcome.error), statusOf(outcome.error));
    return context.body(outcome.result.text, 200, { 'Content-Type': EXPOSITION_TYPE });
  });
  serveMcp(app, services, registry, access);
  serveDashboard(app, webDir);
  app.notFound((context) =>
    context.json(failureBody(new CodedError('NOT_FOUND', `There is no ${context.req.path.slice(0, 200)}.`)), 404),
  );
  const identify = async ({ headers }: IncomingMessage): Promise<Principal | CodedError> => {
    const admitted = await admittedBy(headers, access);
    return admitted instanceof CodedError ? admitted : admitted.principal;
  };
  const media = mediaRoutes({ services, registry, access, identify });
  const sessionMedia = sessionMediaRoutes({ services, access, identify });
  const sessionFiles = sessionFileRoutes({ services, access, identify });
  const listener = getRequestListener(app.fetch);
  const infer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const user = await userOfRequest(request.headers, access);
    // Whoever left meanwhile would never be missed again.
    if (response.destroyed) return;
    const refusal = user === null ? undefined : access.refusal({ key: null, user }, 'infer');
    if (refusal === undefined) passThrough(request, response, routerUrl(), user === null ? null : usersKey);
    else {
      request.resume();
      json(response, refusal);
    }
  };

  return createServer((request: IncomingMessage, response: ServerResponse) => {
    const { headers } = request;
    const holder =
      headers.origin !== undefined && (holdsKey(headers, access) || isKeyedPreflight(request.method, headers));
    const crossOrigin = corsOrigin(headers.origin, options, holder);
    setSecurityHeaders(response, crossOrigin);
    const refusal = refusedAccess(headers, options, holder);
    if (refusal !== undefined) {
      request.resume();
      json(response, refusal);
    } else if (request.method === 'OPTIONS' && crossOrigin !== null) answerPreflight(response);
    else if (/^\/v1(?:[/?]|$)/.test(request.url ?? '')) void infer(request, response);
    else if (media.takes(request)) media.answer(request, response);
    else if (sessionFiles.takes(request)) sessionFiles.answer(request, response);
    else if (sessionMedia.takes(request)) sessionMedia.answer(request, response);
    else void listener(request, response);
  });
};
