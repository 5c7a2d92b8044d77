import type { Output } from '../io.ts';
import { oneLine } from './sanitize.ts';

export interface Progress {
  /** `percent` is 0–100, or null while the total is unknown. */
  update(label: string, percent: number | null): void;
  /** Removes the bar, so that the next line starts clean. */
  clear(): void;
}

const BAR = 24;
const STEP = 10;

const bar = (percent: number): string => {
  const filled = Math.round((percent / 100) * BAR);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}`;
};

const terminalProgress = (output: Output): Progress => {
  let shown = '';
  return {
    update: (label, percent) => {
      const value = percent === null ? null : Math.min(100, Math.max(0, percent));
      const head = value === null ? '' : `${bar(value)} ${String(Math.round(value)).padStart(3)} %  `;
      const text = Array.from(head + oneLine(label))
        .slice(0, Math.max(1, output.columns - 1))
        .join('');
      if (text === shown) return;
      shown = text;
      output.write(`\r\u001b[2K${text}`);
    },
    clear: () => {
      if (shown !== '') output.write('\r\u001b[2K');
      shown = '';
    },
  };
};

/** At most one line per label and per ten percent, so that a log file stays readable. */
const lineProgress = (output: Output): Progress => {
  let lastLabel = '';
  let lastStep = -1;
  return {
    update: (label, percent) => {
      const step = percent === null ? -1 : Math.floor(Math.min(100, Math.max(0, percent)) / STEP);
      if (label === lastLabel && step <= lastStep) return;
      lastLabel = label;
      lastStep = step;
      output.write(percent === null ? `${oneLine(label)}\n` : `${oneLine(label)}: ${Math.round(percent)} %\n`);
    },
    clear: () => {
      lastLabel = '';
      lastStep = -1;
    },
  };
};

/** A bar that redraws itself on a terminal; plain lines anywhere else. */
export const createProgress = (output: Output): Progress =>
  output.isTTY ? terminalProgress(output) : lineProgress(output);
