import fs from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { expectsChildProtocol, parseFlags, parseVersion } from '../../src/io/engine/parse-engine-output.ts';

describe('parseVersion', () => {
  it.each([
    ['version: 0.7.0 (build 11669, commit Debian)\nbuilt with GNU 16.2.0', { version: '0.7.0', build: 11669 }],
    ['version: 6469 (abc1234)\nbuilt with cc for x86_64', { version: 'b6469', build: 6469 }],
    ['ggml_cuda_init: found 1 CUDA devices\nversion: 5001 (1a2b3c)', { version: 'b5001', build: 5001 }],
    ['version: b4242 (abc)', { version: 'b4242', build: 4242 }],
    ['version: 1.2.3-rc1', { version: '1.2.3-rc1', build: null }],
    ['version: 0 (unknown)', { version: null, build: null }],
    ['version: unknown', { version: null, build: null }],
    ['GNU bash, version 5.2.15(1)-release', { version: null, build: null }],
    ['', { version: null, build: null }],
  ])('reads %j', (text, expected) => {
    expect(parseVersion(text)).toEqual(expected);
  });
});

describe('parseFlags', () => {
  it('reads every spelling of a definition and nothing of its description', () => {
    const help = [
      '----- common params -----',
      '-h,    --help, --usage                  print usage and exit; see also --model',
      '-kvu,  --kv-unified, -no-kvu, --no-kv-unified',
      '                                        use one buffer (default: --off)',
      '                                        - none: nothing',
      '                                        --not-a-flag either',
      '-fa,   --flash-attn [on|off|auto]       attention, -x',
      '--fim-qwen-1.5b-default                 use it',
      '--log-jsonl',
    ].join('\n');
    expect([...parseFlags(help)].sort()).toEqual(
      [
        ...['-h', '--help', '--usage', '-kvu', '--kv-unified', '-no-kvu', '--no-kv-unified', '-fa', '--flash-attn'],
        ...['--fim-qwen-1.5b-default', '--log-jsonl'],
      ].sort(),
    );
  });

  it('reads the oldest layout, where each spelling has its value', () => {
    expect([...parseFlags('  -m FNAME, --model FNAME\n  -np N, --parallel N   number of slots\n')]).toEqual([
      '-m',
      '--model',
      '-np',
      '--parallel',
    ]);
  });

  it('finds nothing in prose', async () => {
    expect(parseFlags('- a list\n -- dashes\nmail-order\n').size).toBe(0);
    expect(parseFlags(await fs.readFile(new URL(import.meta.url), 'utf8')).size).toBe(0);
  });
});

describe('expectsChildProtocol', () => {
  it.each([
    [11669, [], true],
    [9800, [], true],
    [9600, ['--log-jsonl'], false],
    [null, ['--log-jsonl'], true],
    [null, ['--models-dir'], false],
  ])('for build %j with %j: %j', (build, flags, expected) => {
    expect(expectsChildProtocol(build, new Set(flags))).toBe(expected);
  });
});
