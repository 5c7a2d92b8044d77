/** Says for which machine an executable file was built, by its first bytes. */
import { open } from 'node:fs/promises';

/** ELF `e_machine` values (System V ABI) by the names Node uses in `process.arch`. */
const ELF_MACHINES: Readonly<Record<number, string>> = {
  3: 'ia32',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
};
/** Mach-O `cputype` values (mach/machine.h). */
const MACHO_MACHINES: Readonly<Record<number, string>> = { 0x01000007: 'x64', 0x0100000c: 'arm64' };

export type ExecutableFormat =
  { kind: 'elf' | 'macho' | 'pe'; arch: string | null } | { kind: 'script'; interpreter: string } | { kind: 'unknown' };

const HEAD_BYTES = 256;

/** Reads at most 256 bytes. Rejects when the file cannot be read. */
export const executableFormat = async (file: string): Promise<ExecutableFormat> => {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return formatOf(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
};

const formatOf = (head: Buffer): ExecutableFormat => {
  if (head.length >= 20 && head.readUInt32BE(0) === 0x7f454c46) {
    const machine = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18);
    return { kind: 'elf', arch: ELF_MACHINES[machine] ?? null };
  }
  if (head.length >= 8 && head.readUInt32LE(0) === 0xfeedfacf)
    return { kind: 'macho', arch: MACHO_MACHINES[head.readUInt32LE(4)] ?? null };
  if (head.length >= 2 && head.toString('latin1', 0, 2) === 'MZ') return { kind: 'pe', arch: null };
  const interpreter = /^#!\s*(\S+)/.exec(head.toString('utf8'))?.[1];
  return interpreter === undefined ? { kind: 'unknown' } : { kind: 'script', interpreter };
};

const PLATFORM_KINDS: Partial<Record<NodeJS.Platform, ExecutableFormat['kind']>> = {
  linux: 'elf',
  darwin: 'macho',
  win32: 'pe',
};
const KIND_NAMES = { elf: 'Linux', macho: 'macOS', pe: 'Windows' } as const;

/** Why this machine cannot run a file of that format, or null when the format does not forbid it. */
export const formatMismatch = (format: ExecutableFormat, platform: NodeJS.Platform, arch: string): string | null => {
  if (format.kind === 'unknown')
    return 'it is neither a program for this machine nor a script that begins with a line such as #!/bin/sh';
  if (format.kind === 'script') return null;
  const wanted = PLATFORM_KINDS[platform];
  if (wanted !== undefined && wanted !== format.kind)
    return `it was built for ${KIND_NAMES[format.kind]}, and this machine runs ${platform}`;
  if (format.arch !== null && format.arch !== arch)
    return `it was built for ${format.arch} processors, and this machine is ${arch}`;
  return null;
};
