import { EXPOSITION_TYPE } from '../contracts/metrics/exposition.ts';
import type { Call } from './endpoints.ts';

/** Answers with the router's own metrics. */
export const sendMetrics = ({ res }: Call, text: string): void => {
  const body = Buffer.from(text);
  res.writeHead(200, { 'content-type': EXPOSITION_TYPE, 'content-length': body.length });
  res.end(body);
};
