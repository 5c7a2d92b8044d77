/** What happens in a browser besides what was asked for: told at once to the session, and in words to the model with the next result. */
import type { BrowserEvent } from './browser.ts';

export interface Report {
  refused(what: string, why: string): void;
  /** A place that may be reached did not answer. */
  failed(what: string, why: string): void;
  dialog(kind: string, message: string): void;
  note(text: string): void;
  /** An action begins: what it meets is told anew. */
  begin(): void;
  /** Why an address was not opened since the action began; `refused` or not. */
  why(url: string): { refused: boolean; why: string } | null;
  /** Takes the notes. */
  take(): string[];
}

/** A page that tries a thousand things is told of these. */
const MOST_TOLD = 30;
const MOST_NOTES = 12;
const LONGEST = 400;

/** An address as it is told: one line, without what a proxy does not see of it. */
const short = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/** How the proxy calls the place of a tunnel. */
const tunnelOf = (url: string): string => {
  const parsed = URL.parse(url);
  if (parsed === null) return url;
  return `${parsed.hostname}:${parsed.port === '' ? (parsed.protocol === 'https:' ? '443' : '80') : parsed.port}`;
};

export const openReport = (on: (event: BrowserEvent) => void): Report => {
  const told = new Map<string, { refused: boolean; why: string }>();
  let notes: string[] = [];
  let missed = 0;
  const note = (text: string): void => {
    if (notes.length < MOST_NOTES) notes.push(short(text));
    else missed += 1;
  };
  return {
    note,
    refused: (what, why) => {
      const known = told.get(what);
      if (known?.refused === true && known.why === why) return;
      if (told.size >= MOST_TOLD) return;
      told.set(what, { refused: true, why });
      on({ type: 'refused', what: short(what), why });
      note(`Refused: ${short(what)}. ${why}`);
    },
    failed: (what, why) => {
      if (told.size < MOST_TOLD && !told.has(what)) told.set(what, { refused: false, why });
    },
    dialog: (kind, message) => {
      on({ type: 'dialog', kind, message });
      const answer =
        kind === 'beforeunload' ? 'it was left all the same' : kind === 'alert' ? 'it was closed' : 'the answer was no';
      note(`The page showed a dialogue (${kind}) “${message.replace(/\s+/g, ' ')}”; ${answer}.`);
    },
    begin: () => told.clear(),
    why: (url) => told.get(url) ?? told.get(tunnelOf(url)) ?? null,
    take: () => {
      const all = missed > 0 ? [...notes, `… and ${missed} more of this kind.`] : notes;
      notes = [];
      missed = 0;
      return all;
    },
  };
};
