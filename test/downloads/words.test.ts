/** The pure parts: what a source means, what a repository offers, where files go, and how a download looks. */
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSource, shownSource } from '../../src/io/downloads/source.ts';
import { safeName, targetOf } from '../../src/io/downloads/targets.ts';
import { chooseVariant, recommend, variantViews, variantsOf } from '../../src/io/downloads/variants.ts';
import type { FitOf } from '../../src/io/downloads/variants.ts';
import { fitOf } from '../../src/runtime/download-fit.ts';
import { createRate } from '../../src/runtime/transfer-rate.ts';
import { memorySample } from '../support/memory-views.ts';

const endpoint = new URL('https://huggingface.co');
const hub = (over: object) => ({
  kind: 'hub',
  owner: 'owner',
  repo: 'repo',
  revision: 'main',
  quant: null,
  file: null,
  ...over,
});

describe('a source', () => {
  it.each([
    ['hf:owner/repo', hub({})],
    ['hf://owner/repo', hub({})],
    ['hf:owner/repo:Q4_K_M', hub({ quant: 'Q4_K_M' })],
    ['hf:owner/repo:sub/a-Q8_0.gguf', hub({ file: 'sub/a-Q8_0.gguf' })],
    ['https://huggingface.co/owner/repo', hub({})],
    ['https://huggingface.co/owner/repo/tree/main', hub({})],
    [
      'https://huggingface.co/owner/repo/resolve/v1/sub/a%20b.gguf?download=true',
      hub({ revision: 'v1', file: 'sub/a b.gguf' }),
    ],
    ['https://huggingface.co/owner/repo/blob/main/a.gguf', hub({ file: 'a.gguf' })],
    ['https://host.example/x/a.gguf?sig=1', { kind: 'url', url: new URL('https://host.example/x/a.gguf?sig=1') }],
    ['http://127.0.0.1:1/a.gguf', { kind: 'url', url: new URL('http://127.0.0.1:1/a.gguf') }],
    ['http://[::1]:1/a.gguf', { kind: 'url', url: new URL('http://[::1]:1/a.gguf') }],
  ])('%s', (text, source) => expect(parseSource(text, endpoint)).toEqual(source));

  it.each([
    ['', /names no model; write hf:owner\/repo/],
    ['owner/repo', /names no model/],
    ['hf:owner', /names no model/],
    ['hf:../repo', /is no name of a repository/],
    ['hf:owner/..', /is no name of a repository/],
    ['ftp://host/a.gguf', /names no model/],
    ['file:///etc/passwd.gguf', /names no model/],
    ['http://host.example/a.gguf', /only asked over https/],
    ['http://localhost.example/a.gguf', /only asked over https/],
    ['https://user:pass@host.example/a.gguf', /user name or password/],
    ['https://host.example/a.zip', /is no GGUF file/],
  ])('%s is refused', (text, message) => {
    expect(() => parseSource(text, endpoint)).toThrow(message);
    expect(() => parseSource(text, endpoint)).toThrow(expect.objectContaining({ code: 'INVALID_PAYLOAD' }));
  });

  it('is shown without its query', () => {
    expect(shownSource('https://host/a.gguf?X-Signature=secret')).toBe('https://host/a.gguf?…');
    expect(shownSource('hf:owner/repo:Q4_0')).toBe('hf:owner/repo:Q4_0');
  });
});

describe('a target', () => {
  it('lies in its folder whatever the network calls it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.string({ unit: 'binary', maxLength: 50 }),
        (file, owner) => {
          const target = targetOf('/models', [owner, 'repo'], file);
          const relative = path.relative('/models', target).split(path.sep);
          expect(relative).toHaveLength(3);
          expect(relative.every((part) => part !== '' && !part.startsWith('.') && Buffer.byteLength(part) > 0)).toBe(
            true,
          );
        },
      ),
    );
  });

  it.each([
    ['../../etc/passwd', '_.._etc_passwd'],
    ['..', 'model'],
    ['.hidden.gguf', 'hidden.gguf'],
    ['a\u0000b:c.gguf', 'a_b_c.gguf'],
    ['C:\\x.gguf', 'C__x.gguf'],
  ])('%j becomes %s', (name, safe) => expect(safeName(name)).toBe(safe));
});

const file = (name: string, size: number) => ({ path: name, size, sha256: null });
const repo = [
  file('README.md', 10),
  file('imatrix.gguf', 10),
  file('m-Q8_0.gguf', 800),
  file('m-Q4_K_M.gguf', 400),
  file('m-IQ2_XS.gguf', 200),
  file('BF16/m-BF16-00001-of-00002.gguf', 900),
  file('BF16/m-BF16-00002-of-00002.gguf', 700),
  file('Q6_K/m-Q6_K-00001-of-00002.gguf', 600),
  file('mmproj-BF16.gguf', 90),
  file('mmproj-F16.gguf', 80),
];
const upTo =
  (most: number, partly = most): FitOf =>
  (bytes) =>
    bytes <= most ? 'fits' : bytes <= partly ? 'partly' : 'no';

describe('the variants of a repository', () => {
  it('are sorted by size, with shards joined and a projector, without what is no whole model', () => {
    expect(variantViews(variantsOf(repo), upTo(500, 1000))).toEqual([
      {
        quant: 'IQ2_XS',
        file: 'm-IQ2_XS.gguf',
        shards: 1,
        size: 200,
        mmproj: 'mmproj-F16.gguf',
        mmprojSize: 80,
        fit: 'fits',
        recommended: false,
      },
      {
        quant: 'Q4_K_M',
        file: 'm-Q4_K_M.gguf',
        shards: 1,
        size: 400,
        mmproj: 'mmproj-F16.gguf',
        mmprojSize: 80,
        fit: 'fits',
        recommended: true,
      },
      {
        quant: 'Q8_0',
        file: 'm-Q8_0.gguf',
        shards: 1,
        size: 800,
        mmproj: 'mmproj-F16.gguf',
        mmprojSize: 80,
        fit: 'partly',
        recommended: false,
      },
      {
        quant: 'BF16',
        file: 'BF16/m-BF16-00001-of-00002.gguf',
        shards: 2,
        size: 1600,
        mmproj: 'mmproj-F16.gguf',
        mmprojSize: 80,
        fit: 'no',
        recommended: false,
      },
    ]);
  });

  it.each([
    ['the usual one where it fits', upTo(10_000), 'Q4_K_M', /usual balance/],
    ['the usual one where it fits partly', upTo(100, 500), 'Q4_K_M', /usual balance/],
    ['else the smallest that fits', upTo(300), 'IQ2_XS', /smallest that fits/],
    ['else the smallest, and says that it does not fit', upTo(10), 'IQ2_XS', /even this one does not fit/],
  ])('recommended is %s', (_, fits, quant, note) => {
    const best = recommend(variantsOf(repo), fits);
    expect(best).toMatchObject({ variant: { quant }, note: expect.stringMatching(note) });
  });

  it('are chosen by quant in any case, and by file', () => {
    const variants = variantsOf(repo);
    const chosen = (wish: { quant: string | null; file: string | null }) =>
      chooseVariant('o/r', variants, wish, upTo(1e9)).variant.quant;
    expect(chosen({ quant: 'q8_0', file: null })).toBe('Q8_0');
    expect(chosen({ quant: null, file: 'm-BF16-00002-of-00002.gguf' })).toBe('BF16');
    expect(() => chosen({ quant: 'Q6_K', file: null })).toThrow(
      'o/r has no Q6_K; there are IQ2_XS, Q4_K_M, Q8_0, BF16.',
    );
  });

  it('of one quantisation ask which file is meant', () => {
    const two = variantsOf([file('a-Q4_0.gguf', 1), file('b-Q4_0.gguf', 2)]);
    expect(() => chooseVariant('o/r', two, { quant: 'Q4_0', file: null }, upTo(9))).toThrow(
      'name one of them: a-Q4_0.gguf, b-Q4_0.gguf.',
    );
  });
});

describe('what fits', () => {
  const gpu = {
    name: 'g',
    usage: null,
    memoryUsed: 0,
    memoryTotal: 8e9,
    powerUsage: null,
    powerLimit: null,
    temperature: null,
  };
  it.each([
    [3e9, [], 'fits'],
    [9.9e9, [], 'no'],
    [3e9, [gpu], 'fits'],
    [12e9, [gpu], 'partly'],
    [30e9, [gpu], 'no'],
  ])('%d bytes', (bytes, gpus, fit) => expect(fitOf(bytes, { ...memorySample(0), gpus }, 5e8)).toBe(fit));
});

describe('the speed', () => {
  it('is that of the last seconds, and nothing that was thrown away', () => {
    const rate = createRate();
    expect(rate.get()).toBeNull();
    for (let second = 0; second <= 20; second += 1)
      rate.add(second < 10 ? second * 1000 : 10_000 + (second - 10) * 50, second * 1000);
    expect(rate.get()).toBe(50);
    rate.add(0, 21_000);
    expect(rate.get()).toBeNull();
    rate.add(500, 22_000);
    expect(rate.get()).toBe(500);
  });
});
