/** The captured bodies of the newest requests: in memory alone, bounded by number and by bytes, secrets hidden. */
import type { CapturedBodyView, CaptureView } from '../../contracts/activity.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { CapturedBody, CapturedRequest } from '../../contracts/ipc.ts';

const MOST = 100;
const MOST_BYTES = 10 * 1024 * 1024;

export interface Captures {
  add(request: CapturedRequest): void;
  /** Throws NOT_FOUND, with how to capture the next one. */
  get(id: string): CaptureView;
  clear(): void;
}

const text = new TextDecoder('utf-8', { fatal: true });

/** A cut in the middle of a character is no reason to take a text for binary data. */
const decoded = (body: Uint8Array, truncated: boolean): string | null => {
  for (let cut = 0; cut <= (truncated ? 3 : 0); cut += 1) {
    try {
      return text.decode(body.subarray(0, body.length - cut));
    } catch {
      // Tried again with one byte less.
    }
  }
  return null;
};

export const createCaptures = (redact: (text: string) => string): Captures => {
  const kept = new Map<string, { capture: CaptureView; bytes: number }>();
  let total = 0;

  const viewOf = ({ headers, body, bytes }: CapturedBody): CapturedBodyView => {
    const truncated = body.length < bytes;
    const plain = decoded(body, truncated);
    return {
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, redact(value)])),
      body: plain === null ? Buffer.from(body).toString('base64') : redact(plain),
      encoding: plain === null ? 'base64' : 'utf8',
      bytes,
      truncated,
    };
  };
  const drop = (id: string): void => {
    total -= kept.get(id)?.bytes ?? 0;
    kept.delete(id);
  };

  return {
    add({ id, at, route, request, response }) {
      const capture: CaptureView = {
        id,
        at,
        route,
        request: viewOf(request),
        response: response && { status: response.status, ...viewOf(response) },
      };
      // A character takes two bytes in memory where it is not latin.
      const bytes = 2 * JSON.stringify(capture).length;
      kept.set(id, { capture, bytes });
      total += bytes;
      for (const oldest of kept.keys()) {
        if (kept.size <= MOST && total <= MOST_BYTES) break;
        drop(oldest);
      }
    },
    get(id) {
      const found = kept.get(id);
      if (found) return found.capture;
      throw new CodedError(
        'NOT_FOUND',
        `Nothing was captured of the request ${id}, or it made room for newer ones; switch captureBodies on and send it again.`,
      );
    },
    clear() {
      kept.clear();
      total = 0;
    },
  };
};
