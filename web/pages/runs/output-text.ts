/** What a run wrote as lines for the page: terminal colours, carriage returns, and which of its outputs each came from. Pure. */
import type { RunPieceView } from '../../../src/contracts/runs.ts';
import { ansiLine, PLAIN } from '../logs/ansi.ts';
import type { AnsiSpan, AnsiStyle } from '../logs/ansi.ts';

export interface OutputLine {
  stream: RunPieceView['stream'];
  spans: AnsiSpan[];
}

/** Lines that are drawn and skipped together. The last one grows; the others never change. */
export interface OutputBlock {
  id: number;
  lines: readonly OutputLine[];
}

export interface OutputText {
  add(pieces: readonly RunPieceView[]): void;
  /** A new array whose unchanged blocks are the same objects. */
  blocks(): readonly OutputBlock[];
  /** Lines that were left out at the beginning. */
  dropped(): number;
  lines(): number;
}

const BLOCK = 200;
const MOST_BLOCKS = 100;
const LONGEST_LINE = 20_000;

/** A progress bar writes over its own line: what counts is what stands behind the last return. */
const overwritten = (text: string): string => {
  const line = text.endsWith('\r') ? text.slice(0, -1) : text;
  return line.slice(line.lastIndexOf('\r') + 1);
};

export const createOutputText = (): OutputText => {
  let blocks: OutputBlock[] = [];
  let closed: OutputLine[] = [];
  let dropped = 0;
  let nextId = 0;
  /** The line that has no end yet. */
  let open = '';
  let stream: RunPieceView['stream'] = 'stdout';
  let style: AnsiStyle = PLAIN;

  const close = (): void => {
    const { spans, style: after } = ansiLine(overwritten(open).slice(0, LONGEST_LINE), style);
    closed.push({ stream, spans });
    style = after;
    open = '';
    if (closed.length < BLOCK) return;
    blocks.push({ id: nextId++, lines: closed });
    closed = [];
    if (blocks.length > MOST_BLOCKS) {
      dropped += blocks[0]?.lines.length ?? 0;
      blocks = blocks.slice(1);
    }
  };

  return {
    add(pieces) {
      for (const piece of pieces) {
        if (piece.stream !== stream) {
          if (open !== '') close();
          stream = piece.stream;
        }
        const parts = piece.text.split('\n');
        for (const [index, part] of parts.entries()) {
          open += part;
          if (index < parts.length - 1) close();
        }
      }
    },
    blocks() {
      const last = open === '' ? closed : [...closed, { stream, spans: ansiLine(overwritten(open), style).spans }];
      return last.length === 0 ? [...blocks] : [...blocks, { id: nextId, lines: [...last] }];
    },
    dropped: () => dropped,
    lines: () => dropped + blocks.length * BLOCK + closed.length + (open === '' ? 0 : 1),
  };
};
