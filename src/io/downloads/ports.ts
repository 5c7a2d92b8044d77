/** The ports of the download machine: what its states do in the world. */
import { mkdir } from 'node:fs/promises';
import { fromCallback, fromPromise } from 'xstate';
import type { EventObject } from 'xstate';
import type { DownloadFact, DownloadWork, PlannedFile } from '../../../machines/download.machine.ts';
import type { DownloadFailure } from '../../../machines/download-policy.ts';
import { checkSpace } from './disk-space.ts';
import type { DownloadFs } from './download-fs.ts';
import { fetchFile } from './fetch-file.ts';
import type { DownloadHttp } from './http.ts';
import { readPartState, receivedOf } from './part-state.ts';
import { placeFiles, removeParts } from './place-files.ts';
import { failureOf } from './problem.ts';
import { resolveSource } from './resolve.ts';
import { partOf, partsDir } from './targets.ts';
import type { FitOf } from './variants.ts';

export interface DownloadPortDeps {
  http: DownloadHttp;
  fs: DownloadFs;
  /** The models folder that a download was begun in. */
  modelsDir(id: string): string;
  fitOf: FitOf;
  /** Whether another download writes to this target now. */
  isTaken(target: string, id: string): boolean;
  connections: number;
  leastRangeBytes: number;
  now(): number;
}

/** Facts about progress, per second at most. */
const PER_SECOND = 4;

const throttled = (tell: (bytes: number) => void): ((bytes: number) => void) => {
  let last = Number.NEGATIVE_INFINITY;
  return (bytes) => {
    const now = performance.now();
    if (now - last < 1000 / PER_SECOND) return;
    last = now;
    tell(bytes);
  };
};

type Tell = (fact: DownloadFact) => void;
type Run = (work: DownloadWork, tell: Tell, signal: AbortSignal) => Promise<void>;

export const downloadPorts = (deps: DownloadPortDeps) => {
  const { http, fs, now } = deps;
  /** What works on a download's parts: a port that was stopped may still be busy for a moment. */
  const tails = new Map<string, Promise<void>>();

  const port = (run: Run, refused: (failure: DownloadFailure) => DownloadFact) =>
    fromCallback<EventObject, DownloadWork>(({ input, sendBack }) => {
      const stop = new AbortController();
      const tell: Tell = (fact) => {
        if (!stop.signal.aborted) sendBack(fact);
      };
      const before = tails.get(input.id) ?? Promise.resolve();
      const task = before
        .then(() => (stop.signal.aborted ? undefined : run(input, tell, stop.signal)))
        .catch((error: unknown) => tell(refused(failureOf(error, deps.modelsDir(input.id)))))
        .then(() => {
          if (tails.get(input.id) === task) tails.delete(input.id);
        });
      tails.set(input.id, task);
      return () => stop.abort();
    });

  const folderOf = (id: string): string => partsDir(deps.modelsDir(id), id);
  const missingOf = ({ plan }: DownloadWork): PlannedFile[] => (plan?.files ?? []).filter(({ present }) => !present);

  const fetchAll: Run = async (work, tell, signal) => {
    const folder = folderOf(work.id);
    await mkdir(folder, { recursive: true });
    const missing = missingOf(work);
    const received = new Map<string, number>();
    for (const file of missing) {
      const state = await readPartState(partOf(folder, file.name), file);
      received.set(file.name, state === null ? 0 : receivedOf(state));
    }
    const present = (work.plan?.files ?? []).reduce((sum, file) => sum + (file.present ? file.size : 0), 0);
    const total = (): number => [...received.values()].reduce((sum, bytes) => sum + bytes, present);
    const told = (): void => tell({ type: 'fetch.progressed', receivedBytes: total(), at: now() });
    const needed = missing.reduce((sum, file) => sum + file.size - (received.get(file.name) ?? 0), 0);
    await checkSpace(fs, folder, needed);
    told();
    const progress = throttled(told);
    for (const file of missing) {
      await fetchFile({
        http,
        fs,
        file,
        part: partOf(folder, file.name),
        connections: work.careful ? 1 : deps.connections,
        leastRangeBytes: deps.leastRangeBytes,
        signal,
        onBytes: (bytes) => {
          received.set(file.name, bytes);
          progress(bytes);
        },
      }).finally(told);
      received.set(file.name, file.size);
    }
    told();
    tell({ type: 'fetch.finished', at: now() });
  };

  const verify: Run = async (work, tell, signal) => {
    const progress = throttled((verifiedBytes) => tell({ type: 'verify.progressed', verifiedBytes }));
    await placeFiles(work.plan?.files ?? [], folderOf(work.id), signal, progress);
    tell({ type: 'files.placed', at: now() });
  };

  return {
    actors: {
      resolveSource: port(
        async ({ id, request }, tell, signal) => {
          const plan = await resolveSource({
            ...deps,
            modelsDir: deps.modelsDir(id),
            request,
            signal,
            taken: (target) => deps.isTaken(target, id),
          });
          tell({ type: 'source.resolved', plan, at: now() });
        },
        (failure) => ({ type: 'source.refused', failure, at: now() }),
      ),
      fetchFiles: port(fetchAll, (failure) => ({ type: 'fetch.failed', failure, at: now() })),
      verifyFiles: port(verify, (failure) => ({
        type: failure.code === 'WRONG_HASH' ? 'file.wrong' : 'verify.failed',
        failure,
        at: now(),
      })),
      discardParts: fromPromise<void, DownloadWork>(async ({ input }) => {
        await tails.get(input.id);
        await removeParts(folderOf(input.id));
      }),
    },
    /** Resolves when no stopped port of this download is busy any more. */
    idle: (id: string): Promise<void> => tails.get(id) ?? Promise.resolve(),
    discard: async (id: string): Promise<void> => {
      await tails.get(id);
      await removeParts(folderOf(id));
    },
  };
};
export type DownloadPorts = ReturnType<typeof downloadPorts>;
