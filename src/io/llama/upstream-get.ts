import http from 'node:http';
import type { Upstream } from '../../contracts/ipc.ts';

/**
 * One GET to an engine, for probes. Resolves with status and body (at most 1 MB); rejects on refusal and after `timeoutMs`.
 * No connection is kept: an engine holds a thread for each.
 */
export const upstreamGet = (
  upstream: Upstream,
  path: string,
  timeoutMs: number,
): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const request = http.get(
      { ...upstream, path, agent: false, headers: { host: 'localhost', connection: 'close' } },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= 1_000_000) chunks.push(chunk);
        });
        response.on('end', () => {
          clearTimeout(deadline);
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
        });
        response.on('error', fail);
      },
    );
    const deadline = setTimeout(
      () => request.destroy(new Error(`no answer from ${path} within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const fail = (error: Error): void => {
      clearTimeout(deadline);
      reject(error);
    };
    request.on('error', fail);
  });
