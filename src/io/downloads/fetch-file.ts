/** Fetches one file into its part, going on where an earlier attempt ended, in several ranges at once where that is allowed. */
import path from 'node:path';
import type { FileHandle } from 'node:fs/promises';
import type { PlannedFile } from '../../../machines/download.machine.ts';
import { reasonOf } from '../engine/http-client.ts';
import { bytes } from './bytes.ts';
import type { DownloadFs } from './download-fs.ts';
import type { Answer, DownloadHttp } from './http.ts';
import { readPartState, receivedOf, removePart, writePartState } from './part-state.ts';
import type { PartState, Segment, Validator } from './part-state.ts';
import { DownloadProblem, diskProblem, statusProblem } from './problem.ts';

export interface FetchOptions {
  http: DownloadHttp;
  fs: DownloadFs;
  file: Pick<PlannedFile, 'name' | 'url' | 'size' | 'sha256'>;
  part: string;
  /** Ranges at once, when the server knows ranges. */
  connections: number;
  /** Ranges shorter than this are not worth a connection. */
  leastRangeBytes: number;
  signal: AbortSignal;
  /** Bytes of this file that are on disk now. */
  onBytes(received: number): void;
}

/** What a crash can cost at most, in time. */
const SAVE_EVERY_MS = 1000;

/**
 * Resolves when every byte is in the part. Rejects with a DownloadProblem, or the signal's reason; what has arrived stays,
 * together with a state document that never claims more than what is durable. A file that is not the one that was begun
 * (CHANGED) leaves nothing behind.
 */
export const fetchFile = async (options: FetchOptions): Promise<void> => {
  const { file, part, fs } = options;
  const known = await readPartState(part, file);
  if (known !== null && receivedOf(known) === file.size) return;
  const state: PartState = known ?? {
    version: 1,
    size: file.size,
    sha256: file.sha256,
    validator: null,
    segments: split(file.size, options),
  };
  const folder = path.dirname(part);
  const handle = await fs.open(part, known === null ? 'w' : 'r+').catch((error: unknown) => {
    throw diskProblem(folder, error) ?? error;
  });
  let failure: unknown = null;
  try {
    if (known === null) await handle.truncate(file.size);
    await fetchAll(options, state, handle, known !== null);
  } catch (error) {
    failure = error;
    throw options.signal.aborted ? options.signal.reason : (diskProblem(folder, error) ?? error);
  } finally {
    await handle.close().catch(() => undefined);
    if (failure instanceof DownloadProblem && failure.code === 'CHANGED') await removePart(part);
  }
};

const split = (size: number, { connections, leastRangeBytes }: FetchOptions): Segment[] => {
  const count = Math.max(1, Math.min(connections, Math.floor(size / leastRangeBytes)));
  const bounds = Array.from({ length: count + 1 }, (_, index) => Math.floor((size * index) / count));
  return bounds.slice(1).map((to, index) => ({ from: bounds[index] ?? 0, to, done: 0 }));
};

/** Saves now and then, in order: what the document claims has been synced before. */
const createSaver = (part: string, state: PartState, handle: FileHandle) => {
  let saving: Promise<void> | null = null;
  let savedAt = performance.now();
  const save = async (): Promise<void> => {
    const claimed = structuredClone(state);
    await handle.datasync();
    await writePartState(part, claimed);
  };
  return {
    /** Begins a save when the last one is long enough ago; its failure shows at the next write, or at the end. */
    soon(): void {
      if (saving !== null || performance.now() - savedAt < SAVE_EVERY_MS) return;
      saving = save()
        .catch(() => undefined)
        .finally(() => {
          saving = null;
          savedAt = performance.now();
        });
    },
    async now(): Promise<void> {
      await saving;
      await save();
    },
  };
};

const fetchAll = async (
  options: FetchOptions,
  state: PartState,
  handle: FileHandle,
  resumed: boolean,
): Promise<void> => {
  const { file, part, signal } = options;
  const saver = createSaver(part, state, handle);
  const stop = new AbortController();
  const common = AbortSignal.any([signal, stop.signal]);
  const told = (): void => {
    options.onBytes(receivedOf(state));
    saver.soon();
  };
  const open = (segment: Segment): Promise<Answer> => openRange(options, state, segment, resumed, common);
  const take = (answer: Answer, segment: Segment): Promise<void> =>
    writeBody({ file, answer, segment, handle, folder: path.dirname(part), signal: common, told });

  const work = async (): Promise<void> => {
    const [first, ...others] = state.segments.filter(({ from, to, done }) => from + done < to);
    if (first === undefined) return;
    const answer = await open(first);
    if (answer.status === 200) {
      // No ranges here, or another file by now: everything from the beginning, in one stream.
      const whole: Segment = { from: 0, to: file.size, done: 0 };
      state.segments = [whole];
      state.validator = validatorOf(answer);
      await take(answer, whole);
      return;
    }
    state.validator ??= validatorOf(answer);
    const failures: unknown[] = [];
    const guarded = (task: Promise<void>): Promise<void> =>
      task.catch((error: unknown) => {
        failures.push(error);
        stop.abort(error);
      });
    await Promise.all([
      guarded(take(answer, first)),
      ...others.map((segment) =>
        guarded(
          open(segment).then(async (other) => {
            if (other.status === 206) return take(other, segment);
            await other.body?.cancel();
            throw changed(file.name);
          }),
        ),
      ),
    ]);
    if (failures.length > 0) throw failures[0];
  };

  try {
    await work();
  } catch (error) {
    // A full disk may refuse this as well; the first failure is the one to report.
    await saver.now().catch(() => undefined);
    throw error;
  }
  await saver.now();
};

const changed = (name: string): DownloadProblem =>
  new DownloadProblem(
    'CHANGED',
    `${name} changed on the server while it was fetched, so what had arrived was thrown away; try again when it rests.`,
  );

/** An answer with 206 for exactly this range, or with 200 for the whole file. */
const openRange = async (
  { http, file }: FetchOptions,
  state: PartState,
  segment: Segment,
  resumed: boolean,
  signal: AbortSignal,
): Promise<Answer> => {
  const start = segment.from + segment.done;
  const { validator } = state;
  const headersFor = (url: URL): Record<string, string> => ({
    'accept-encoding': 'identity',
    range: `bytes=${start}-${segment.to - 1}`,
    ...(resumed && validator !== null && validator.origin === url.origin ? { 'if-range': validator.value } : {}),
  });
  const answer = await http.get(file.url, headersFor, signal);
  const refuse = async (problem: DownloadProblem): Promise<never> => {
    await answer.body?.cancel();
    throw problem;
  };
  if (answer.status === 206) {
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.headers.get('content-range') ?? '') ?? [];
    if (Number(first) !== start || (total !== '*' && Number(total) !== file.size)) return refuse(changed(file.name));
    // Where the sha256 is known it decides; mirrors of one file need not agree on its validators.
    if (file.sha256 === null && differs(validator, validatorOf(answer))) return refuse(changed(file.name));
    return answer;
  }
  if (answer.status === 200) {
    const length = answer.headers.get('content-length');
    return length !== null && Number(length) !== file.size ? refuse(changed(file.name)) : answer;
  }
  return refuse(statusProblem(answer, file.name, http.hasToken));
};

/** If-Range takes no weak validator, which files that differ may share (RFC 9110, 13.1.5). */
const validatorOf = ({ headers, url }: Answer): Validator | null => {
  const { origin } = new URL(url);
  const etag = headers.get('etag');
  if (etag?.startsWith('"') === true) return { origin, value: etag, kind: 'etag' };
  const modified = headers.get('last-modified');
  return modified === null ? null : { origin, value: modified, kind: 'last-modified' };
};

const differs = (known: Validator | null, now: Validator | null): boolean =>
  known !== null && now !== null && known.origin === now.origin && known.kind === now.kind && known.value !== now.value;

const writeBody = async (options: {
  file: FetchOptions['file'];
  answer: Answer;
  segment: Segment;
  handle: FileHandle;
  folder: string;
  signal: AbortSignal;
  told(): void;
}): Promise<void> => {
  const { file, answer, segment, handle, folder, signal, told } = options;
  const missing = (): number => segment.to - segment.from - segment.done;
  const cut = (reason: string): DownloadProblem =>
    new DownloadProblem(
      'NETWORK',
      `The connection to ${new URL(answer.url).host} was cut with ${bytes(missing())} of ${file.name} to go (${reason}).`,
    );
  const chunks = (answer.body ?? []) as AsyncIterable<Uint8Array>;
  try {
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      if (chunk.length > missing()) throw changed(file.name);
      await writeAll(handle, chunk, segment.from + segment.done, folder);
      segment.done += chunk.length;
      told();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof DownloadProblem ? error : cut(reasonOf(error));
  }
  if (missing() > 0) throw cut('the server ended it');
};

const writeAll = async (handle: FileHandle, chunk: Uint8Array, position: number, folder: string): Promise<void> => {
  try {
    for (let at = 0; at < chunk.length;) {
      const { bytesWritten } = await handle.write(chunk, at, chunk.length - at, position + at);
      at += bytesWritten;
    }
  } catch (error) {
    throw diskProblem(folder, error) ?? new DownloadProblem('DISK', `${folder} cannot be written: ${reasonOf(error)}.`);
  }
};
