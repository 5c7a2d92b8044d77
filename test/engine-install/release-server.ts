/** A local stand-in for GitHub's release API and its file store, with faults on demand. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export const ASSET = 'llama-b4242-bin-ubuntu-x64.tar.gz';

export interface Served {
  archive: Buffer;
  /** Defaults to the right one; null leaves it out. */
  digest?: string | null;
  assetName?: string;
  etag?: string;
  /** Bytes after which each successive answer is cut off; answers beyond the list are whole. */
  cuts?: number[];
  /** Answers files with this status. */
  fileStatus?: number;
  /** Answers the API with this status. */
  apiStatus?: number;
  /** Sends this many bytes and then nothing, without closing. */
  stallAfter?: number;
  ignoresRange?: boolean;
}

export interface ReleaseServer {
  apiUrl: string;
  served: Served;
  /** Range and If-Range of each request for the file. */
  fileRequests: { range: string | null; ifRange: string | null }[];
  close(): Promise<void>;
}

export const startReleaseServer = async (served: Served): Promise<ReleaseServer> => {
  const fileRequests: ReleaseServer['fileRequests'] = [];
  const server = http.createServer((request, response) => {
    const name = self.served.assetName ?? ASSET;
    if (request.url === '/repos/ggml-org/llama.cpp/releases/latest') answerApi(response, self, name);
    else if (request.url === `/files/${name}`) answerFile(request, response, self);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const self: ReleaseServer = {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    served,
    fileRequests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return self;
};

const answerApi = (response: http.ServerResponse, { served, apiUrl }: ReleaseServer, name: string): void => {
  if (served.apiStatus !== undefined) {
    response.writeHead(served.apiStatus, { 'x-ratelimit-remaining': '0' }).end('{}');
    return;
  }
  const right = `sha256:${createHash('sha256').update(served.archive).digest('hex')}`;
  const digest = served.digest === undefined ? right : served.digest;
  response.writeHead(200, { 'content-type': 'application/json' }).end(
    JSON.stringify({
      tag_name: 'b4242',
      assets: [{ name, browser_download_url: `${apiUrl}/files/${name}`, size: served.archive.length, digest }],
    }),
  );
};

const answerFile = (request: http.IncomingMessage, response: http.ServerResponse, server: ReleaseServer): void => {
  const { served, fileRequests } = server;
  const etag = served.etag ?? '"v1"';
  const ifRange = request.headers['if-range'];
  fileRequests.push({ range: request.headers.range ?? null, ifRange: typeof ifRange === 'string' ? ifRange : null });
  if (served.fileStatus !== undefined) {
    response.writeHead(served.fileStatus).end();
    return;
  }
  const asked = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const valid = served.ignoresRange !== true && (ifRange === undefined || ifRange === etag);
  const start = valid ? asked : 0;
  const body = served.archive.subarray(start);
  response.writeHead(start > 0 ? 206 : 200, {
    etag,
    'content-length': body.length,
    ...(start > 0 ? { 'content-range': `bytes ${start}-${served.archive.length - 1}/${served.archive.length}` } : {}),
  });
  const cut = served.cuts?.[fileRequests.length - 1];
  // A socket that is destroyed may take back what the client has not read yet; one that is ended does not.
  if (cut !== undefined) response.write(body.subarray(0, cut), () => response.socket?.end());
  else if (served.stallAfter !== undefined) response.write(body.subarray(0, served.stallAfter));
  else response.end(body);
};
