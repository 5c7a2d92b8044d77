/** Scripts that pose as llama-server, and archives that hold them. */
import fs from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

export const NEW_VERSION = 'version: 0.7.0 (build 11669, commit abc1234)';
export const OLD_VERSION = 'version: 6469 (abc1234)';

/** A shell script that answers like llama-server. */
export const engineScript = (version: string = NEW_VERSION): string => `#!/bin/sh
case "$1" in
  --version) echo '${version}' >&2 ;;
  --help) echo '-m,    --model FNAME                    model path to load' ;;
  *) exit 1 ;;
esac
`;

export const writeScript = async (file: string, text: string, mode = 0o755): Promise<string> => {
  await fs.mkdir(path.dirname(file), { recursive: true });
  await fs.writeFile(file, text, { mode });
  return file;
};

export interface TarEntry {
  name: string;
  content?: string | Buffer;
  mode?: number;
  /** Makes the entry a symbolic link. */
  linkTo?: string;
}

/** A gzipped ustar archive, written by hand so that it may hold what tar itself would refuse to write. */
export const tarGz = (entries: readonly TarEntry[]): Buffer => {
  const blocks = entries.flatMap((entry) => {
    const content = Buffer.from(entry.content ?? '');
    return [header(entry, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
};

const header = (entry: TarEntry, size: number): Buffer => {
  const block = Buffer.alloc(512);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  block.write(entry.name, 0);
  block.write(octal(entry.mode ?? 0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(1_700_000_000, 12), 136);
  block.write('        ', 148);
  block.write(entry.linkTo === undefined ? '0' : '2', 156);
  block.write(entry.linkTo ?? '', 157);
  block.write('ustar\0' + '00', 257);
  block.write(
    octal(
      block.reduce((sum, byte) => sum + byte, 0),
      7,
    ) + ' ',
    148,
  );
  return block;
};

/** What a release archive looks like: a folder with the program and its library links. `filler` makes it large. */
export const engineArchive = (script: string = engineScript(), filler = 0): Buffer =>
  tarGz([
    { name: 'llama-b4242/llama-server', content: script, mode: 0o644 },
    { name: 'llama-b4242/libllama.so.0.1', content: incompressible(filler) },
    { name: 'llama-b4242/libllama.so', linkTo: 'libllama.so.0.1' },
  ]);

/** Bytes that gzip cannot shrink, the same in every run. */
const incompressible = (length: number): Buffer => {
  const bytes = Buffer.alloc(length);
  let state = 0x2545f491;
  for (let at = 0; at < length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state & 0xff;
  }
  return bytes;
};
