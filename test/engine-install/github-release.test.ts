import { describe, expect, it } from 'vitest';
import { chooseAsset } from '../../src/io/engine/github-release.ts';
import type { Release, Target } from '../../src/io/engine/github-release.ts';

const release = (names: string[]): Release => ({
  tag_name: 'b1',
  assets: names.map((name) => ({
    name,
    browser_download_url: `https://h/${name}`,
    size: 1,
    digest: `sha256:${'A'.repeat(64)}`,
  })),
});
const NOW = [
  'cudart-llama-bin-win-cuda-12.4-x64.zip',
  'llama-b1-bin-310p-openEuler-x86.tar.gz',
  'llama-b1-bin-android-arm64.tar.gz',
  'llama-b1-bin-macos-arm64-kleidiai.tar.gz',
  'llama-b1-bin-macos-arm64.tar.gz',
  'llama-b1-bin-macos-x64.tar.gz',
  'llama-b1-bin-ubuntu-vulkan-x64.tar.gz',
  'llama-b1-bin-ubuntu-arm64.tar.gz',
  'llama-b1-bin-ubuntu-x64.tar.gz',
  'llama-b1-bin-win-cpu-arm64.zip',
  'llama-b1-bin-win-cpu-x64.zip',
  'llama-b1-bin-win-cuda-12.4-x64.zip',
  'llama-b1-xcframework.zip',
];
const BEFORE = ['llama-b1-bin-ubuntu-x64.zip', 'llama-b1-bin-macos-arm64.zip', 'llama-b1-bin-win-avx2-x64.zip'];
const TAR: Target['archives'] = ['tar.gz'];
const BOTH: Target['archives'] = ['tar.gz', 'zip'];
const ZIP_FIRST: Target['archives'] = ['zip', 'tar.gz'];

describe('the archive for a machine', () => {
  it.each([
    [NOW, 'linux', 'x64', TAR, 'llama-b1-bin-ubuntu-x64.tar.gz'],
    [NOW, 'linux', 'arm64', TAR, 'llama-b1-bin-ubuntu-arm64.tar.gz'],
    [NOW, 'darwin', 'arm64', BOTH, 'llama-b1-bin-macos-arm64.tar.gz'],
    [NOW, 'darwin', 'x64', BOTH, 'llama-b1-bin-macos-x64.tar.gz'],
    [NOW, 'win32', 'x64', ZIP_FIRST, 'llama-b1-bin-win-cpu-x64.zip'],
    [NOW, 'win32', 'arm64', ZIP_FIRST, 'llama-b1-bin-win-cpu-arm64.zip'],
    [BEFORE, 'linux', 'x64', BOTH, 'llama-b1-bin-ubuntu-x64.zip'],
    [BEFORE, 'darwin', 'arm64', BOTH, 'llama-b1-bin-macos-arm64.zip'],
    [BEFORE, 'win32', 'x64', ZIP_FIRST, 'llama-b1-bin-win-avx2-x64.zip'],
    [[...BEFORE, ...NOW], 'linux', 'x64', BOTH, 'llama-b1-bin-ubuntu-x64.tar.gz'],
  ] as const)('of %#: %s', (names, platform, arch, archives, expected) => {
    const asset = chooseAsset(release([...names]), { platform, arch, archives });
    expect(asset).toMatchObject({ name: expected, url: `https://h/${expected}`, sha256: 'a'.repeat(64) });
    expect(expected.endsWith(asset.archive)).toBe(true);
  });

  it.each([
    [NOW, 'linux', 'riscv64', BOTH],
    [BEFORE, 'linux', 'x64', TAR],
    [[], 'win32', 'x64', ZIP_FIRST],
  ] as const)('is missing in %#', (names, platform, arch, archives) => {
    expect(() => chooseAsset(release([...names]), { platform, arch, archives })).toThrow(
      `no archive for ${platform} on ${arch}`,
    );
  });
});
