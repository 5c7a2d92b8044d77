import type { RunView } from '../../contracts/runs.ts';
import type { Colour } from './colors.ts';
import { duration } from './format.ts';

const COLOURS: Readonly<Record<RunView['state'], Colour | null>> = {
  queued: 'yellow',
  running: 'cyan',
  completed: 'green',
  failed: 'red',
  timeout: 'red',
  cancelled: 'dim',
};

export const runCell = ({ state, position }: RunView): { text: string; colour: Colour | null } => ({
  text: position === null ? state : `${state} (${position} before it)`,
  colour: COLOURS[state],
});

export const runDuration = ({ startedAt, finishedAt }: RunView, now: number): string =>
  startedAt === null ? '–' : duration((finishedAt ?? now) - startedAt);

/** "12 tokens, $0.0123"; empty when nothing is known. */
export const runCost = ({ usage, costUsd }: RunView): string =>
  [
    usage === null ? '' : `${usage.totalTokens} tokens`,
    costUsd === null ? '' : `$${costUsd.toFixed(costUsd < 0.1 ? 4 : 2)}`,
  ]
    .filter((part) => part !== '')
    .join(', ');

/** Terminal colours pass; every other control sequence could rewrite the terminal and is shown as U+FFFD. */
export const coloursOnly = (text: string): string =>
  text.replace(CONTROLS, (found) => (COLOUR.test(found) ? found : '\uFFFD'));

const ESCAPE = '\\u001b';
const COLOUR = new RegExp(`^${ESCAPE}\\[[0-9;]*m$`, 'u');
const CONTROLS = new RegExp(`${ESCAPE}\\[[0-9;]*m|[^\\P{Cc}\\n\\t\\r]`, 'gu');
