/** What a form asks of the server for a new key. */
import { describe, expect, it } from 'vitest';
import { emptyDraft, isImplied, lifeOf, requestOf } from '../../web/pages/keys/key-draft.ts';
import type { KeyDraft } from '../../web/pages/keys/key-draft.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const DAY = 86_400_000;
const asked = (part: Partial<KeyDraft>) => requestOf({ ...emptyDraft, name: 'phone', ...part }, NOW);

describe('a new key', () => {
  it('may use every model for ever, unless more is said', () => {
    expect(asked({ name: '  phone ' })).toEqual({
      request: {
        name: 'phone',
        scopes: ['infer'],
        models: null,
        expiresAt: null,
        concurrency: null,
        ratePerMinute: null,
      },
    });
  });

  it('asks for the strongest scopes alone', () => {
    expect(asked({ scopes: ['infer', 'operate', 'observe'] })).toMatchObject({ request: { scopes: ['operate'] } });
    expect(asked({ scopes: ['observe', 'infer'] })).toMatchObject({ request: { scopes: ['infer', 'observe'] } });
    expect(isImplied(['admin'], 'operate')).toBe(true);
    expect(isImplied(['admin'], 'admin')).toBe(false);
  });

  it('forgets the models when it may change them', () => {
    expect(asked({ scopes: ['admin'], models: [] })).toMatchObject({ request: { models: null } });
  });

  it('ends after so many days, or at the end of a day', () => {
    expect(asked({ expiry: '30' })).toMatchObject({ request: { expiresAt: NOW + 30 * DAY } });
    const end = new Date(2027, 0, 1, 23, 59, 59, 999).getTime();
    expect(asked({ expiry: 'day', day: '2027-01-01' })).toMatchObject({ request: { expiresAt: end } });
  });

  it.each<[Partial<KeyDraft>, RegExp]>([
    [{ name: ' ' }, /name/],
    [{ name: 'x'.repeat(65) }, /64/],
    [{ scopes: [] }, /may do/],
    [{ models: [] }, /at least one model/],
    [{ expiry: 'day', day: '' }, /not over/],
    [{ expiry: 'day', day: '2020-01-01' }, /not over/],
    [{ concurrency: '0' }, /at once/],
    [{ concurrency: '1.5' }, /at once/],
    [{ ratePerMinute: 'many' }, /per minute/],
  ])('that is %o is not asked for', (part, problem) => {
    expect(asked(part)).toMatchObject({ problem: expect.stringMatching(problem) as string });
  });
});

describe('the end of a key', () => {
  it.each([
    [null, 'lasting'],
    [NOW + 8 * DAY, 'lasting'],
    [NOW + 6 * DAY, 'ending'],
    [NOW, 'over'],
  ])('at %s is %s', (expiresAt, life) => {
    expect(lifeOf({ expiresAt }, NOW)).toBe(life);
  });
});
