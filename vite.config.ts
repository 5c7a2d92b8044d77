import { defineConfig } from 'vite';
import solid from 'vite-plugin-solid';

/**
 * The dashboard. `npm run build` gives it its output folder; `npm run dev` serves it with hot reload and passes everything
 * that belongs to the server on to a running `llamactor serve`.
 */
const server = `http://127.0.0.1:${process.env['PORT'] ?? '3000'}`;
const passedOn = ['/socket.io', '/llamaproxws', '/api', '/v1', '/media', '/metrics', '/healthz', '/readyz'];

export default defineConfig({
  root: 'web',
  base: './',
  publicDir: 'public',
  plugins: [solid()],
  build: {
    target: 'es2022',
    reportCompressedSize: false,
    rolldownOptions: { checks: { bundlerTimings: false } },
    // Everything is served from this machine: one request less matters more than a smaller first chunk.
    modulePreload: { polyfill: false },
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    proxy: Object.fromEntries(
      passedOn.map((path) => [
        path,
        // The page of that name is the dashboard's own.
        { target: server, ws: true, bypass: ({ url }) => (url === '/media' ? url : undefined) },
      ]),
    ),
  },
});
