/** Chooses the archive of a llama.cpp release that fits this machine. */
import { z } from 'zod';

/** The part of GitHub's answer that is used; see https://docs.github.com/rest/releases/releases#get-the-latest-release. */
export const Release = z.object({
  tag_name: z.string().min(1),
  assets: z.array(
    z.object({
      name: z.string().min(1),
      browser_download_url: z.url(),
      size: z.int().nonnegative(),
      /** "sha256:<hex>"; null for files uploaded before GitHub computed it. */
      digest: z.string().nullish(),
    }),
  ),
});
export type Release = z.infer<typeof Release>;

export interface Asset {
  name: string;
  url: string;
  size: number;
  /** Lower-case hex. */
  sha256: string;
  archive: 'tar.gz' | 'zip';
}

export interface Target {
  platform: NodeJS.Platform;
  arch: NodeJS.Architecture;
  /** Archive kinds that can be unpacked here, best first. */
  archives: readonly Asset['archive'][];
}

/** The part of the file name between "-bin-" and the extension, newest naming first. */
const TARGET_NAMES: Record<string, readonly string[]> = {
  'linux-x64': ['ubuntu-x64', 'ubuntu-cpu-x64'],
  'linux-arm64': ['ubuntu-arm64', 'ubuntu-cpu-arm64'],
  'linux-s390x': ['ubuntu-s390x'],
  'darwin-arm64': ['macos-arm64'],
  'darwin-x64': ['macos-x64'],
  'win32-x64': ['win-cpu-x64', 'win-avx2-x64'],
  'win32-arm64': ['win-cpu-arm64', 'win-arm64'],
};

/** Rejects by throwing an Error that says what the release offers instead. */
export const chooseAsset = (release: Release, target: Target): Asset => {
  const names = TARGET_NAMES[`${target.platform}-${target.arch}`] ?? [];
  for (const name of names) {
    for (const archive of target.archives) {
      const found = release.assets.find(
        (asset) => asset.name.startsWith('llama-') && asset.name.endsWith(`-bin-${name}.${archive}`),
      );
      if (!found) continue;
      const sha256 = /^sha256:([0-9a-f]{64})$/i.exec(found.digest ?? '')?.[1];
      if (sha256 === undefined)
        throw new Error(`${found.name} of release ${release.tag_name} has no sha256 digest, so it cannot be verified`);
      return {
        name: found.name,
        url: found.browser_download_url,
        size: found.size,
        sha256: sha256.toLowerCase(),
        archive,
      };
    }
  }
  throw new Error(`release ${release.tag_name} has no archive for ${target.platform} on ${target.arch}`);
};
