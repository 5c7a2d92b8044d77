import type { ServerResponse } from 'node:http';
import type { Dialect } from './dialect.ts';
import { failureHeaders } from './failures.ts';
import type { Failure } from './failures.ts';

const sendText = (res: ServerResponse, status: number, text: string, headers: Record<string, string>): void => {
  const body = Buffer.from(text);
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    ...headers,
  });
  // Node leaves the body out for HEAD by itself.
  res.end(body);
};

export const sendJson = (
  res: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void => sendText(res, status, JSON.stringify(value), headers);

export const sendFailure = (
  res: ServerResponse,
  dialect: Dialect,
  cause: Failure,
  headers: Record<string, string> = {},
): void => sendText(res, cause.status, dialect.body(cause), { ...headers, ...failureHeaders(cause) });
