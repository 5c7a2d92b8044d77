/** Steps in words for a model, with what pages say marked as nothing but data. Pure. */
import type { SessionEntryView } from '../../contracts/sessions.ts';

type Step = Extract<SessionEntryView, { kind: 'step' }>;

export const oneLine = (text: string, most: number): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > most ? `${line.slice(0, Math.max(0, most - 1))}…` : line;
};

/** Nothing inside can end the mark: no page closes it, however it is written. */
export const untrusted = (text: string): string =>
  `<untrusted>${text.replaceAll(/<(\s*\/?\s*untrusted)/gi, '‹$1')}</untrusted>`;

/** `most` characters of what the page said. A result of several lines keeps them where there is room. */
export const resultOf = ({ state, why, result }: Step, most: number | null): string => {
  if (state === 'refused') return `Refused: ${why ?? 'it was not allowed'} Do not try it in another way.`;
  if (state === 'waiting' || state === 'running')
    return 'It was interrupted; whether it was done is not known. Look at the page first.';
  const told = state === 'failed' && why !== null && !result.includes(why) ? `${why}\n${result}` : result;
  const short = most === null || told.length <= most ? told : most <= 200 ? oneLine(told, most) : cutLines(told, most);
  return `${state === 'failed' ? 'Failed' : 'Done'}: ${untrusted(short)}`;
};

const cutLines = (text: string, most: number): string => {
  const end = text.lastIndexOf('\n', most);
  const kept = text.slice(0, end > most / 2 ? end : most);
  return `${kept}\n[… ${text.length - kept.length} characters left out]`;
};

/** Whether a summary has to speak of it. */
export const isData = ({ kind }: SessionEntryView): boolean =>
  kind === 'step' || kind === 'question' || kind === 'note';

/** One line for a summary. */
export const asLine = (entry: SessionEntryView, most: number): string => {
  switch (entry.kind) {
    case 'step':
      return `- ${oneLine(entry.title, 200)}: ${oneLine(resultOf(entry, most).replaceAll(/<\/?untrusted>/g, ''), most + 40)}`;
    case 'question':
      return `- Asked the person: ${oneLine(entry.text, most)} Answer: ${oneLine(entry.answer ?? 'none', most)}`;
    case 'note':
      return `- ${oneLine(entry.text, most)}`;
    default:
      return '';
  }
};
