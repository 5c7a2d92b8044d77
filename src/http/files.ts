/** What all addresses of files have in common. */
import type { ServerResponse } from 'node:http';
import type { CodedError } from '../contracts/errors.ts';
import { failureBody, refusalHeaders, statusOf } from './errors.ts';

/** Nothing in a file runs in this server's name, whatever it says of itself. */
export const FILE_POLICY = "default-src 'none'; sandbox";

export const refuse = (response: ServerResponse, error: CodedError): void => {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const text = JSON.stringify(failureBody(error));
  response.writeHead(statusOf(error), {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    ...refusalHeaders(error),
  });
  response.end(text);
};

export const answerJson = (response: ServerResponse, status: number, data: unknown): void => {
  const text = JSON.stringify({ success: true, data, error: null, timestamp: Date.now() });
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(text);
};

const percent = (found: string): string => `%${found.charCodeAt(0).toString(16).toUpperCase()}`;

/** RFC 6266: a plain name for old readers, the whole one for all others. */
export const disposition = (name: string): string => {
  const whole = encodeURIComponent(name).replaceAll(/['()*]/g, percent);
  return `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"; filename*=UTF-8''${whole}`;
};
