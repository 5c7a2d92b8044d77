/**
 * The path this page is served under: empty at the root, `/llama` behind a proxy that says so. The server puts it into the page
 * as its base (see docs/examples/nginx.conf).
 */
const page = (globalThis as { document?: { baseURI: string } }).document;
export const BASE: string = page === undefined ? '' : new URL(page.baseURI).pathname.replace(/\/[^/]*$/, '');

/** An address of this server, from one that begins at its root. */
export const at = (path: string): string => `${BASE}${path}`;

/** A path of the address bar as the pages know it. */
export const withoutBase = (path: string): string =>
  BASE !== '' && path.startsWith(BASE) ? path.slice(BASE.length) || '/' : path;
