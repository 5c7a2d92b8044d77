/** What the page of the sessions makes of what it is told, and of what a person does on a browser's picture. */
import { describe, expect, it } from 'vitest';
import type { AuditEntryView } from '../../src/contracts/approvals.ts';
import type { SessionEntryView, SessionInput, SessionView } from '../../src/contracts/sessions.ts';
import { filterEntries, isAct } from '../../web/pages/audit/filter.ts';
import { createHand, keyOf, merged, placeOf } from '../../web/pages/sessions/hand.ts';
import {
  factsOf,
  lastPicture,
  stepMark,
  statusWords,
  withEntry,
  withSession,
} from '../../web/pages/sessions/session-words.ts';
import { addressOf, wholeIn } from '../../web/pages/sessions/start-input.ts';

type Step = Extract<SessionEntryView, { kind: 'step' }>;
const step = (seq: number, over: Partial<Step> = {}): Step => ({
  seq,
  at: seq,
  kind: 'step',
  words: '',
  thought: '',
  tool: 'click',
  arguments: {},
  title: `Step ${String(seq)}`,
  state: 'done',
  verdict: 'allowed',
  why: null,
  result: '',
  page: null,
  picture: null,
  tookMs: null,
  ...over,
});
const session = (id: string, over: Partial<SessionView> = {}): SessionView => ({
  id,
  title: id,
  sessionType: 'browser',
  status: 'running',
  message: 'It works.',
  prompt: id,
  model: null,
  answeredBy: null,
  steps: 3,
  maxSteps: 50,
  timeoutMs: 60_000,
  page: null,
  byHand: false,
  question: null,
  approvalId: null,
  files: [],
  downloads: [],
  usage: { inputTokens: 0, outputTokens: 0 },
  answer: null,
  errorCode: null,
  entries: 0,
  createdAt: 0,
  startedAt: null,
  endedAt: null,
  updatedAt: 0,
  ...over,
});
const seqs = (entries: readonly SessionEntryView[]): number[] => entries.map(({ seq }) => seq);

describe('a transcript', () => {
  it('keeps its order, and has an entry that is told again once, in its place', () => {
    const two = [step(0), step(2)];
    expect(seqs(withEntry([], step(0)))).toEqual([0]);
    expect(seqs(withEntry(two, step(3)))).toEqual([0, 2, 3]);
    expect(seqs(withEntry(two, step(1)))).toEqual([0, 1, 2]);
    const again = withEntry(two, step(0, { state: 'failed' }));
    expect(seqs(again)).toEqual([0, 2]);
    expect(again[0]).toMatchObject({ state: 'failed' });
  });

  it('shows the newest picture that there is', () => {
    expect(lastPicture([step(0, { picture: '/a.png' }), step(1, { picture: '/b.png' }), step(2)])).toBe('/b.png');
    expect(lastPicture([step(0)])).toBeNull();
  });

  it('marks what a person has to do with, and what went wrong', () => {
    const words = (over: Partial<Step>): string | undefined => stepMark(step(0, over))?.words;
    expect(words({})).toBeUndefined();
    expect(words({ state: 'waiting', verdict: null })).toBe('Waits for you');
    expect(words({ state: 'running' })).toBe('Under way');
    expect(words({ verdict: 'approved' })).toBe('Approved');
    expect(words({ state: 'refused', verdict: 'refused' })).toBe('Refused');
    expect(words({ state: 'failed', verdict: 'approved' })).toBe('Failed');
  });
});

describe('the sessions', () => {
  it('have a new one where its age puts it, and one that is told again in its place', () => {
    const held = [session('c', { createdAt: 3 }), session('a', { createdAt: 1, updatedAt: 5 })];
    const ids = (all: readonly SessionView[]): string[] => all.map(({ id }) => id);
    expect(ids(withSession(held, session('b', { createdAt: 2 })))).toEqual(['c', 'b', 'a']);
    expect(withSession(held, session('a', { status: 'end', updatedAt: 6 }))[1]).toMatchObject({ status: 'end' });
    // An answer that a broadcast has overtaken.
    expect(withSession(held, session('a', { status: 'end', updatedAt: 4 }))).toBe(held);
  });

  it('are summed up in a line', () => {
    const plain = (text: string): string => text.replaceAll('\u00a0', ' ');
    const busy = session('a', { startedAt: 1000, usage: { inputTokens: 1200, outputTokens: 34 }, answeredBy: 'qwen' });
    expect(plain(factsOf(busy, 62_000))).toBe('Step 3 of 50 · 1 min 1 s · qwen · 1,234 tokens');
    expect(plain(factsOf({ ...busy, status: 'end', steps: 1, endedAt: 6000 }, 62_000))).toBe(
      '1 step · 5 s · qwen · 1,234 tokens',
    );
    expect(plain(factsOf(session('a'), 5))).toBe('Step 3 of 50');
    expect(statusWords(session('a', { status: 'pause', byHand: true }))).toBe('In your hands');
    expect(statusWords(session('a', { status: 'max_loop' }))).toBe('Out of steps');
  });
});

describe('the browser in hand', () => {
  const none = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
  it.each([
    [{ key: 'a' }, { kind: 'type', text: 'a' }],
    [
      { key: 'Ä', shiftKey: true },
      { kind: 'type', text: 'Ä' },
    ],
    [{ key: '😀' }, { kind: 'type', text: '😀' }],
    [
      { key: '@', ctrlKey: true, altKey: true },
      { kind: 'type', text: '@' },
    ],
    [{ key: ' ' }, { kind: 'type', text: ' ' }],
    [{ key: 'Enter' }, { kind: 'press', key: 'Enter' }],
    [
      { key: 'ArrowLeft', shiftKey: true },
      { kind: 'press', key: 'Shift+ArrowLeft' },
    ],
    [
      { key: 'a', metaKey: true },
      { kind: 'press', key: 'Control+a' },
    ],
    [{ key: 'Tab' }, null],
    [{ key: 'Shift', shiftKey: true }, null],
    [{ key: 'Dead' }, null],
  ])('is told %j as %j', (event, input) => {
    expect(keyOf({ ...none, ...event })).toEqual(input);
  });

  it('is clicked where its picture is', () => {
    const box = { left: 100, top: 50, width: 640, height: 400 };
    const viewport = { width: 1280, height: 800 };
    expect(placeOf({ x: 420, y: 250 }, box, viewport)).toEqual({ x: 640, y: 400 });
    expect(placeOf({ x: 0, y: 9999 }, box, viewport)).toEqual({ x: 0, y: 800 });
    expect(placeOf({ x: 5, y: 5 }, { ...box, width: 0 }, viewport)).toMatchObject({ x: 0 });
  });

  it('puts letters and turns of the wheel together, and nothing else', () => {
    expect(merged({ kind: 'type', text: 'a' }, { kind: 'type', text: 'b' })).toEqual({ kind: 'type', text: 'ab' });
    expect(
      merged({ kind: 'scroll', x: 1, y: 1, dx: 0, dy: 9000 }, { kind: 'scroll', x: 2, y: 3, dx: 1, dy: 9000 }),
    ).toEqual({ kind: 'scroll', x: 2, y: 3, dx: 1, dy: 10_000 });
    expect(merged({ kind: 'type', text: 'a' }, { kind: 'press', key: 'Enter' })).toBeNull();
    expect(merged({ kind: 'click', x: 1, y: 1 }, { kind: 'click', x: 1, y: 1 })).toBeNull();
    expect(merged({ kind: 'type', text: 'a'.repeat(9999) }, { kind: 'type', text: 'bc' })).toBeNull();
  });

  it('sends one after the other in order, and drops what waits after a failure', async () => {
    const sent: SessionInput[] = [];
    const settle: { resolve: () => void; reject: (error: Error) => void }[] = [];
    const errors: unknown[] = [];
    const hand = createHand(
      (input) => {
        sent.push(input);
        return new Promise<void>((resolve, reject) => settle.push({ resolve, reject }));
      },
      (error) => errors.push(error),
    );
    hand({ kind: 'click', x: 1, y: 2 });
    for (const text of 'mug') hand({ kind: 'type', text });
    hand({ kind: 'press', key: 'Enter' });
    expect(sent).toEqual([{ kind: 'click', x: 1, y: 2 }]);
    settle[0]?.resolve();
    await expect.poll(() => sent.length).toBe(2);
    expect(sent[1]).toEqual({ kind: 'type', text: 'mug' });
    settle[1]?.reject(new Error('It is gone.'));
    await expect.poll(() => errors.length).toBe(1);
    hand({ kind: 'back' });
    expect(sent.at(-1)).toEqual({ kind: 'back' });
    expect(sent).toHaveLength(3);
  });
});

describe('what is written in the form', () => {
  it.each([
    ['example.com', 'https://example.com/'],
    [' http://example.com/a?b=c ', 'http://example.com/a?b=c'],
    ['localhost:3000/x', 'https://localhost:3000/x'],
    ['file:///etc/passwd', null],
    ['javascript://x', null],
    ['two words', null],
    ['', null],
  ])('%j is the address %j', (text, address) => {
    expect(addressOf(text)).toBe(address);
  });

  it.each([
    ['', undefined],
    [' 12 ', 12],
    ['0', null],
    ['1001', null],
    ['1.5', null],
    ['1e2', null],
    ['-3', null],
  ])('%j steps are %j', (text, value) => {
    expect(wholeIn(text, 1000)).toBe(value);
  });
});

describe('the audit log', () => {
  const entry = (id: string, over: Partial<AuditEntryView> = {}): AuditEntryView => ({
    id,
    at: 0,
    act: 'asked',
    who: 'Ana',
    subject: id,
    title: 'Click “Pay now”',
    session: null,
    answer: null,
    why: null,
    ...over,
  });
  const log = [
    entry('1', { session: 's1' }),
    entry('2', { act: 'rejected', why: 'Too dear.', session: 's1' }),
    entry('3', { act: 'timed_out', who: null, title: 'Deploy' }),
  ];
  const ids = (text: string, act: AuditEntryView['act'] | null = null, session: string | null = null): string =>
    filterEntries(log, { text, act, session }, new Map([['s1', 'Buy a cup']]))
      .map(({ id }) => id)
      .join('');

  it('is filtered by all words wherever they stand, by act and by session', () => {
    expect(ids('')).toBe('123');
    expect(ids('pay DEAR')).toBe('2');
    expect(ids('cup')).toBe('12');
    expect(ids('nobody')).toBe('3');
    expect(ids('', 'rejected')).toBe('2');
    expect(ids('', null, 's1')).toBe('12');
    expect(ids('deploy', null, 's1')).toBe('');
    expect([isAct('timed_out'), isAct('eaten'), isAct(undefined)]).toEqual([true, false, false]);
  });
});
