import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatPreset,
  parametersToArgs,
  parsePreset,
  presetStore,
  sectionParameters,
} from '../../src/io/presets/index.ts';
import { canonicalName, ownedBecause } from '../../src/io/presets/parameter-names.ts';
import { temporaryFolder } from './temp-folder.ts';

const plain = (text: string) => {
  const { global, models, order } = parsePreset(text);
  return { global: { ...global }, models: Object.fromEntries(order.map((name) => [name, { ...models[name] }])), order };
};
const thrown = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
};

describe('parsePreset', () => {
  test('reads a file as llama.cpp’s router takes it', () => {
    const text = [
      '\ufeffversion = 1',
      '',
      '; all models',
      '[*]',
      'ctx-size = 8192  ; per model',
      'ngl=99',
      'LLAMA_ARG_JINJA = true # yes',
      '[ qwen/7b Q4 ]',
      'c = 4096',
      'chat-template =',
      'load-on-startup = true',
      '[empty] ; nothing',
    ].join('\r\n');
    expect(plain(text)).toEqual({
      global: { 'ctx-size': '8192', ngl: '99', LLAMA_ARG_JINJA: 'true' },
      models: { 'qwen/7b Q4': { c: '4096', 'chat-template': '', 'load-on-startup': 'true' }, empty: {} },
      order: ['qwen/7b Q4', 'empty'],
    });
  });

  test('an empty text, repeated sections and keys before any section follow llama.cpp', () => {
    expect(plain('')).toEqual({ global: {}, models: {}, order: [] });
    expect(plain('[a]\nx = 1\n[a]\ny = 2').models).toEqual({ a: { y: '2' } });
    expect(plain('x = 1\nx = 2').models).toEqual({ default: { x: '2' } });
    expect(plain('[a]\nurl = http://h/p#frag').models).toEqual({ a: { url: 'http://h/p' } });
  });

  test('what Llamactor sets itself is set aside, with its line', () => {
    const { models, global, setAside } = parsePreset(
      '[*]\nhost = 0.0.0.0\nt = 4\n[a]\nm = /x.gguf\nLLAMA_API_KEY = secret\nno-host = true',
    );
    expect({ ...global }).toEqual({ t: '4' });
    expect({ ...models['a'] }).toEqual({ 'no-host': 'true' });
    expect(setAside).toEqual([
      { section: '*', key: 'host', line: 2 },
      { section: 'a', key: 'm', line: 5 },
      { section: 'a', key: 'LLAMA_API_KEY', line: 6 },
    ]);
  });

  test.each([
    ['nonsense', 1, /expected a \[section\]/],
    ['[a]\n= 1', 2, /is no key/],
    ['[a]\n\n--ctx-size = 1', 3, /without dashes/],
    ['[a\nx = 1', 1, /section is written as/],
    ['; fine\n[a] x', 2, /section is written as/],
    ['[]', 1, /has no name/],
    ['[a]\nb c = 1', 2, /"b c" is no key/],
    ['version = 2', 1, /version "2" is not known/],
    ['[a]\nx = \0', 2, /zero byte/],
    ['x'.repeat(1024 * 1024 + 1), 1, /1 MiB/],
  ])('%j is refused on line %d', (text, line, reason) => {
    expect(thrown(() => parsePreset(text))).toMatchObject({
      code: 'INVALID_PAYLOAD',
      details: { line, reason: expect.stringMatching(reason) as string },
    });
  });

  test('names that every object has are names like others', () => {
    const preset = parsePreset('[__proto__]\nconstructor = 1\n__proto__ = 2\n[toString]\n[hasOwnProperty]\nx = 1');
    expect(preset.order).toEqual(['__proto__', 'toString', 'hasOwnProperty']);
    expect(Object.entries(preset.models['__proto__'] ?? {})).toEqual([
      ['constructor', '1'],
      ['__proto__', '2'],
    ]);
    expect(({} as Record<string, unknown>)['constructor']).toBe(Object);
    expect(preset.models['valueOf']).toBeUndefined();
    expect(sectionParameters(preset, ['valueOf'])).toEqual({});
  });

  test('any text is read or refused with a line of the text', () => {
    const piece = fc.constantFrom(
      '[',
      ']',
      '*',
      '=',
      '\n',
      '\r\n',
      ' ',
      'a',
      'ctx-size',
      ';',
      '#',
      'version',
      '1',
      '"',
      '\0',
      '-',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        try {
          parsePreset(text);
        } catch (error) {
          const { line } = (error as { details: { line: number } }).details;
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(text.split(/\r\n|\n|\r/).length);
        }
      }),
    );
  });
});

describe('formatPreset', () => {
  const key = fc
    .stringMatching(/^[a-z_][a-z0-9_.-]{0,12}$/)
    .filter((name) => name !== 'version' && ownedBecause(canonicalName(name)) === null);
  const value = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll(/[;#\r\n\0]/g, '').trim());
  const section = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .map((text) => `n${text.replaceAll(/[\]\r\n\0]/g, '').trim()}`);
  const parameters = fc.dictionary(key, value, { maxKeys: 6 });

  test('what it writes is read back as it was', () => {
    fc.assert(
      fc.property(parameters, fc.dictionary(section, parameters, { maxKeys: 4 }), (global, models) => {
        const read = parsePreset(formatPreset({ global, models }));
        expect(Object.entries(read.global)).toEqual(Object.entries(global));
        expect(read.order).toEqual(Object.keys(models));
        for (const name of read.order)
          expect(Object.entries(read.models[name] ?? {})).toEqual(Object.entries(models[name] ?? {}));
      }),
    );
  });

  test.each([
    [{ x: 'a;b' }, {}],
    [{ x: 'two\nlines' }, {}],
    [{ x: ' space' }, {}],
    [{ 'a b': '1' }, {}],
    [{}, { 'a]b': {} }],
    [{}, { ' a': {} }],
  ])('%j %j cannot be said', (global, models) => {
    expect(thrown(() => formatPreset({ global, models: models }))).toMatchObject({ code: 'INVALID_PAYLOAD' });
  });
});

describe('sectionParameters', () => {
  test('a model’s section wins over the global one, whatever spelling each uses', () => {
    const preset = parsePreset(
      '[*]\nctx-size = 1\nLLAMA_ARG_N_GPU_LAYERS = 5\njinja = true\ntop-k = 3\n[m]\nc = 2\nngl = 6\nno-jinja = true',
    );
    expect(sectionParameters(preset, ['unknown', 'm'])).toEqual({
      'ctx-size': '2',
      'gpu-layers': '6',
      'no-jinja': 'true',
      'top-k': '3',
    });
    expect(sectionParameters(preset, ['unknown'])).toEqual({
      'ctx-size': '1',
      'gpu-layers': '5',
      jinja: 'true',
      'top-k': '3',
    });
  });
});

describe('canonicalName', () => {
  test.each([
    ['--ctx-size', 'ctx-size'],
    ['ctx_size', 'ctx-size'],
    ['c', 'ctx-size'],
    ['-c', 'ctx-size'],
    ['C', 'C'],
    ['Crb', 'Crb'],
    ['LLAMA_ARG_CTX_SIZE', 'ctx-size'],
    ['LLAMA_ARG_N_PARALLEL', 'parallel'],
    ['LLAMA_ARG_ENDPOINT_METRICS', 'metrics'],
    ['no_webui', 'no-ui'],
    ['__proto__', '--proto--'],
    ['constructor', 'constructor'],
  ])('%s is %s', (key, name) => {
    expect(canonicalName(key)).toBe(name);
  });
});

describe('parametersToArgs', () => {
  const known = new Set(
    [
      '-c',
      '--ctx-size',
      '-C',
      '--cpu-mask',
      '-ngl',
      '--gpu-layers',
      '--n-gpu-layers',
      '--jinja',
      '--no-jinja',
      '--no-mmap',
      '--fim-qwen-7b-default',
      '--flash-attn',
      '--metrics',
    ].concat([
      '--embeddings',
      '--host',
      '--no-host',
      '--model',
      '--mmproj',
      '--no-mmproj',
      '--temp',
      '--chat-template',
      '--parallel',
      '--slots',
      '--no-slots',
    ]),
  );
  const args = (parameters: Record<string, string | number | boolean>, flags: ReadonlySet<string> = known) =>
    parametersToArgs(parameters, flags);

  test.each([
    [{ 'ctx-size': 4096 }, ['--ctx-size', '4096']],
    [{ c: '4096', LLAMA_ARG_N_PARALLEL: 2 }, ['--ctx-size', '4096', '--parallel', '2']],
    [{ C: 'ff' }, ['-C', 'ff']],
    [{ jinja: true }, ['--jinja']],
    [{ jinja: 'on' }, ['--jinja']],
    [{ jinja: 'false' }, ['--no-jinja']],
    [{ jinja: 0 }, ['--no-jinja']],
    [{ 'no-jinja': true }, ['--no-jinja']],
    [{ 'no-jinja': false }, ['--jinja']],
    [{ mmap: false }, ['--no-mmap']],
    [{ mmap: true }, []],
    [{ metrics: false }, []],
    [{ 'fim-qwen-7b-default': 'true' }, ['--fim-qwen-7b-default']],
    [{ embedding: 'true' }, ['--embeddings']],
    [{ 'flash-attn': true }, ['--flash-attn', 'on']],
    [{ 'flash-attn': 'false' }, ['--flash-attn', 'off']],
    [{ 'flash-attn': 'auto' }, ['--flash-attn', 'auto']],
    [{ mmproj: '/a b/x.gguf' }, ['--mmproj', '/a b/x.gguf']],
    [{ mmproj: 'false' }, ['--no-mmproj']],
    [{ mmproj: false }, ['--no-mmproj']],
    [{ 'no-host': true }, ['--no-host']],
    [{ 'no-host': false }, []],
    [{ temp: -1.5 }, ['--temp', '-1.5']],
    [{ 'chat-template': '--model; rm -rf /' }, ['--chat-template', '--model; rm -rf /']],
    [{ 'load-on-startup': 'true', 'stop-timeout': 10 }, []],
    [{ c: 1, jinja: true, 'ctx-size': 2, 'no-jinja': true }, ['--ctx-size', '2', '--no-jinja']],
    [{}, []],
  ])('%j gives %j', (parameters, expected) => {
    expect(args(parameters as Record<string, string | number | boolean>)).toEqual(expected);
  });

  test('an unknown one is refused with the nearest', () => {
    expect(thrown(() => args({ 'ctx-sise': 1 }))).toMatchObject({
      code: 'INVALID_PAYLOAD',
      message: expect.stringMatching(/no parameter "ctx-sise".*"ctx-size"/) as string,
      details: { parameter: 'ctx-sise' },
    });
    expect(thrown(() => args({ hosts: 'x' }))).not.toMatchObject({
      message: expect.stringContaining('"host"') as string,
    });
  });

  test.each([
    'host',
    'port',
    'alias',
    'a',
    'model',
    '-m',
    'LLAMA_ARG_MODEL',
    'LLAMA_API_KEY',
    'api_key',
    'log-jsonl',
    'no-log-jsonl',
    'models-dir',
    'version',
  ])('%s belongs to Llamactor', (key) => {
    expect(thrown(() => args({ [key]: 'x' }))).toMatchObject({
      code: 'INVALID_PAYLOAD',
      message: expect.stringMatching(/cannot be set: /) as string,
    });
    expect(thrown(() => args({ [key]: 'x' }, new Set()))).toMatchObject({ code: 'INVALID_PAYLOAD' });
  });

  test.each([
    [{ jinja: 'maybe' }, /on or off/],
    [{ temp: Number.NaN }, /finite/],
    [{ 'chat-template': 'a\0b' }, /zero byte/],
    [{ 'a b': 1 }, /is no name/],
    [{ '': 1 }, /is no name/],
    [JSON.parse('{"__proto__": 1}') as Record<string, number>, /is no name/],
    [{ constructor: 1 }, /has no parameter/],
  ])('%j is refused', (parameters, message) => {
    expect(thrown(() => args(parameters as Record<string, string | number>))).toMatchObject({
      code: 'INVALID_PAYLOAD',
      message: expect.stringMatching(message) as string,
    });
  });

  test('an older engine is called by the names it has', () => {
    expect(args({ 'gpu-layers': 3 }, new Set(['--n-gpu-layers']))).toEqual(['--n-gpu-layers', '3']);
    expect(args({ reranking: true }, new Set(['--rerank']))).toEqual(['--rerank']);
  });

  test('without a list of flags everything that is not ours is let through', () => {
    expect(args({ 'some-flag': 1, jinja: true, c: 2, slots: false }, new Set())).toEqual([
      '--some-flag',
      '1',
      '--jinja',
      '--ctx-size',
      '2',
    ]);
  });

  test('no parameter becomes two and no value becomes a flag', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('ctx-size', 'temp', 'chat-template', 'parallel'), fc.string()),
        (parameters) => {
          fc.pre(!Object.values(parameters).some((text) => text.includes('\0')));
          const result = args(parameters);
          expect(result).toHaveLength(Object.keys(parameters).length * 2);
          expect(result.filter((_, i) => i % 2 === 0).every((flag) => known.has(flag))).toBe(true);
        },
      ),
    );
  });
});

describe('presetStore', () => {
  const ini = '; mine\r\n[*]\nctx-size=1   \n\n[m]\n';

  test('default exists before anything is saved and creates no file', async () => {
    const folder = join(await temporaryFolder(), 'presets');
    const store = presetStore(folder);
    expect(await store.list()).toMatchObject([{ name: 'default', models: [], parameters: {} }]);
    expect(parsePreset((await store.get('default')).ini).order).toEqual([]);
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('saving keeps the text byte for byte, and listing shows what it says', async () => {
    const folder = join(await temporaryFolder(), 'presets');
    const store = presetStore(folder);
    const view = {
      name: 'Mein Preset 2',
      path: join(folder, 'Mein Preset 2.ini'),
      models: ['m'],
      parameters: { 'ctx-size': '1' },
      ini,
      problem: null,
    };
    expect(await store.save('Mein Preset 2', ini)).toEqual(view);
    await store.save('default', '[*]\nt = 2');
    expect(await readFile(view.path, 'utf8')).toBe(ini);
    expect(await store.list()).toMatchObject([{ name: 'default', parameters: { t: '2' } }, view]);
    expect(await presetStore(folder).get('Mein Preset 2')).toEqual(view);
    await store.save('Mein Preset 2', '');
    expect(await store.get('Mein Preset 2')).toMatchObject({ models: [], ini: '' });
    expect((await readdir(folder)).toSorted()).toEqual(['Mein Preset 2.ini', 'default.ini']);
  });

  test('a text that is no preset is refused with its line and leaves the old one', async () => {
    const store = presetStore(await temporaryFolder());
    await store.save('a', ini);
    await expect(store.save('a', '[*]\nbroken')).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
      details: { line: 2 },
    });
    expect((await store.get('a')).ini).toBe(ini);
  });

  test('files written by hand appear, are never touched, and broken ones do not hide the others', async () => {
    const folder = await temporaryFolder();
    const store = presetStore(folder);
    await writeFile(join(folder, 'hand.ini'), ini);
    await writeFile(join(folder, 'broken.ini'), '[*]\nnonsense');
    await writeFile(join(folder, 'notes.txt'), 'x');
    await writeFile(join(folder, '.hidden.ini'), 'x');
    await mkdir(join(folder, 'folder.ini'));
    const before = await stat(join(folder, 'hand.ini'));
    expect((await store.list()).map(({ name }) => name)).toEqual(['default', 'broken', 'hand']);
    expect(await store.get('broken')).toMatchObject({ models: [], parameters: {}, ini: '[*]\nnonsense' });
    await store.save('other', ini);
    const after = await stat(join(folder, 'hand.ini'));
    expect([after.mtimeMs, after.ino]).toEqual([before.mtimeMs, before.ino]);
  });

  test('deleting removes the file; default and unknown names are refused', async () => {
    const folder = await temporaryFolder();
    const store = presetStore(folder);
    await store.save('a', ini);
    await store.delete('a');
    expect(await readdir(folder)).toEqual([]);
    await expect(store.delete('a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.get('a')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('default') as string,
    });
    await store.save('default', ini);
    await expect(store.delete('default')).rejects.toMatchObject({ code: 'INVALID_STATE' });
    expect((await store.get('default')).ini).toBe(ini);
  });

  test.each([
    '',
    ' ',
    '.',
    '..',
    '../a',
    'a/b',
    'a\\b',
    '.hidden',
    'a\0',
    'a\n',
    'CON',
    'nul.x',
    'a.',
    'a ',
    '__proto__',
    'x'.repeat(129),
    '字'.repeat(100),
  ])('the name %j is refused everywhere', async (name) => {
    const base = await temporaryFolder();
    const store = presetStore(join(base, 'presets'));
    for (const act of [store.get(name), store.save(name, ini), store.delete(name)]) {
      await expect(act).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    }
    expect(await readdir(base)).toEqual([]);
  });

  test('a folder that cannot be used is a coded error', async () => {
    const base = await temporaryFolder();
    await writeFile(join(base, 'file'), '');
    const store = presetStore(join(base, 'file', 'presets'));
    await expect(store.save('a', ini)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('saves at the same time leave one of the texts, whole', async () => {
    const store = presetStore(await temporaryFolder());
    const texts = Array.from({ length: 20 }, (_, i) => `[*]\nctx-size = ${i}\n`.repeat(50));
    await Promise.all(texts.map((text) => store.save('a', text)));
    expect(texts).toContain((await store.get('a')).ini);
  });
});
