/** What can be said of a model to begin with, once the hub was asked. Pure. */
import type { DownloadOptionsView } from '../../../src/contracts/downloads.ts';
import { CodedError } from '../../../src/contracts/errors.ts';
import type { StarterModel } from '../../data/starter-models.ts';
import { bytes } from '../../format/numbers.ts';
import { messageOf } from '../../state/toasts.ts';

export type StarterOffer =
  /** It is there and this machine can hold it. */
  | { kind: 'offered'; source: string; size: number; partly: boolean }
  /** The hub was asked, and it is not for this machine or not there. */
  | { kind: 'not'; why: string }
  /** The hub could not be asked, so nobody knows. */
  | { kind: 'unknown'; why: string };

/** What `downloads:options` is asked with. */
export const repoSource = ({ repo }: StarterModel): string => `hf:${repo}`;

export const offerOf = (model: StarterModel, options: DownloadOptionsView): StarterOffer => {
  const wanted = options.variants.find(({ quant }) => quant?.toUpperCase() === model.quant);
  if (wanted === undefined) {
    const others = options.variants.flatMap(({ quant }) => quant ?? []);
    const has = others.length === 0 ? 'no model at all' : others.slice(0, 4).join(', ');
    return { kind: 'not', why: `Its repository has no ${model.quant} now; it has ${has}.` };
  }
  if (options.gated)
    return { kind: 'not', why: 'Its owner wants terms to be accepted on its page first; `llamactor pull` says how.' };
  const size = wanted.size + wanted.mmprojSize;
  if (wanted.fit === 'no') return { kind: 'not', why: `${bytes(size)}: more than this machine’s memory holds.` };
  return { kind: 'offered', source: `${repoSource(model)}:${model.quant}`, size, partly: wanted.fit === 'partly' };
};

/** Only an answer of the hub is one: whatever kept it from answering leaves the question open. */
export const refusedOffer = (error: unknown): StarterOffer => {
  const answered = error instanceof CodedError && (error.code === 'NOT_FOUND' || error.code === 'FORBIDDEN');
  return { kind: answered ? 'not' : 'unknown', why: messageOf(error) };
};

/** Why nobody knows of any of them, when that is the same for all: it is told once then. Null otherwise. */
export const commonCause = (offers: readonly (StarterOffer | undefined)[]): string | null => {
  const [first] = offers;
  if (first?.kind !== 'unknown') return null;
  return offers.every((offer) => offer?.kind === 'unknown' && offer.why === first.why) ? first.why : null;
};
