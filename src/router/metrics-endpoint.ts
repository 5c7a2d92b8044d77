import { EXPOSITION_TYPE } from '../contracts/metrics/exposition.ts';
import { openaiDialect } from './dialect.ts';
import type { Endpoint } from './endpoints.ts';
import { failure } from './failures.ts';
import { sendFailure } from './replies.ts';

/** The router's own metrics. With `?model=` the question is for that model's engine, which is not asked here. */
export const metricsEndpoint = (text: () => string): Endpoint => ({
  methods: ['GET', 'HEAD'],
  paths: ['/metrics'],
  dialect: openaiDialect,
  handle: ({ res, search }) => {
    if (new URLSearchParams(search).has('model')) {
      const message = 'The metrics of one engine are not offered here: leave out "model", every series carries it.';
      return sendFailure(res, openaiDialect, failure('NOT_FOUND', message));
    }
    const body = Buffer.from(text());
    res.writeHead(200, { 'content-type': EXPOSITION_TYPE, 'content-length': body.length });
    res.end(body);
  },
});
