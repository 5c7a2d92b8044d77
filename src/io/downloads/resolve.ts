/** From what a person wrote to the files that are to be fetched. */
import path from 'node:path';
import type { DownloadPlan, DownloadRequest, PlannedFile } from '../../../machines/download.machine.ts';
import type { DownloadOptionsView } from '../../contracts/downloads.ts';
import { fileUrl, hexOrNull, readRepo } from './hub.ts';
import type { HubFile } from './hub.ts';
import type { DownloadHttp } from './http.ts';
import { isPresent } from './place-files.ts';
import { DownloadProblem, networkProblem, statusProblem } from './problem.ts';
import { parseSource, shownSource } from './source.ts';
import type { HubSource } from './source.ts';
import { targetOf } from './targets.ts';
import { chooseVariant, recommend, variantViews, variantsOf } from './variants.ts';
import type { FitOf } from './variants.ts';

const DEADLINE_MS = 90_000;

/** Runs questions to a server within one deadline, and says so when it is missed. */
const inTime = async <T>(host: string, signal: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  try {
    return await ask(AbortSignal.any([signal, deadline]));
  } catch (error) {
    if (deadline.aborted && !signal.aborted)
      throw networkProblem(host, new Error(`no answer in ${DEADLINE_MS / 1000} s`));
    throw error;
  }
};

export interface ResolveOptions {
  http: DownloadHttp;
  request: DownloadRequest;
  modelsDir: string;
  fitOf: FitOf;
  /** Whether another download writes to this target now. */
  taken(target: string): boolean;
  signal: AbortSignal;
}

/** Rejects with a DownloadProblem that says what to do, or the signal's reason. */
export const resolveSource = async (options: ResolveOptions): Promise<DownloadPlan> => {
  const { http, request, signal } = options;
  const source = parseSource(request.source, http.endpoint);
  const plan = source.kind === 'hub' ? await hubPlan(options, source) : await urlPlan(options, source.url);
  for (const file of plan.files) {
    if (options.taken(file.target))
      throw new DownloadProblem(
        'EXISTS',
        `${file.name} is being fetched by another download already; follow that one.`,
      );
    file.present = await isPresent(file, signal);
  }
  return plan;
};

const hubPlan = async (options: ResolveOptions, source: HubSource): Promise<DownloadPlan> => {
  const { http, request, modelsDir, fitOf, signal } = options;
  const repo = await inTime(http.endpoint.host, signal, (both) => readRepo(http, source, both));
  const wish = { quant: request.quant ?? source.quant, file: request.file ?? source.file };
  const { variant, note } = chooseVariant(repo.name, variantsOf(repo.files), wish, fitOf);
  const planned = (file: HubFile): PlannedFile => {
    const target = targetOf(modelsDir, [source.owner, source.repo], file.path);
    return {
      name: path.basename(target),
      url: fileUrl(http, repo, file.path),
      target,
      size: file.size,
      sha256: file.sha256,
      present: false,
    };
  };
  const files = variant.mmproj === null ? variant.files : [...variant.files, variant.mmproj];
  return { repo: repo.name, quant: variant.quant, note, files: files.map(planned) };
};

/** Asks for one byte: a signed address often knows no HEAD. */
const urlPlan = async ({ http, modelsDir, signal }: ResolveOptions, url: URL): Promise<DownloadPlan> => {
  const { size, sha256 } = await probe(http, url, signal);
  const target = targetOf(modelsDir, [url.hostname], decodeURIComponent(path.posix.basename(url.pathname)));
  return {
    repo: null,
    quant: null,
    note: sha256 === null ? 'The server states no sha256, so only size and kind of the file are checked.' : null,
    files: [{ name: path.basename(target), url: url.href, target, size, sha256, present: false }],
  };
};

const probe = async (
  http: DownloadHttp,
  url: URL,
  signal: AbortSignal,
): Promise<{ size: number; sha256: string | null }> => {
  const headers = { 'accept-encoding': 'identity', range: 'bytes=0-0' };
  const answer = await inTime(url.host, signal, (both) => http.get(url.href, () => headers, both));
  await answer.body?.cancel();
  const name = path.posix.basename(url.pathname);
  if (answer.status !== 206 && answer.status !== 200) throw statusProblem(answer, name, false);
  const text =
    answer.status === 206
      ? /\/(\d+)$/.exec(answer.headers.get('content-range') ?? '')?.[1]
      : answer.headers.get('content-length');
  const size = Number(text ?? Number.NaN);
  if (!Number.isSafeInteger(size) || size <= 0)
    throw new DownloadProblem(
      'BAD_SOURCE',
      `${url.host} does not say how large ${name} is; fetch it by hand and scan.`,
    );
  const linked = [...answer.hops, answer.headers].map((each) => each.get('x-linked-etag'));
  return { size, sha256: linked.map(hexOrNull).find((hash) => hash !== null) ?? null };
};

/** What a source offers. Rejects with a DownloadProblem, or INVALID_PAYLOAD for a source that is none. */
export const sourceOptions = async (
  { http, fitOf, signal }: Pick<ResolveOptions, 'http' | 'fitOf' | 'signal'>,
  text: string,
): Promise<DownloadOptionsView> => {
  const source = parseSource(text, http.endpoint);
  if (source.kind === 'url') {
    const file = { path: path.posix.basename(source.url.pathname), ...(await probe(http, source.url, signal)) };
    const variants = variantsOf([file]);
    return { source: shownSource(text), repo: null, gated: false, variants: variantViews(variants, fitOf), note: null };
  }
  const repo = await inTime(http.endpoint.host, signal, (both) => readRepo(http, source, both));
  const variants = variantsOf(repo.files);
  const best = recommend(variants, fitOf);
  if (best === null) chooseVariant(repo.name, variants, { quant: null, file: null }, fitOf);
  return {
    source: shownSource(text),
    repo: repo.name,
    gated: repo.gated,
    variants: variantViews(variants, fitOf),
    note: best?.note ?? null,
  };
};
