/** Configuration drafts, parameters as text, defaults, and what the palette finds. */
import { describe, expect, it } from 'vitest';
import type { DecisionView } from '../../src/contracts/views.ts';
import { CONFIG_KEYS, defaultConfig, defaultSettings } from '../../src/contracts/config.ts';
import { changedKeys, problemOf, withValue } from '../../web/pages/configuration/draft.ts';
import { configGroups, labelOf, RESTART_WORDS } from '../../web/pages/configuration/groups.ts';
import { parametersAsText, parseParameters } from '../../web/pages/models/parameters-text.ts';
import { storyOf } from '../../web/pages/home/story.ts';
import { verdictOf } from '../../web/pages/home/verdict.ts';
import { pageAt, PAGES } from '../../web/pages/list.ts';
import { rankItems } from '../../web/shell/palette/rank.ts';
import { defaultsOfSettings } from '../../web/state/setting-defaults.ts';
import { outOfMemory } from '../browser/fixture-models.ts';

describe('the configuration page', () => {
  it('has every key of the contract exactly once, with a name and words for what it restarts', () => {
    const shown = configGroups().flatMap(({ keys }) => keys);
    expect(shown.toSorted()).toEqual(Object.keys(CONFIG_KEYS).toSorted());
    for (const key of shown) {
      expect(labelOf(key)).toMatch(/^[A-Z]/);
      expect(RESTART_WORDS[CONFIG_KEYS[key].restart]).toBeDefined();
    }
    expect(labelOf('someNewKey')).toBe('Some new key');
  });

  it('counts as a change only what differs from what is stored', () => {
    const config = defaultConfig();
    const draft = withValue({}, config.modelsMax, 'modelsMax', 7);
    expect(changedKeys(draft)).toEqual(['modelsMax']);
    expect(withValue(draft, config.modelsMax, 'modelsMax', 4)).toEqual({});
    expect(withValue({}, config.modelsDirs, 'modelsDirs', [])).toEqual({});
  });

  it.each([
    ['modelsMax', 5, null],
    ['modelsMax', 0, 'At least 1.'],
    ['modelsMax', 'zero', 'Write a number.'],
    ['port', 70_000, 'At most 65535.'],
    ['contextSize', 100, 'Must be 0 or between 512 and 1048576.'],
    ['threads', 'auto', null],
    ['threads', 0, 'At least 1.'],
  ] as const)('says of %s = %s: %s', (key, value, wanted) => {
    expect(problemOf(key, value)).toBe(wanted);
  });
});

describe('parameters as text', () => {
  it('come back as they were', () => {
    const parameters = { temp: 0.7, 'flash-attn': true, alias: 'x y', seed: '007' };
    expect(parseParameters(parametersAsText(parameters))).toEqual({ parameters });
    expect(parseParameters('; note\n\n')).toEqual({ parameters: {} });
  });

  it('name the line that is wrong', () => {
    expect(parseParameters('temp = 1\nflash')).toEqual({ problem: 'Line 2: write “key = value”.' });
    expect(parseParameters('--temp = 1')).toEqual({ problem: 'Line 1: write “temp” without dashes.' });
  });
});

describe('the settings', () => {
  it('start with the contract’s defaults', () => {
    expect(defaultsOfSettings).toEqual(defaultSettings());
  });
});

describe('the palette', () => {
  const items = [
    { title: 'Dashboard', words: 'home' },
    { title: 'Load Qwen3-8B-Q4_K_M' },
    { title: 'Load Llama-3.3-70B' },
    { title: 'Restart the router', words: 'api' },
  ];
  const find = (text: string): string[] => rankItems(items, text).map(({ title }) => title);

  it('finds by beginnings, parts, other words and letters in order', () => {
    expect(find('')).toHaveLength(4);
    expect(find('dash')[0]).toBe('Dashboard');
    expect(find('home')).toEqual(['Dashboard']);
    expect(find('load qw')).toEqual(['Load Qwen3-8B-Q4_K_M']);
    expect(find('rtr')).toContain('Restart the router');
    expect(find('zzz')).toEqual([]);
  });
});

describe('the pages', () => {
  it('have a title and a key of their own, and are found by their address', () => {
    expect(new Set(PAGES.map(({ key }) => key)).size).toBe(PAGES.length);
    expect(pageAt('/')?.title).toBe('Dashboard');
    expect(pageAt('/configuration/presets/x')?.title).toBe('Configuration');
    expect(pageAt('/modelsx')).toBeUndefined();
  });
});

describe('the dashboard', () => {
  it.each([
    [{ engine: 'missing', router: 'loaded', models: [] }, 'error', 'There is no engine to run models with'],
    [{ engine: 'ready', router: 'error', models: ['error'] }, 'error', 'The API is down'],
    [
      { engine: 'ready', router: 'loaded', models: ['error', 'loaded'] },
      'error',
      '1\u00a0model failed; the rest works',
    ],
    [{ engine: 'ready', router: 'unloaded', models: [] }, 'unloaded', 'The router is stopped'],
    [{ engine: 'ready', router: 'loaded', models: ['loading'] }, 'loading', '1\u00a0model is loading'],
    [{ engine: 'ready', router: 'loaded', models: ['loaded'] }, 'loaded', 'All is well; 1\u00a0model is loaded'],
  ] as const)('%j: %s', (facts, tone, text) => {
    expect(verdictOf(facts)).toEqual({ tone, text });
  });

  it('tells decisions and failures as one story, newest first', () => {
    const decision: DecisionView = {
      id: 'd',
      at: 5,
      kind: 'admitted',
      modelId: 'a',
      reason: 'fits',
      by: 'x',
      for: null,
      evicts: [],
      requiredBytes: null,
      availableBytes: null,
    };
    const story = storyOf(
      [decision],
      [
        { id: 'b', failure: outOfMemory(9) },
        { id: 'c', failure: null },
      ],
    );
    expect(story.map(({ kind, modelId }) => [kind, modelId])).toEqual([
      ['failed', 'b'],
      ['admitted', 'a'],
    ]);
  });
});
