/** The built dashboard: files with caching, and the page itself for every route of the single-page app. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import type { Hono, MiddlewareHandler } from 'hono';

/** Paths that belong to a server surface; an unknown one there is 404, never the page. */
const RESERVED = ['/socket.io', '/llamaproxws', '/api', '/v1', '/metrics'];

export const isReserved = (path: string): boolean =>
  RESERVED.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));

const NO_WEB = 'The dashboard is switched off (--no-web); this server answers over sockets, /api and /v1.\n';

/** A name with a content hash, as Vite writes them, never changes its content. */
const isHashed = (path: string): boolean => /\/assets\/[^/]+-[\w-]{8,}\.\w+$/.test(path);

/** What a proxy may say of itself: one or more plain path segments, so that nothing can break out of an attribute. */
const PREFIX = /^(?:\/[\w.~-]{1,64}){1,8}$/;

/** The path under which a proxy serves this page, from `X-Forwarded-Prefix`; "/" without one. Ends in a slash. */
export const basePath = (forwarded: string | undefined): string => {
  const prefix = (forwarded ?? '').replace(/\/+$/, '');
  return PREFIX.test(prefix) ? `${prefix}/` : '/';
};

/** The page itself, by its name or as a route of the single-page app: a path without an ending. */
const isPage = (path: string): boolean => path === '/index.html' || (!isReserved(path) && !/\.[^/.]+$/.test(path));

/** Adds the dashboard in `webDir`, or the sentence that says there is none. */
export const serveDashboard = (app: Hono, webDir: string | null): void => {
  if (webDir === null || !existsSync(join(webDir, 'index.html'))) {
    app.get('/', (context) => context.text(NO_WEB));
    return;
  }
  const caching: MiddlewareHandler = async (context, next) => {
    await next();
    if (context.res.status >= 400) return;
    const value = isHashed(context.req.path) ? 'public, max-age=31536000, immutable' : 'no-cache';
    context.header('Cache-Control', value);
    // A file lies there as it is and compressed. Said with the origin, because this replaces what is said of every answer.
    context.header('Vary', 'Origin, Accept-Encoding');
  };
  const files = serveStatic({ root: webDir, precompressed: true });
  const html = readFileSync(join(webDir, 'index.html'), 'utf8');
  /** Assets and routes are relative to the base, so the same build works at the root and under any prefix. */
  const page: MiddlewareHandler = (context) =>
    Promise.resolve(
      context.html(
        html.replace('<base href="/" />', `<base href="${basePath(context.req.header('x-forwarded-prefix'))}" />`),
      ),
    );

  app.get('*', caching, async (context, next) => {
    const { path } = context.req;
    if (isPage(path)) return page(context, next);
    return isReserved(path) ? next() : files(context, next);
  });
};
