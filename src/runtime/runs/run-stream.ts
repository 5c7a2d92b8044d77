/**
 * What running runs write, on its way to disk and to whoever follows: small parts are put together for a few milliseconds, and
 * lines that say what an agent does are read in passing. Nothing of it is an event of a machine.
 */
import type { RunPieceView } from '../../contracts/runs.ts';
import { activityOf } from '../../io/runs/parse-output.ts';
import type { RunOutput } from '../../io/runs/run-output.ts';
import type { RunStream } from '../../io/runs/run-process.ts';

export interface RunStreams {
  take(id: string, stream: RunStream, text: string): void;
  /** Hands on what is held back, and forgets the run. */
  end(id: string): void;
}

/** How long parts are put together, ms. A follower sees nothing later than this. */
const TOGETHER_MS = 4;
const LONGEST_PART = 64 * 1024;
/** A line that is longer says nothing short. */
const LONGEST_LINE = 256 * 1024;

interface Held {
  stream: RunStream;
  parts: string[];
  length: number;
  timer: NodeJS.Timeout | null;
  /** The last line of stdout, as far as it has come; null when it is too long to be read. */
  line: string | null;
}

export const createRunStreams = (options: {
  output: Pick<RunOutput, 'add'>;
  onPiece(id: string, piece: RunPieceView): void;
  onActivity(id: string, words: string): void;
}): RunStreams => {
  const runs = new Map<string, Held>();

  const flush = (id: string, held: Held): void => {
    if (held.timer !== null) clearTimeout(held.timer);
    held.timer = null;
    if (held.parts.length === 0) return;
    const text = held.parts.join('');
    held.parts = [];
    held.length = 0;
    const piece = options.output.add(id, held.stream, text);
    if (piece !== null) options.onPiece(id, piece);
  };

  const readLines = (id: string, held: Held, text: string): void => {
    const lines = text.split('\n');
    const rest = lines.pop() ?? '';
    for (const [index, part] of lines.entries()) {
      const line = index === 0 ? (held.line === null ? null : held.line + part) : part;
      const words = line?.startsWith('{') === true ? activityOf(line) : null;
      if (words !== null) options.onActivity(id, words);
    }
    const whole = lines.length > 0 ? rest : held.line === null ? null : held.line + rest;
    // Only what may become an event of an agent is collected.
    held.line =
      whole === null || whole === '' || (whole.startsWith('{') && whole.length <= LONGEST_LINE) ? whole : null;
  };

  return {
    take(id, stream, text) {
      const held = runs.get(id) ?? { stream, parts: [], length: 0, timer: null, line: '' };
      runs.set(id, held);
      if (held.stream !== stream) flush(id, held);
      held.stream = stream;
      held.parts.push(text);
      held.length += text.length;
      if (held.length >= LONGEST_PART) flush(id, held);
      else held.timer ??= setTimeout(() => flush(id, held), TOGETHER_MS);
      if (stream === 'stdout') readLines(id, held, text);
    },
    end(id) {
      const held = runs.get(id);
      if (held === undefined) return;
      flush(id, held);
      runs.delete(id);
    },
  };
};
