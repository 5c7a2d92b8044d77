import type { IncomingMessage, ServerResponse } from 'node:http';
import { QUEUE_POSITION } from './answer.ts';

const PREFLIGHT_SECONDS = '600';
const HEADER_LIST = /^[\w\s,-]{1,1024}$/;

/** Lets a page of that origin read the answer; never all origins. */
export const allowOrigin = (res: ServerResponse, origin: string): void => {
  res.setHeader('access-control-allow-origin', origin);
  res.setHeader('access-control-expose-headers', `${QUEUE_POSITION}, retry-after`);
  res.setHeader('vary', 'Origin');
};

/** Answers OPTIONS, preflight or not; the origin was judged before. */
export const answerOptions = (req: IncomingMessage, res: ServerResponse, methods: readonly string[]): void => {
  const allowed = methods.join(', ');
  res.setHeader('allow', allowed);
  if (req.headers.origin !== undefined && req.headers['access-control-request-method'] !== undefined) {
    res.setHeader('access-control-allow-methods', allowed);
    res.setHeader('access-control-max-age', PREFLIGHT_SECONDS);
    const asked = req.headers['access-control-request-headers'];
    if (asked !== undefined && HEADER_LIST.test(asked)) res.setHeader('access-control-allow-headers', asked);
    if (req.headers['access-control-request-private-network'] === 'true')
      res.setHeader('access-control-allow-private-network', 'true');
  }
  res.writeHead(204).end();
};
