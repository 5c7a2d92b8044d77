import type { ServerResponse } from 'node:http';
import type { CheckedKey } from '../../contracts/keys.ts';
import type { DownloadProgress, Downloads } from '../downloads.ts';
import { failureFor } from '../later.ts';
import type { FaultLog, Fields } from '../later.ts';
import { sendFailure, sendJson } from '../replies.ts';
import { NDJSON, ollamaDialect } from './dialect.ts';

const WORDS: Readonly<Record<string, string>> = {
  queued: 'waiting for other downloads',
  resolving: 'pulling manifest',
  verifying: 'verifying sha256 digest',
};

const lineOf = ({ id, state, receivedBytes, totalBytes }: DownloadProgress): Fields =>
  WORDS[state] !== undefined
    ? { status: WORDS[state] }
    : {
        status: `pulling ${id}`,
        digest: id,
        ...(totalBytes === null ? {} : { total: totalBytes }),
        completed: receivedBytes,
      };

/**
 * `POST /api/pull`: starts a download and tells its progress. A client that leaves does not end the download: it goes on, and
 * a second pull of the same model joins it.
 */
export const pull = async (
  res: ServerResponse,
  source: string,
  key: CheckedKey | null,
  streams: boolean,
  downloads: Downloads,
  faults: FaultLog,
): Promise<void> => {
  const gone = new AbortController();
  res.on('close', () => gone.abort());
  let last = '';
  const say = (line: Fields): void => {
    const text = `${JSON.stringify(line)}\n`;
    // What a slow client has not read yet is old news by then.
    if (!streams || text === last || res.writableNeedDrain) return;
    last = text;
    if (!res.headersSent) res.writeHead(200, { 'content-type': NDJSON, 'x-accel-buffering': 'no' });
    res.write(text);
  };
  try {
    await downloads.follow(source, key, (progress) => say(lineOf(progress)), gone.signal);
    if (gone.signal.aborted) return;
    if (!streams) return sendJson(res, 200, { status: 'success' });
    if (!res.headersSent) res.writeHead(200, { 'content-type': NDJSON });
    res.end(`${JSON.stringify({ status: 'success' })}\n`);
  } catch (error) {
    const cause = failureFor(error, faults);
    if (res.headersSent) res.end(ollamaDialect.event(cause));
    else sendFailure(res, ollamaDialect, cause);
  }
};
