import { createHash } from 'node:crypto';
import { constants, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { GgufMetadataView } from '../../contracts/views.ts';
import { ByteWindow, GgufProblem } from './byte-window.ts';
import { ggufFacts, numberAt, textAt } from './gguf-facts.ts';
import type { GgufFacts } from './gguf-facts.ts';
import { ggufView, projectorInputs } from './gguf-view.ts';
import { skimGguf } from './skim-gguf.ts';
import type { Skim } from './skim-gguf.ts';
import { tensorSizes } from './tensor-size.ts';

export interface Projector {
  inputs: ('image' | 'audio')[];
  /** Width of the embeddings it hands to the model; null where the header does not say. */
  projectionLength: number | null;
}

export interface GgufHeader {
  metadata: GgufMetadataView | null;
  facts: GgufFacts | null;
  /** Set when the file is no model but adds images or sound to one. */
  projector: Projector | null;
  /** Why the file cannot be used, one sentence; `metadata` may be there all the same. */
  problem: string | null;
}

export interface Inspection extends GgufHeader {
  fingerprint: string | null;
}

const EDGE = 64 * 1024;
const nothing = (problem: string): GgufHeader => ({ metadata: null, facts: null, projector: null, problem });
const mib = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

const OTHER_KINDS: Readonly<Record<string, string>> = {
  adapter: 'This is a LoRA adapter, not a model: give it to a model with the parameter "lora".',
  imatrix: 'This is an importance matrix, which is only of use while quantizing; it is no model.',
};

const projectorOf = (skim: Skim): Projector | null => {
  if (textAt(skim, 'general.type') !== 'mmproj' && textAt(skim, 'general.architecture') !== 'clip') return null;
  // Only files of the newer kind state the model's width here; older ones put the encoder's own width under the same key.
  const modern = textAt(skim, 'general.type') === 'mmproj';
  const length = numberAt(skim, 'clip.vision.projection_dim') ?? numberAt(skim, 'clip.audio.projection_dim');
  return { inputs: projectorInputs(skim), projectionLength: modern ? length : null };
};

const problemOf = (skim: Skim, size: number): string | null => {
  const sizes = tensorSizes(skim.tensors);
  const end = skim.tensors.reduce(
    (most, { offset }, i) => Math.max(most, skim.dataStart + offset + (sizes[i] ?? 0)),
    0,
  );
  if (end > size) {
    return `The file is incomplete: it has ${mib(size)} of ${mib(end)}. Its download or copy was not finished; fetch it again.`;
  }
  const other = OTHER_KINDS[textAt(skim, 'general.type') ?? 'model'];
  if (other !== undefined) return other;
  if (textAt(skim, 'general.architecture') === null)
    return 'The header does not name an architecture, so no engine can load it. Fetch the file again.';
  const shard = (numberAt(skim, 'split.count') ?? 0) > 1;
  return skim.tensors.length === 0 && !shard ? 'The file holds a vocabulary but no weights; it is no model.' : null;
};

const readHeader = async (handle: FileHandle, size: number, path: string): Promise<GgufHeader> => {
  if (size === 0) return nothing('The file is empty: its download or copy was not finished. Fetch it again.');
  const skim = await skimGguf(new ByteWindow(handle, size));
  const facts = ggufFacts(skim);
  return {
    metadata: ggufView(skim, facts, basename(path)),
    facts,
    projector: projectorOf(skim),
    problem: problemOf(skim, size),
  };
};

/** Size and both ends: cheap for a 100 GB file, and different for any two models, whose headers lie in the first end. */
const fingerprintOf = async (handle: FileHandle, size: number): Promise<string> => {
  const length = Math.min(size, EDGE);
  const edge = Buffer.alloc(length);
  const hash = createHash('sha256');
  for (const position of [0, size - length]) {
    const { bytesRead } = await handle.read(edge, 0, length, position);
    hash.update(edge.subarray(0, bytesRead));
  }
  return `${size}-${hash.digest('hex').slice(0, 32)}`;
};

/** What the file system's refusals mean for a model file. */
export const accessProblem = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'The file may not be read by this user. Give it read permission.';
    case 'ENOENT':
      return 'The file is gone, or it is a link to one that is. Restore it or remove the link.';
    case 'EISDIR':
      return 'This is a folder, not a file.';
    case 'ELOOP':
      return 'The link leads back to itself. Remove it.';
    default:
      return `The file cannot be read (${code}). Check the disk.`;
  }
};

const openAnd = async <T>(
  path: string,
  use: (handle: FileHandle, size: number) => Promise<T>,
  fail: (problem: string) => T,
): Promise<T> => {
  let handle: FileHandle;
  try {
    // A pipe named like a model would otherwise hold one of the few file threads until someone writes to it.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return fail(accessProblem(error));
  }
  try {
    const info = await handle.stat();
    if (info.isDirectory()) return fail('This is a folder, not a file.');
    if (!info.isFile()) return fail('This is not a regular file.');
    return await use(handle, info.size);
  } catch (error) {
    return fail(error instanceof GgufProblem ? error.message : accessProblem(error));
  } finally {
    await handle.close();
  }
};

/**
 * Reads the header of a local GGUF file. Never throws for the file's sake: whatever is wrong with it (missing, unreadable, a
 * folder, not GGUF, cut off, an unknown version) is said in `problem`.
 */
export const readGgufHeader = (path: string): Promise<GgufHeader> =>
  openAnd(path, (handle, size) => readHeader(handle, size, path), nothing);

/** The header together with the fingerprint, with one opening of the file. */
export const inspectFile = async (path: string): Promise<Inspection> => {
  let fingerprint: string | null = null;
  const header = await openAnd(
    path,
    async (handle, size) => {
      fingerprint = await fingerprintOf(handle, size);
      return readHeader(handle, size, path);
    },
    nothing,
  );
  return { ...header, fingerprint };
};
