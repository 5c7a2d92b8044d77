import type { GgufMetadataView } from '../../contracts/views.ts';
import type { GgufFacts } from './gguf-facts.ts';

/** One model as it lies on disk: a file, or all shards of one. */
export interface ModelFile {
  /** Unique in one scan; see `assignIds`. */
  id: string;
  /** File name of the first shard, also when that one is missing. */
  name: string;
  /** Where it is, or for a missing first shard where it should be; what llama-server gets as its model. */
  path: string;
  /** The searched folder it was found under, as it was given. */
  folder: string;
  /** `path` below `folder`, with the platform's separators. */
  relativePath: string;
  /** Bytes of all shards that exist. */
  size: number;
  /** Of the shard that changed last, epoch ms. */
  mtimeMs: number;
  /** Paths of the shards that exist, in order; one for an unsharded model. */
  shards: string[];
  /** Projector for images or sound that goes with it. */
  mmproj: string | null;
  metadata: GgufMetadataView | null;
  facts: GgufFacts | null;
  /** Why it cannot be used, one sentence; null when it can. */
  problem: string | null;
  /** Same content, same fingerprint, whatever the path; null when the file could not be read. */
  fingerprint: string | null;
}
