/** The parts without processes: a tool's declaration, its arguments, and what its output says. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mediaToRemove, nextMedia } from '../../machines/media-policy.ts';
import type { ToolProgress } from '../../machines/media.machine.ts';
import { MediaTool } from '../../src/contracts/media-tool.ts';
import { toolArguments } from '../../src/io/media/arguments.ts';
import { builtInTools } from '../../src/io/media/built-in.ts';
import { progressReader, secondsOf } from '../../src/io/media/progress-reader.ts';

const BASE = { name: 'x', title: 'X', commands: ['x'], output: 'png', args: ['{output}'] };
const tool = (name: string): MediaTool => {
  const found = builtInTools().find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found;
};
/** What is told of these pieces of output, as [percent, stage]. */
const told = (name: string, pieces: readonly string[], longest: number | null = null) => {
  const seen: ToolProgress[] = [];
  const reader = progressReader(tool(name).progress, longest, (fact) => seen.push(fact));
  for (const piece of pieces) reader.add('stdout', piece);
  return seen.map(({ percent, stage }) => [percent === null ? null : Math.round(percent), stage]);
};

describe('a tool', () => {
  it('of the documentation is one', async () => {
    const page = await readFile(resolve(import.meta.dirname, '../../docs/media.md'), 'utf8');
    const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? '';
    expect(MediaTool.parse(JSON.parse(example))).toMatchObject({ name: 'speak', prompt: 'required' });
  });

  it.each([
    [{ args: ['{nothing}'] }, /stands for nothing/],
    [{ args: ['{prompt}'], prompt: 'optional' }, /put it into a group/],
    [{ args: [{ when: 'gone', args: ['x'] }] }, /no parameter/],
    [{ params: [{ name: 'output', type: 'text' }] }, /is taken/],
    [{ params: [{ name: 'a', type: 'choice', choices: ['b'], default: 'c' }] }, /none of the choices/],
    [{ params: [{ name: 'a', type: 'integer', min: 5, default: 4 }] }, /outside of the range/],
    [{ output: '../x' }, /ending/],
    [{ output: '{a}', params: [{ name: 'a', type: 'text', default: 'png' }] }, /choice of endings/],
    [{ progress: [{ pattern: '(' }] }, /regular expression/],
    [{ longest: 'a' }, /no parameter/],
    [{ name: '../x' }, /lower-case/],
  ])('with %j is refused', (parts, message) => {
    const parsed = MediaTool.safeParse({ ...BASE, ...parts });
    expect(parsed.success).toBe(false);
    expect(JSON.stringify(parsed.error?.issues)).toMatch(message);
  });
});

describe('arguments', () => {
  const free = new Set(['prompt', 'text']);
  it('are values in their places, one argument each, whatever is in them', () => {
    const args = [
      '-p',
      '{prompt}',
      'a={size};b={{size}',
      { when: 'flag', args: ['--flag'] },
      { when: 'size', is: 2, args: ['two'] },
    ];
    expect(toolArguments(args, { prompt: '$(rm -rf /); "x" {size}', size: 2, flag: false }, free)).toEqual([
      '-p',
      '$(rm -rf /); "x" {size}',
      'a=2;b={size}',
      'two',
    ]);
  });

  it('never let a text become an option', () => {
    expect(toolArguments(['{prompt}', 'x{text}'], { prompt: '--output=/etc/x', text: '-y' }, free)).toEqual([
      ' --output=/etc/x',
      'x-y',
    ]);
    expect(() => toolArguments(['{text}'], { text: '-y' }, free)).toThrow(/must not begin with a dash/);
  });
});

describe('progress', () => {
  it('of stable-diffusion.cpp: three bars, each a part of the whole', () => {
    const output = [
      '[INFO ] stable-diffusion.cpp:197  - loading model from "sd.gguf"\n',
      '  |==>    | 565/1130 - 2.1it/s\r',
      '[INFO ] stable-diffusion.cpp:1204 - sampling using Euler A method\n  |=====>   | 5/20',
      ' - 1.5s/it\r  |==========| 20/20 - 1.5s/it\n',
      '[INFO ] stable-diffusion.cpp:1290 - decoding 1 latents\n',
      "save result image to 'output.png'\n",
    ];
    expect(told('sd', output)).toEqual([
      [0, 'loading the model'],
      [5, null],
      [10, 'sampling'],
      [30, null],
      [90, null],
      [90, 'decoding'],
      [99, 'saving'],
    ]);
  });

  it('of whisper.cpp: percent, and what was said', () => {
    const seen: ToolProgress[] = [];
    const reader = progressReader(tool('whisper').progress, null, (fact) => seen.push(fact));
    reader.add('stderr', 'whisper_print_progress_callback: progress =  35%\n');
    reader.add('stdout', '[00:00:00.000 --> 00:00:03.000]   Hello there.\n');
    expect(seen).toEqual([
      { type: 'tool.progressed', percent: 35, stage: 'listening', message: null },
      { type: 'tool.progressed', percent: null, stage: 'listening', message: 'Hello there.' },
    ]);
  });

  it('of ffmpeg: time over duration, or over what is asked for', () => {
    const output = [
      '  Duration: 00:00:40.00, start: 0.0\n',
      'out_time_us=N/A\nout_time_us=10000000\nprogress=continue\n',
    ];
    expect(told('convert', output)).toEqual([
      [null, 'reading'],
      [25, 'encoding'],
    ]);
    expect(told('convert', output, 20).at(-1)).toEqual([50, 'encoding']);
    expect(told('test-film', ['out_time_us=5000000\n'], 10)).toEqual([[50, 'encoding']]);
  });

  it('takes a line in any pieces, keeps the last lines, and is not filled by one that never ends', () => {
    const reader = progressReader([], null, () => undefined);
    for (let index = 0; index < 50; index += 1) reader.add('stdout', `line ${index}\n`);
    expect(reader.lastLines()).toHaveLength(20);
    reader.add('stderr', 'a\rb\rc\n');
    expect(reader.lastLines()).toEqual(['c']);
    for (let index = 0; index < 1000; index += 1) reader.add('stderr', 'x'.repeat(1000));
    expect(reader.lastLines().at(-1)?.length).toBeLessThanOrEqual(4096);
  });

  it.each([
    ['01:02:03.5', 3723.5],
    ['2:05', 125],
    ['12.25', 12.25],
    ['N/A', null],
    ['1:2:3:4', null],
  ])('%s is %s seconds', (text, seconds) => expect(secondsOf(text)).toBe(seconds));
});

describe('the policy', () => {
  it('starts in order as many as there is room for', () => {
    const slots = [
      { id: 'a', phase: 'running' as const },
      { id: 'b', phase: 'waiting' as const },
      { id: 'c', phase: 'waiting' as const },
      { id: 'd', phase: 'ended' as const },
    ];
    expect(nextMedia(slots, 1)).toEqual([]);
    expect(nextMedia(slots, 2)).toEqual(['b']);
    expect(nextMedia(slots, 9)).toEqual(['b', 'c']);
  });

  it('removes what is too old, then the oldest, and never what is used', () => {
    const kept = [
      { id: 'new', bytes: 10, finishedAt: 90, used: false },
      { id: 'used', bytes: 10, finishedAt: 1, used: true },
      { id: 'old', bytes: 10, finishedAt: 2, used: false },
      { id: 'middle', bytes: 10, finishedAt: 50, used: false },
    ];
    expect(mediaToRemove(kept, { maxAgeMs: null, maxBytes: null }, 100)).toEqual([]);
    expect(mediaToRemove(kept, { maxAgeMs: 60, maxBytes: null }, 100)).toEqual(['old']);
    expect(mediaToRemove(kept, { maxAgeMs: null, maxBytes: 25 }, 100)).toEqual(['old', 'middle']);
    expect(mediaToRemove(kept, { maxAgeMs: 60, maxBytes: 30 }, 100)).toEqual(['old']);
  });
});
