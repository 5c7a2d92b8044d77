/** What is known of a part beside its bytes: which file it belongs to, and which ranges of it have arrived. */
import { readFile, rm, stat } from 'node:fs/promises';
import { z } from 'zod';
import { writeJsonAtomically } from '../engine/atomic-json.ts';

/** Bytes `from` to `to` (exclusive), of which the first `done` are on disk. */
export const Segment = z.object({ from: z.int().min(0), to: z.int().min(0), done: z.int().min(0) });
export type Segment = z.infer<typeof Segment>;

/** What tells that the file is still the same, and whose word that is: other hosts of one file name it differently. */
export const Validator = z.object({ origin: z.string(), value: z.string(), kind: z.enum(['etag', 'last-modified']) });
export type Validator = z.infer<typeof Validator>;

export const PartState = z.object({
  version: z.literal(1),
  size: z.int().min(0),
  sha256: z.string().nullable(),
  validator: Validator.nullable(),
  segments: z.array(Segment).max(64),
});
export type PartState = z.infer<typeof PartState>;

const stateOf = (part: string): string => `${part}.json`;

/** The ranges cover the file exactly once, and none is fuller than it can be. */
const isWhole = ({ segments, size }: PartState): boolean => {
  let at = 0;
  for (const { from, to, done } of segments) {
    if (from !== at || to < from || done > to - from) return false;
    at = to;
  }
  return at === size;
};

export const receivedOf = ({ segments }: { segments: readonly Segment[] }): number =>
  segments.reduce((sum, { done }) => sum + done, 0);

/** The state of a part that can be gone on with, or null: there is none, it is damaged, or it is of another file. */
export const readPartState = async (
  part: string,
  expected: { size: number; sha256: string | null },
): Promise<PartState | null> => {
  const [text, info] = await Promise.all([
    readFile(stateOf(part), 'utf8').catch(() => null),
    stat(part).catch(() => null),
  ]);
  if (text === null || info?.size !== expected.size) return null;
  try {
    const state = PartState.parse(JSON.parse(text));
    const fits = state.size === expected.size && state.sha256 === expected.sha256 && isWhole(state);
    return fits ? state : null;
  } catch {
    return null;
  }
};

export const writePartState = (part: string, state: PartState): Promise<void> =>
  writeJsonAtomically(stateOf(part), state);

export const removePart = async (part: string): Promise<void> => {
  await rm(part, { force: true });
  await rm(stateOf(part), { force: true });
};
