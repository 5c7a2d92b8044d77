/** What is known of a model before it is asked. */
import type { ModelView } from '../../contracts/views.ts';

/** Context of a model that does not say. */
const CONTEXT = 4096;

export const canChat = ({ metadata, problem }: ModelView): boolean =>
  problem === null && metadata?.outputModalities.includes('text') !== false;

/** Tokens that it takes, the answer's among them: what it was loaded with, else what it would be. */
export const contextOf = ({ contextSize, ctx_size: wanted, metadata }: ModelView): number => {
  if (contextSize !== null) return contextSize;
  return wanted > 0 ? wanted : (metadata?.contextLength ?? CONTEXT);
};
