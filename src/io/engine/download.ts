/** Downloads one verified file, continuing where an earlier attempt ended. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'undici';
import { z } from 'zod';
import { readJson, writeJsonAtomically } from './atomic-json.ts';
import { reasonOf } from './http-client.ts';
import type { HttpClient } from './http-client.ts';
import { bytesProgress } from './progress.ts';
import type { EngineProgress } from './types.ts';

export interface DownloadRequest {
  url: string;
  /** File name in `folder`, without folders. */
  name: string;
  size: number;
  /** Lower-case hex. */
  sha256: string;
  folder: string;
  signal: AbortSignal;
  report: (progress: EngineProgress) => void;
}

/** Stored beside a partial download: the file it belongs to, and the server's validator for If-Range. */
const Origin = z.object({ sha256: z.string(), etag: z.string().nullable() });

/** A server that keeps cutting the connection is a fault to show, not to wait out. */
const MOST_ATTEMPTS = 5;

/** What another attempt would not change. */
class Refusal extends Error {}

/**
 * Resolves with the path of a complete file whose sha256 is right. What was received stays as `<name>.partial` when this
 * rejects or is aborted, and the next call goes on from there with a Range request; the file is verified as a whole
 * whichever way it came. A file with a wrong sha256 is deleted, and fetched anew if part of it
 * came from an earlier call. Within one call a cut connection is taken up again as long
 * as each attempt brings bytes, five times at most.
 */
export const download = async (client: HttpClient, request: DownloadRequest): Promise<string> => {
  const file = join(request.folder, `${request.name}.partial`);
  const known = Origin.safeParse(await readJson(originOf(file)));
  if (known.data?.sha256 !== request.sha256 || (await sizeOf(file)) > request.size) await forgetDownload(file);

  let received = await sizeOf(file);
  const resumed = received > 0;
  for (let attempt = 1; received < request.size; attempt += 1) {
    const before = received;
    const problem = await fetchRest(client, request, file, before);
    received = await sizeOf(file);
    if (problem && (received <= before || attempt === MOST_ATTEMPTS)) throw problem;
  }

  request.report(bytesProgress(`verifying ${request.name}`, received, request.size));
  if (received !== request.size || (await sha256Of(file, request.signal)) !== request.sha256) {
    await forgetDownload(file);
    // A power cut can leave holes in what an earlier install wrote; that is no reason to distrust the server.
    if (resumed) return download(client, request);
    throw new Error(`${request.name} does not have the size and sha256 that its release states, so it was deleted`);
  }
  return file;
};

/** Removes a download and what belongs to it. */
export const forgetDownload = async (file: string): Promise<void> => {
  await rm(file, { force: true });
  await rm(originOf(file), { force: true });
};

const originOf = (file: string): string => `${file}.json`;

/** Appends what is missing from `offset` on. Returns what ended it early, null when the body came to its end. */
const fetchRest = async (
  client: HttpClient,
  request: DownloadRequest,
  file: string,
  offset: number,
): Promise<Error | null> => {
  const { url, name, size, signal } = request;
  const known = Origin.safeParse(await readJson(originOf(file)));
  const etag = known.data?.etag ?? null;
  const range = offset === 0 ? {} : { range: `bytes=${offset}-`, ...(etag === null ? {} : { 'if-range': etag }) };
  // Ends the answer, too, when this gives up on it.
  const over = new AbortController();
  const answer = AbortSignal.any([signal, over.signal]);
  const response = await client.get(url, { 'accept-encoding': 'identity', ...range }, answer);

  const continues = response.status === 206 && firstByte(response) === offset;
  if (!continues && response.status !== 200) {
    await response.body?.cancel();
    throw new Refusal(`${new URL(url).host} answered ${response.status} for ${name}`);
  }
  // Asked for before the disk is: a connection that is cut takes everything back that nobody has read by then.
  const chunks = bodyOf(response);
  let next = chunks.next();
  next.catch(() => undefined);
  await writeJsonAtomically(originOf(file), { sha256: request.sha256, etag: strongEtag(response) });

  const handle = await open(file, continues ? 'a' : 'w', 0o600);
  let position = continues ? offset : 0;
  try {
    for (let read = await next; read.done !== true; read = await next) {
      const chunk = read.value;
      next = chunks.next();
      next.catch(() => undefined);
      position += chunk.length;
      if (position > size) throw new Refusal(`${name} is longer than its release states`);
      await handle.writeFile(chunk);
      request.report(bytesProgress(`downloading ${name}`, position, size));
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Refusal || isDiskError(error)) throw error;
    return new Error(`the download of ${name} was cut after ${position} of ${size} bytes (${reasonOf(error)})`, {
      cause: error,
    });
  } finally {
    over.abort();
    await handle.close();
  }
  return position < size ? new Error(`the download of ${name} ended after ${position} of ${size} bytes`) : null;
};

const bodyOf = async function* ({ body }: Response): AsyncGenerator<Uint8Array> {
  if (body !== null) yield* body as AsyncIterable<Uint8Array>;
};

/** If-Range takes no weak validator, which may be shared by files that differ (RFC 9110, 13.1.5). */
const strongEtag = (response: Response): string | null => {
  const etag = response.headers.get('etag');
  return etag === null || etag.startsWith('W/') ? null : etag;
};

const firstByte = (response: Response): number | null => {
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  return start === undefined ? null : Number(start);
};

const isDiskError = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '');

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    (stats) => stats.size,
    () => 0,
  );

const sha256Of = async (file: string, signal: AbortSignal): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash, { signal });
  return hash.digest('hex');
};
