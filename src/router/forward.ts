import type { Call } from './endpoints.ts';
import { NO_SCAN } from './body-scan.ts';
import { openaiDialect } from './dialect.ts';
import { failure } from './failures.ts';
import type { Lane } from './lane.ts';
import { ProxyRequest } from './proxy-request.ts';
import type { ProxyDeps, ProxySpec } from './proxy-request.ts';
import { sendFailure } from './replies.ts';

const NO = new Set(['0', 'false', 'off', 'no']);

/** Sends a request as it is to a model that is known already. Looking (GET) does not count as using the model. */
export const forwardTo = (
  deps: ProxyDeps,
  lane: Lane,
  { req, res, search }: Call,
  spec: Pick<ProxySpec, 'route' | 'upstreamPath' | 'raw' | 'exchange'>,
): void => {
  const asked = new URLSearchParams(search).get('autoload');
  if (asked !== null && NO.has(asked.toLowerCase()) && !lane.isServing) {
    const message = `${lane.route.id} is not loaded, and autoload is off for this request: load it first.`;
    return sendFailure(res, openaiDialect, failure('INVALID_STATE', message, { status: 400 }));
  }
  const method = req.method ?? 'GET';
  const looks = method === 'GET' || method === 'HEAD';
  const whole: ProxySpec = {
    ...spec,
    // The answer to HEAD is that to GET without its body, which Node leaves out.
    method: method === 'HEAD' ? 'GET' : method,
    streams: false,
    dialect: openaiDialect,
    lane,
    scan: NO_SCAN,
    isUse: !looks,
  };
  new ProxyRequest(deps, whole, req, res, search).start();
};
