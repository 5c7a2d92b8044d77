/** Headers that every answer carries. */
import type { ServerResponse } from 'node:http';

/**
 * The dashboard is an offline single-page app: everything comes from this server, and nothing in its markup is script or style.
 * Charts and virtual lists position with properties of elements, which no policy is asked for.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "object-src 'none'",
  // Behind a proxy that serves it under a path, the page names that path as its base.
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  // With popups: the dashboard may open Stately's inspector in a window of its own and hand it what it shows.
  'Cross-Origin-Opener-Policy': 'same-origin-allow-popups',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Sets the headers; `crossOrigin` is a listed origin that may read the answer, or null. */
export const setSecurityHeaders = (response: ServerResponse, crossOrigin: string | null): void => {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  response.setHeader('Vary', 'Origin');
  if (crossOrigin === null) return;
  response.setHeader('Access-Control-Allow-Origin', crossOrigin);
  response.setHeader('Access-Control-Allow-Credentials', 'true');
  response.setHeader('Access-Control-Expose-Headers', 'Retry-After, X-Llamactor-Queue-Position');
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
};
