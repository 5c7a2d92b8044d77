import type { SessionEntryView, SessionView } from '../../contracts/sessions.ts';
import type { Colour } from './colors.ts';
import { oneLine } from './sanitize.ts';

const COLOURS: Readonly<Record<SessionView['status'], Colour | null>> = {
  init: 'yellow',
  running: 'cyan',
  pause: 'yellow',
  call_user: 'yellow',
  end: 'green',
  max_loop: 'red',
  user_stopped: 'dim',
  error: 'red',
};
const WORDS: Readonly<Record<SessionView['status'], string>> = {
  init: 'begins',
  running: 'works',
  pause: 'paused',
  call_user: 'asks you',
  end: 'done',
  max_loop: 'out of steps',
  user_stopped: 'ended',
  error: 'failed',
};

export const sessionCell = ({ status, byHand }: SessionView): { text: string; colour: Colour | null } => ({
  text: byHand ? 'in your hand' : WORDS[status],
  colour: COLOURS[status],
});

/** One line of a transcript for a terminal; null for what is not worth one. */
export const entryLine = (entry: SessionEntryView): { text: string; colour: Colour | null } | null => {
  switch (entry.kind) {
    case 'instruction':
      return { text: `> ${oneLine(entry.text)}`, colour: 'cyan' };
    case 'question':
      return {
        text: `? ${oneLine(entry.text)}${entry.answer === null ? '' : ` – ${oneLine(entry.answer)}`}`,
        colour: 'yellow',
      };
    case 'step': {
      if (entry.state === 'running') return null;
      const why = entry.why === null ? '' : `: ${oneLine(entry.why)}`;
      const mark = { waiting: '…', done: '✓', failed: '✗', refused: '⊘' }[entry.state];
      const colour = entry.state === 'done' ? 'green' : entry.state === 'waiting' ? 'yellow' : 'red';
      return { text: `${mark} ${oneLine(entry.title)}${why}`, colour };
    }
    case 'note':
      return { text: `  ${oneLine(entry.text)}`, colour: entry.level === 'error' ? 'red' : 'dim' };
    default:
      return null;
  }
};
