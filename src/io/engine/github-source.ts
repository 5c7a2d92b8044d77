/** Gets llama-server from llama.cpp's releases. */
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { archiveKinds, unpackArchive } from './archive.ts';
import { download, forgetDownload } from './download.ts';
import { chooseAsset, Release } from './github-release.ts';
import type { Target } from './github-release.ts';
import { httpClient } from './http-client.ts';
import type { HttpClient } from './http-client.ts';
import { bytesProgress } from './progress.ts';
import type { EngineSource } from './types.ts';

export interface GithubOptions {
  /** Base URL of GitHub's REST API, without a slash at the end. */
  apiUrl?: string;
  platform?: NodeJS.Platform;
  arch?: NodeJS.Architecture;
  env?: NodeJS.ProcessEnv;
}

const API_URL = 'https://api.github.com';
const REPOSITORY = 'ggml-org/llama.cpp';

/** The newest release's archive for this platform and processor, without a GPU runtime; verified by its sha256. */
export const githubSource = (options: GithubOptions = {}): EngineSource => ({
  name: 'llama.cpp’s releases on GitHub',
  fetch: async (context) => {
    const env = options.env ?? process.env;
    const platform = options.platform ?? process.platform;
    const client = httpClient();
    try {
      context.report(bytesProgress('asking GitHub for the newest llama.cpp', 0, null));
      const release = await latestRelease(client, options.apiUrl ?? API_URL, context.signal);
      const target: Target = {
        platform,
        arch: options.arch ?? process.arch,
        archives: await archiveKinds(platform, env),
      };
      const asset = chooseAsset(release, target);
      const file = await download(client, {
        url: asset.url,
        // The name comes from outside; only its last, plain part may become a file name.
        name: asset.name.replace(/[^\w.+-]/g, '_'),
        size: asset.size,
        sha256: asset.sha256,
        folder: context.downloads,
        signal: context.signal,
        report: context.report,
      });

      context.report(bytesProgress('unpacking llama-server', 0, null));
      const tree = join(context.scratch, 'tree');
      await mkdir(tree);
      await unpackArchive({ archive: file, kind: asset.archive, folder: tree, env, signal: context.signal });
      const server = await findServer(tree, platform);
      for (const name of await readdir(tree)) await rename(join(tree, name), join(context.folder, name));
      await forgetDownload(file);
      return { layout: { server, loader: null }, label: `github-${release.tag_name}` };
    } finally {
      await client.close();
    }
  },
});

const latestRelease = async (client: HttpClient, apiUrl: string, signal: AbortSignal): Promise<Release> => {
  const url = `${apiUrl}/repos/${REPOSITORY}/releases/latest`;
  const response = await client.get(
    url,
    { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    signal,
  );
  if (response.status !== 200) {
    await response.body?.cancel();
    // GitHub answers 403 or 429 when an address has asked too often without a login.
    const limited = response.headers.get('x-ratelimit-remaining') === '0';
    throw new Error(
      `${new URL(url).host} answered ${response.status}${limited ? ' because its hourly limit for this address is used up' : ''}`,
    );
  }
  const parsed = Release.safeParse(await response.json().catch(() => null));
  if (!parsed.success) throw new Error(`${new URL(url).host} gave an answer that is not a release`);
  return parsed.data;
};

/** Archives differ in their folders ("build/bin", "llama-b1234"), so the program is looked for. */
const findServer = async (tree: string, platform: NodeJS.Platform): Promise<string> => {
  const name = platform === 'win32' ? 'llama-server.exe' : 'llama-server';
  for (const entry of await readdir(tree, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name === name)
      return relative(tree, join(entry.parentPath, entry.name)).split(sep).join('/');
  }
  throw new Error(`the archive holds no ${name}`);
};
