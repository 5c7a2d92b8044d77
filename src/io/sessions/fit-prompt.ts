/** Makes a prompt that fits: first older results are cut, then older entries give way to a summary. Pure. */
import type { SessionEntryView } from '../../contracts/sessions.ts';
import type { Situation } from './mind.ts';
import { promptOf } from './mind-prompt.ts';
import type { Pictures, PromptMessage, Summary } from './mind-prompt.ts';

export interface FitOptions {
  situation: Situation;
  summary: Summary | null;
  native: boolean;
  seesImages: boolean;
  pictures: Pictures;
  /** Most characters in all. */
  characters: number;
}

export type Fitted =
  | { kind: 'fits'; messages: PromptMessage[]; length: number }
  /** Entries before `upTo` have to give way to a summary of at most `most` characters. */
  | { kind: 'condense'; upTo: number; most: number }
  | { kind: 'too-small' };

const OLDER = [1500, 400, 120];
/** What is left free after summing up, so that it need not happen again at the next step. */
const AFTER = 0.6;

/** Newest steps and answers are never summed up. */
const KEPT = 1;

const placesToCut = (entries: readonly SessionEntryView[], upTo: number): number[] => {
  const own = entries.filter(({ seq, kind }) => seq >= upTo && (kind === 'step' || kind === 'question'));
  return own.slice(1, Math.max(1, own.length - KEPT + 1)).map(({ seq }) => seq);
};

export const fitPrompt = (options: FitOptions): Fitted => {
  const { situation, summary, native, seesImages, pictures, characters } = options;
  const made = (newest: number, older: number, given: Summary | null, sees = seesImages) =>
    promptOf(situation, given, { native, seesImages: sees, newest, older }, pictures);
  const half = Math.floor(characters / 2);

  for (const older of OLDER)
    for (const newest of [Infinity, half]) {
      const prompt = made(newest, older, summary);
      if (prompt.length <= characters) return { kind: 'fits', ...prompt };
    }
  const most = Math.max(200, Math.min(3000, Math.floor(characters / 6)));
  const places = placesToCut(situation.entries, summary?.upTo ?? 0);
  if (places.length > 0) {
    // The later the cut, the shorter the prompt.
    const isEnough = (upTo: number): boolean =>
      made(Math.floor(characters / 4), 400, { upTo, text: 'x'.repeat(most) }).length <= characters * AFTER;
    let [low, high] = [0, places.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isEnough(places[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    const upTo = places[low];
    if (upTo !== undefined) return { kind: 'condense', upTo, most };
  }
  for (const share of [4, 8, 16, 64]) {
    const prompt = made(Math.floor(characters / share), 120, summary, seesImages && share === 4);
    if (prompt.length <= characters) return { kind: 'fits', ...prompt };
  }
  return { kind: 'too-small' };
};
