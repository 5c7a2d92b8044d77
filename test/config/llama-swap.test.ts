/** A llama-swap configuration read as what it means here; pure. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandMacros } from '../../src/io/llama-swap/macros.ts';
import { readSwapConfig } from '../../src/io/llama-swap/read-config.ts';
import { shellWords } from '../../src/io/llama-swap/shell-words.ts';

const FLAGS = new Set(
  '--model --port --host --ctx-size --jinja --no-jinja --gpu-layers --flash-attn --cache-type-k --temp --rope-freq-base --mmap --no-mmap --embeddings --alias --lora'.split(
    ' ',
  ),
);
const fixture = await readFile(join(import.meta.dirname, 'fixtures/llama-swap.yaml'), 'utf8');
const lineOf = (text: string): number => fixture.split('\n').findIndex((line) => line.includes(text)) + 1;
const read = (yaml: string, env: Record<string, string> = {}) => readSwapConfig(yaml, { env, knownFlags: FLAGS });

describe('words of a command', () => {
  it.each([
    ['a  b\tc', ['a', 'b', 'c']],
    ["-m '/a b/c.gguf' -x", ['-m', '/a b/c.gguf', '-x']],
    ['-m "/a \\"b\\" $x/c"', ['-m', '/a "b" $x/c']],
    ['a\\ b c\\\\', ['a b', 'c\\']],
    ['a \\\n  b\n# comment "\n  # another\nc', ['a', 'b', 'c']],
    ["''", ['']],
    ['--x=\'{"a": 1}\'', ['--x={"a": 1}']],
    ['', []],
  ])('%j', (text, words) => expect(shellWords(text)).toEqual(words));

  it('an open quote is refused', () => expect(() => shellWords('a "b')).toThrow(/never closed/));

  it('what was quoted comes out as it was', () => {
    const word = fc.string({ maxLength: 12 }).filter((text) => !text.includes('\n') && !text.includes('\r'));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        const quoted = words.map((each) => `'${each.replaceAll("'", `'\\''`)}'`).join(' ');
        expect(shellWords(`x ${quoted}`)).toEqual(['x', ...words]);
      }),
    );
  });
});

describe('macros', () => {
  it('hold others, and name what nobody defined', () => {
    expect(expandMacros('${a} ${c}', { a: '<${b}>', b: '1' })).toEqual({ text: '<1> ${c}', unknown: ['c'] });
  });
  it('that hold themselves end', () => {
    expect(expandMacros('${a}', { a: '${a}' }).unknown).toEqual(['a']);
    expect(expandMacros('${toString}', {}).unknown).toEqual(['toString']);
  });
});

describe('a whole configuration', () => {
  const config = read(fixture, { MODELS: '/models' });
  const noteOf = (item: string) => config.notes.find((note) => note.item === item);

  it('models become files with parameters', () => {
    expect(config.models).toMatchObject([
      {
        name: 'coder',
        line: lineOf("'coder':"),
        modelPath: '/models/alpha model.gguf',
        aliases: ['gpt-4o-mini', 'coder-fast'],
        parameters: {
          'ctx-size': 2048,
          jinja: true,
          'gpu-layers': 99,
          'flash-attn': true,
          'cache-type-k': 'q8_0',
          temp: 0.7,
          'rope-freq-base': -1,
          'load-on-startup': true,
        },
      },
      {
        name: 'coder-long',
        modelPath: '/models/alpha model.gguf',
        parameters: { 'ctx-size': 8192, 'no-mmap': true },
      },
      { name: 'embed', modelPath: '/elsewhere/beta.gguf', parameters: { embeddings: true }, fields: { pinned: true } },
      { name: 'gone', modelPath: '/nowhere/gone.gguf', parameters: {} },
    ]);
  });

  it('settings that exist here are carried over', () => {
    expect(config.settings).toMatchObject({ startTimeout: 90 });
  });

  it.each([
    ['models.docker.cmd', 'docker run', /runs docker/],
    ['models.hub.cmd', 'llama-server -hf', /download ggml-org\/tiny:Q4_K_M first/],
    ['models.broken.cmd', 'unclosed.gguf', /never closed/],
    ['models.puzzle.cmd', '${missing}', /\$\{missing\} is not defined/],
    ['models.coder.cmd.--ctx-sise', '--ctx-sise', /ctx-size/],
    ['models.coder-long.cmd.--alias', '--alias', /aliases in its record/],
    ['models.embed.cmd.CUDA_VISIBLE_DEVICES=1', 'CUDA_VISIBLE', /environment of their own/],
    ['models.embed.env', '    env:', /environment of their own/],
    ['models.embed.proxy', 'http://127.0.0.1:8999', /where a model listens/],
    ['models.coder.useModelName', 'useModelName', /any name/],
    ['models.coder.filters', 'filters', /as they are/],
    ['apiKeys', 'apiKeys', /never copied/],
    ['peers', 'peers', /other servers/],
    ['surprise', 'surprise', /does not know/],
    ['groups.coding', "'coding':", /memory or modelsMax/],
    ['hooks.on_startup.preload.docker', 'preload', /no such model/],
  ])('%s is told with its line and reason', (item, at, reason) => {
    const [note] = config.notes.filter((each) => each.item === item && reason.test(each.reason));
    expect(note?.reason).toMatch(reason);
    if (!['models.docker.cmd', 'models.hub.cmd', 'models.broken.cmd', 'models.puzzle.cmd'].includes(item))
      expect(note?.line).toBe(lineOf(at));
    else expect(note?.line).not.toBeNull();
  });

  it('tells nothing of what needs no word, and holds no key of its file', () => {
    expect(noteOf('models.coder.cmd.--port')).toBeUndefined();
    expect(JSON.stringify(config)).not.toContain('sk-example');
    expect(config.leftOut).toEqual(['docker', 'hub', 'broken', 'puzzle']);
  });

  it('a variable that is not given is asked for, never read', () => {
    const without = read(fixture);
    expect(without.models.map(({ name }) => name)).toEqual(['embed', 'gone']);
    expect(without.notes.find(({ item }) => item === 'models.coder.cmd')?.reason).toMatch(/env\.MODELS.* is not set/);
  });
});

describe('what is no such configuration', () => {
  it.each([
    ['models:\n  a: [', 2],
    ['models:\n  a:\n b: 1\n  "', 3],
  ])('%j is refused with its line', (yaml, line) => {
    expect(() => read(yaml)).toThrow(/Line \d/);
    try {
      read(yaml);
    } catch (error) {
      expect((error as { details: { line: number } }).details.line).toBeGreaterThanOrEqual(line - 1);
    }
  });
  it.each(['', '[]', 'a: 1', 'models: []'])('%j is refused', (yaml) => expect(() => read(yaml)).toThrow(/no `models`/));
  it('any text is read or refused with a code', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        try {
          read(`models:\n  a:\n    cmd: ${text}\n`);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_PAYLOAD' });
        }
      }),
    );
  });
});
