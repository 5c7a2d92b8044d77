/** What a change does and what counts, in words. */
import { describe, expect, it } from 'vitest';
import type { ChangeEffectView, ConfigRow, EffectiveRow } from '../../src/contracts/changes.ts';
import { changeWords, effectLines, hasRestarts } from '../../web/pages/configuration/effects.ts';
import { effectiveWords, loadedWords, standsBack } from '../../web/pages/configuration/rows.ts';

const name = (id: string): string => id.toUpperCase();
const changed = [{ key: 'ctx-size', from: null, to: 8192 }];

describe('the effects of a change', () => {
  it('put what is interrupted first, and count models that do not run', () => {
    const effects: ChangeEffectView[] = [
      { kind: 'server-restart-needed', changed: [{ key: 'port', from: 3000, to: 4000 }], when: 'next start' },
      ...['a', 'b', 'c', 'd', 'e'].map((id) => ({ kind: 'none', modelId: id, changed, when: 'next load' }) as const),
      { kind: 'rescan', changed: [], when: 'now' },
      { kind: 'restart-model', modelId: 'q', changed, when: 'when idle' },
    ];
    expect(effectLines(effects, name)).toEqual([
      { weight: 'restart', text: 'Q is loaded again when no request is in flight', detail: 'ctx-size not set → 8192' },
      { weight: 'now', text: 'The folders are searched again', detail: null },
      { weight: 'later', text: 'Counts when Llamactor is started again', detail: 'port 3000 → 4000' },
      { weight: 'later', text: '5\u00a0models that do not run take it when loaded', detail: 'A, B, C and 2 more' },
    ]);
    expect(hasRestarts(effects)).toBe(true);
  });

  it('say so when nothing restarts', () => {
    const effects: ChangeEffectView[] = [{ kind: 'none', changed: [], when: 'now' }];
    expect(effectLines(effects, name)).toEqual([
      { weight: 'now', text: 'Counts at once; nothing restarts', detail: null },
    ]);
    expect(hasRestarts(effects)).toBe(false);
  });

  it.each([
    [true, false, 'on → off'],
    [[], ['a', 'b'], 'none → a, b'],
    ['', 'auto', 'empty → auto'],
  ])('write %j to %j', (from, to, words) => {
    expect(changeWords([{ key: 'k', from, to }])).toBe(`k ${words}`);
  });
});

describe('what counts', () => {
  const row = (parts: Partial<ConfigRow>): ConfigRow => ({
    key: 'port',
    requested: 3001,
    effective: 3000,
    source: 'stored',
    waitsFor: null,
    ...parts,
  });

  it('is told apart from what is stored, with the reason', () => {
    expect(effectiveWords(row({ effective: 3001 }))).toBeNull();
    expect(effectiveWords(row({ waitsFor: 'server' }))).toBe('In force: 3000, until Llamactor is started again.');
    expect(effectiveWords(row({ source: 'start' }))).toMatch(/^In force: 3000, given by a flag or variable/);
    expect(effectiveWords(row({ requested: '', effective: '/usr/bin/x' }))).toBe('In force: /usr/bin/x.');
    expect(standsBack(row({ waitsFor: 'router' }))).toBe(true);
    expect(standsBack(row({ requested: '', effective: '/usr/bin/x' }))).toBe(false);
    expect(standsBack(row({ source: 'start', effective: 3001 }))).toBe(false);
  });

  it('is told of each loaded model', () => {
    const its: EffectiveRow = {
      key: 'ctx-size',
      requested: 8192,
      source: 'preset section',
      effective: 4096,
      told: 'engine',
      differs: true,
    };
    expect(loadedWords('contextSize', [{ name: 'Q', rows: [its] }])).toEqual([
      'Q runs with 4096, from its section of the preset; 8192 was asked for',
    ]);
    expect(loadedWords('contextSize', [{ name: 'Q', rows: [] }])).toEqual([]);
    expect(loadedWords('modelsMax', [{ name: 'Q', rows: [its] }])).toEqual([]);
  });
});
