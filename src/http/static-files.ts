/** The built dashboard: files with caching, and the page itself for every route of the single-page app. */
import { existsSync } from 'node:fs';
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

const isPageRoute: (path: string) => boolean = (path) => !isReserved(path) && !/\.[^/.]+$/.test(path);

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
  };
  const files = serveStatic({ root: webDir, precompressed: true });
  const page = serveStatic({ root: webDir, path: 'index.html' });

  app.get('*', caching, async (context, next) => (isReserved(context.req.path) ? next() : files(context, next)));
  app.get('*', async (context, next) => (isPageRoute(context.req.path) ? page(context, next) : next()));
};
