/** What a run wrote, as the page shows it. */
import { describe, expect, it } from 'vitest';
import { createOutputText } from '../../web/pages/runs/output-text.ts';
import { stateWords, tookOf, withRun } from '../../web/pages/runs/run-words.ts';
import { someRuns } from '../browser/fixture-runs.ts';

const textOf = (...parts: [stream: 'stdout' | 'stderr', text: string][]) => {
  const output = createOutputText();
  output.add(parts.map(([stream, text], seq) => ({ seq, at: 0, stream, text })));
  return output;
};
const linesOf = (output: ReturnType<typeof textOf>): string[] =>
  output.blocks().flatMap(({ lines }) => lines.map(({ spans }) => spans.map(({ text }) => text).join('')));

describe('the output of a run', () => {
  it('is lines, however the pieces were cut, with the last one shown before it ends', () => {
    expect(linesOf(textOf(['stdout', 'one\ntw'], ['stdout', 'o\nthr']))).toEqual(['one', 'two', 'thr']);
    expect(linesOf(textOf(['stdout', 'a\r\nb\n']))).toEqual(['a', 'b']);
    expect(linesOf(textOf(['stdout', '10 %\r50 %\r100 %\n']))).toEqual(['100 %']);
  });

  it('keeps the two outputs apart, and colours over the end of a line', () => {
    const output = textOf(['stdout', 'half'], ['stderr', 'err\n'], ['stdout', '\u001b[31mred\nstill\u001b[0m plain\n']);
    const lines = output.blocks().flatMap((block) => block.lines);
    expect(lines.map(({ stream }) => stream)).toEqual(['stdout', 'stderr', 'stdout', 'stdout']);
    expect(lines[3]?.spans).toEqual([
      { text: 'still', colour: 1, bold: false },
      { text: ' plain', colour: null, bold: false },
    ]);
  });

  it('grows by whole blocks that never change, and leaves out the oldest of very many lines', () => {
    const output = createOutputText();
    const add = (count: number): void =>
      output.add([
        { seq: 0, at: 0, stream: 'stdout', text: Array.from({ length: count }, (_, i) => `${i}\n`).join('') },
      ]);
    add(450);
    const [first, second, open] = output.blocks();
    add(10);
    expect(output.blocks()[0]).toBe(first);
    expect(output.blocks()[1]).toBe(second);
    expect(output.blocks()[2]?.id).toBe(open?.id);
    expect(output.blocks()[2]?.lines).toHaveLength(60);
    add(30_000);
    expect(output.lines()).toBe(30_460);
    expect(output.dropped()).toBeGreaterThan(10_000);
    expect(output.blocks().length).toBeLessThanOrEqual(101);
  });
});

describe('a run in words', () => {
  const now = 1_700_000_000_000;
  const runs = someRuns(now);
  it('says its place while it waits, else its state, and how long it took', () => {
    expect(runs.map(stateWords)).toEqual(['1 before it', 'Next in line', 'Running', 'Done', 'Failed', 'Cancelled']);
    expect(runs.map((run) => tookOf(run, now))).toEqual([
      null,
      null,
      '2\u00a0min',
      '1\u00a0min',
      '1\u00a0min',
      '4\u00a0min',
    ]);
  });
  it('keeps its place in the list when it changes, and is the first when it is new', () => {
    const [first, second] = runs;
    if (first === undefined || second === undefined) throw new Error('There are no runs.');
    const changed = { ...second, activity: 'Using Bash' };
    expect(withRun(runs, changed)[1]).toBe(changed);
    expect(withRun(runs, { ...first, id: 'new' }).map(({ id }) => id)).toEqual(['new', ...runs.map(({ id }) => id)]);
  });
});
