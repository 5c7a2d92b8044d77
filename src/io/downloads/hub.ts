/** What a Hugging Face repository holds, by the hub's own client. */
import type { DownloadHttp } from './http.ts';
import { statusProblem } from './problem.ts';
import type { HubSource } from './source.ts';

export interface HubFile {
  path: string;
  size: number;
  /** Of large files, which GGUF files are. */
  sha256: string | null;
}

export interface HubRepo {
  /** "owner/repo" */
  name: string;
  /** The commit that the revision stood for when it was asked; files are fetched from it. */
  commit: string;
  gated: boolean;
  files: HubFile[];
}

/** More than any model repository has; a server that lists without end is not followed. */
const MOST_FILES = 20_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** Lists a repository. Rejects with a DownloadProblem. */
export const readRepo = async (http: DownloadHttp, source: HubSource, signal: AbortSignal): Promise<HubRepo> => {
  // Large, and most starts of the server need none of it.
  const { listFiles, modelInfo } = await import('@huggingface/hub');
  const name = `${source.owner}/${source.repo}`;
  const common = { hubUrl: http.endpoint.href.replace(/\/$/, ''), fetch: hubFetch(http, name, signal) };
  const info = await modelInfo({ ...common, name, revision: source.revision, additionalFields: ['sha'] });
  const files: HubFile[] = [];
  for await (const entry of listFiles({ ...common, repo: name, revision: info.sha, recursive: true })) {
    if (entry.type === 'file')
      files.push({ path: entry.path, size: entry.lfs?.size ?? entry.size, sha256: hexOrNull(entry.lfs?.oid) });
    if (files.length >= MOST_FILES) break;
  }
  return { name, commit: info.sha, gated: info.gated !== false, files };
};

export const hexOrNull = (text: string | null | undefined): string | null => {
  const hex = text?.replaceAll('"', '').toLowerCase() ?? '';
  return /^[0-9a-f]{64}$/.test(hex) ? hex : null;
};

export const fileUrl = (http: DownloadHttp, repo: HubRepo, path: string): string => {
  const escaped = path.split('/').map(encodeURIComponent).join('/');
  return `${http.endpoint.href.replace(/\/$/, '')}/${repo.name}/resolve/${repo.commit}/${escaped}`;
};

/** The library's `fetch`: through our own client, so that redirects, proxies, the token and refusals are treated in one way. */
const hubFetch =
  (http: DownloadHttp, name: string, signal: AbortSignal): typeof globalThis.fetch =>
  async (input) => {
    const url = input instanceof Request ? input.url : String(input);
    const answer = await http.get(url, () => ({ accept: 'application/json' }), signal);
    if (answer.status !== 200) {
      await answer.body?.cancel();
      throw statusProblem(answer, `The repository ${name}`, http.hasToken);
    }
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      parts.push(part);
      length += part.length;
      if (length > MOST_BYTES) throw new Error(`${new URL(url).host} answered with more than a list of files can be.`);
    }
    return new Response(Buffer.concat(parts), { status: 200, headers: answer.headers });
  };
