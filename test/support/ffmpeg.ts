/** A real ffmpeg and ffprobe as programs on a PATH of the test's own. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianProgram } from './debian-program.ts';

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/**
 * Writes `ffmpeg` and `ffprobe` into a folder below `folder`, and resolves with that folder for a PATH.
 *
 * Programs of Debian's packages are started through their own loader, which a PATH alone cannot say.
 */
export const ffmpegFolder = async (folder: string): Promise<string> => {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  const { command, prefixArgs } = await debianProgram('ffmpeg', 'ffmpeg', 'usr/bin/ffmpeg', ['ocl-icd-libopencl1']);
  for (const name of ['ffmpeg', 'ffprobe']) {
    const words = [command, ...prefixArgs].map((word) => word.replace(/(^|\/)ffmpeg$/, `$1${name}`));
    await writeFile(join(bin, name), `#!/bin/sh\nexec ${words.map(quoted).join(' ')} "$@"\n`, { mode: 0o755 });
  }
  return bin;
};
