/** Reads a tool's progress from what it writes, by the rules of the tool. */
import type { ToolProgress } from '../../../machines/media.machine.ts';
import type { MediaProgressRule } from '../../contracts/media-tool.ts';

export type ToolStream = 'stdout' | 'stderr';

export interface ProgressReader {
  /** Takes output as it comes, in any pieces. */
  add(stream: ToolStream, text: string): void;
  /** The last lines of its complaints, or of what it wrote when it has none, oldest first; redrawn ones count once. */
  lastLines(): string[];
}

/** A tool that never ends its line must not fill the memory. */
const LONGEST_LINE = 4096;
const KEPT_LINES = 20;

interface Seen {
  total: number | null;
  duration: number | null;
}

/** "0:01:02.5" or "62.5" as seconds; null when it is neither. */
export const secondsOf = (text: string): number | null => {
  const parts = text.trim().split(':').map(Number);
  if (parts.length > 3 || parts.some((part) => !Number.isFinite(part))) return null;
  return parts.reduce((sum, part) => sum * 60 + part, 0);
};

const numberOf = (text: string | undefined): number | null => {
  const number = text === undefined ? NaN : Number(text);
  return Number.isFinite(number) ? number : null;
};

const share = (part: number | null, whole: number | null): number | null =>
  part === null || whole === null || whole <= 0 ? null : (part / whole) * 100;

/** 0–100 of what this rule speaks of; null when the line does not say, or not yet. */
const percentIn = (
  groups: Readonly<Record<string, string | undefined>>,
  seen: Seen,
  longest: number,
): number | null => {
  const { percent, step, total, time, us, duration } = groups;
  seen.total = numberOf(total) ?? seen.total;
  seen.duration = (duration === undefined ? null : secondsOf(duration)) ?? seen.duration;
  if (percent !== undefined) return numberOf(percent);
  if (step !== undefined) return share(numberOf(step), seen.total);
  const microseconds = numberOf(us);
  const at = microseconds === null ? (time === undefined ? null : secondsOf(time)) : microseconds / 1e6;
  const whole = Math.min(seen.duration ?? Infinity, longest);
  return share(at, Number.isFinite(whole) ? whole : null);
};

const bounded = (percent: number): number => Math.min(100, Math.max(0, percent));

/**
 * @param longest how much of the input is worked on at most, in seconds
 * @param tell    hears of each line that says something, whether or not it is news
 */
export const progressReader = (
  rules: readonly MediaProgressRule[],
  longest: number | null,
  tell: (progress: ToolProgress) => void,
): ProgressReader => {
  const compiled = rules.map((rule) => ({ ...rule, expression: new RegExp(rule.pattern) }));
  const seen: Seen = { total: null, duration: null };
  const books = { stdout: lineBook(), stderr: lineBook() };
  let span = { from: 0, to: 100 };

  const read = (line: string): void => {
    for (const { expression, stage, from, to } of compiled) {
      const match = expression.exec(line);
      if (match === null) continue;
      if (from !== undefined || to !== undefined) span = { from: from ?? span.from, to: to ?? 100 };
      const groups = match.groups ?? {};
      const inner = percentIn(groups, seen, longest ?? Infinity);
      const begins = from !== undefined && stage !== undefined ? from : null;
      const percent = inner === null ? begins : span.from + ((span.to - span.from) * bounded(inner)) / 100;
      const message = groups['message']?.trim() ?? null;
      if (percent === null && stage === undefined && message === null) return;
      tell({ type: 'tool.progressed', percent, stage: stage ?? null, message });
      return;
    }
  };

  return {
    add(stream, text) {
      for (const line of books[stream].add(text)) read(line);
    },
    lastLines() {
      const complaints = books.stderr.last();
      return complaints.length > 0 ? complaints : books.stdout.last();
    },
  };
};

/** Cuts one stream into lines and keeps the last ones. */
const lineBook = () => {
  const kept: string[] = [];
  let rest = '';
  let redrawn = false;
  /** A line that ends in a carriage return is drawn over by the next. */
  const keep = (line: string, redraws: boolean): void => {
    if (redrawn) kept.pop();
    redrawn = redraws;
    kept.push(line);
    if (kept.length > KEPT_LINES) kept.shift();
  };
  return {
    add(text: string): string[] {
      const parts = (rest + text).split(/(\r\n|\n|\r)/);
      rest = (parts.pop() ?? '').slice(0, LONGEST_LINE);
      const lines: string[] = [];
      for (let index = 0; index + 1 < parts.length; index += 2) {
        const line = (parts[index] ?? '').slice(0, LONGEST_LINE).trimEnd();
        if (line === '') continue;
        keep(line, parts[index + 1] === '\r');
        lines.push(line);
      }
      return lines;
    },
    last: (): string[] => [...kept, ...(rest.trim() === '' ? [] : [rest.trimEnd()])].slice(-KEPT_LINES),
  };
};
