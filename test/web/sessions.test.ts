import { describe, expect, it } from 'vitest';
import type { SessionEntryView, SessionInput, SessionView } from '../../src/contracts/sessions.ts';
import { createHand, keyOf, merged, placeOf } from '../../web/pages/sessions/hand.ts';
import {
  factsOf,
  lastPicture,
  mayContinue,
  statusWords,
  stepMark,
  stepWords,
  withEntry,
  withSession,
} from '../../web/pages/sessions/session-words.ts';
import { addressOf, wholeIn } from '../../web/pages/sessions/start-input.ts';

const session = (id: string, over: Partial<SessionView> = {}): SessionView => ({
  id,
  title: 'Buy one blue cup and bring me the receipt',
  sessionType: 'browser',
  status: 'running',
  message: 'The model thinks about the next step.',
  prompt: 'Buy one blue cup and bring me the receipt',
  model: null,
  answeredBy: 'Qwen3-8B-Q4_K_M',
  steps: 4,
  maxSteps: 50,
  timeoutMs: 1_800_000,
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
  startedAt: 0,
  endedAt: null,
  updatedAt: 0,
  ...over,
});

type Step = Extract<SessionEntryView, { kind: 'step' }>;

const step = (seq: number, over: Partial<Step> = {}): Step => ({
  kind: 'step',
  seq,
  at: seq,
  words: '',
  thought: '',
  tool: 'read',
  arguments: {},
  title: 'Read the page',
  state: 'done',
  verdict: 'allowed',
  why: null,
  result: '',
  page: null,
  picture: null,
  tookMs: 180,
  ...over,
});

const note = (seq: number, text: string): SessionEntryView => ({ seq, at: seq, kind: 'note', level: 'info', text });

describe('the sessions on the page', () => {
  it('stand with the newest in front, each once', () => {
    const first = session('a', { createdAt: 1 });
    const list = withSession([first], session('b', { createdAt: 2 }));
    expect(list.map(({ id }) => id)).toEqual(['b', 'a']);
    const changed = withSession(list, session('a', { createdAt: 1, updatedAt: 9, title: 'renamed' }));
    expect(changed.map(({ id, title }) => [id, title])).toEqual([
      ['b', list[0]?.title],
      ['a', 'renamed'],
    ]);
  });

  it('keep what is newer when an answer comes after the broadcast that overtook it', () => {
    const list = [session('a', { status: 'end', updatedAt: 9 })];
    expect(withSession(list, session('a', { status: 'running', updatedAt: 8 }))).toBe(list);
  });
});

describe('a transcript on the page', () => {
  it('takes an entry that is told again in the place of the first', () => {
    const held = [step(0), step(1, { state: 'waiting' })];
    const after = withEntry(held, step(1, { state: 'done', verdict: 'approved' }));
    expect(after.map(({ seq }) => seq)).toEqual([0, 1]);
    expect(after[1]).toMatchObject({ state: 'done', verdict: 'approved' });
  });

  it('keeps the order however the entries come', () => {
    let held: readonly SessionEntryView[] = [];
    for (const seq of [3, 0, 2, 1, 2]) held = withEntry(held, note(seq, `note ${String(seq)}`));
    expect(held.map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
  });

  it('knows the last picture, also behind steps without one', () => {
    expect(lastPicture([step(0, { picture: '/a.png' }), step(1, { picture: '/b.png' }), step(2), note(3, 'x')])).toBe(
      '/b.png',
    );
    expect(lastPicture([note(0, 'x')])).toBeNull();
  });

  it('marks a step where that says more than that it was done', () => {
    expect(stepMark(step(0, { state: 'done', verdict: 'allowed' }))).toBeNull();
    expect(stepMark(step(0, { state: 'done', verdict: 'approved' }))?.words).toBe('Approved');
    expect(stepMark(step(0, { state: 'refused', verdict: 'refused' }))).toEqual({ words: 'Refused', tone: 'error' });
    expect(stepMark(step(0, { state: 'waiting', verdict: null }))?.words).toBe('Waits for you');
  });
});

describe('what is said of a session', () => {
  it('counts its steps, towards the most while it goes on', () => {
    expect(stepWords(session('a', { status: 'running', steps: 3, maxSteps: 50 }))).toBe('Step\u00a03 of 50');
    expect(stepWords(session('a', { status: 'end', steps: 1 }))).toBe('1\u00a0step');
    expect(stepWords(session('a', { status: 'max_loop', steps: 1200 }))).toBe('1,200\u00a0steps');
  });

  it('leaves out what there is not', () => {
    const fresh = { status: 'init', steps: 0, maxSteps: 9, startedAt: null, model: null, answeredBy: null } as const;
    expect(factsOf(session('a', { ...fresh, usage: { inputTokens: 0, outputTokens: 0 } }), 5)).toBe('Step\u00a00 of 9');
  });

  it('says whose hands the browser is in before anything else, and when nothing goes on', () => {
    expect(statusWords(session('a', { status: 'pause', byHand: true }))).toBe('In your hands');
    expect(mayContinue(session('a', { status: 'user_stopped' }))).toBe(false);
    expect(mayContinue(session('a', { status: 'error' }))).toBe(true);
  });
});

describe('the form of a new session', () => {
  it.each([
    ['example.org', 'https://example.org/'],
    [' http://example.org/a?b ', 'http://example.org/a?b'],
    ['localhost:3000', 'https://localhost:3000/'],
    ['file:///etc/passwd', null],
    ['javascript://x', null],
    ['two words', null],
    ['', null],
  ])('reads the address %j', (text, address) => {
    expect(addressOf(text)).toBe(address);
  });

  it.each([
    ['', undefined],
    [' 12 ', 12],
    ['0', null],
    ['101', null],
    ['1.5', null],
    ['ten', null],
  ])('reads the number %j', (text, value) => {
    expect(wholeIn(text, 100)).toBe(value);
  });
});

describe('a browser in hand', () => {
  const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey', boolean>> = {}) =>
    keyOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

  it('takes letters as text, other keys by their name, and leaves Tab to the page', () => {
    expect(press('a')).toEqual({ kind: 'type', text: 'a' });
    expect(press('😀')).toEqual({ kind: 'type', text: '😀' });
    expect(press('€', { ctrlKey: true, altKey: true })).toEqual({ kind: 'type', text: '€' });
    expect(press('Enter', { shiftKey: true })).toEqual({ kind: 'press', key: 'Shift+Enter' });
    expect(press('a', { metaKey: true })).toEqual({ kind: 'press', key: 'Control+a' });
    expect(press('Tab')).toBeNull();
    expect(press('Shift', { shiftKey: true })).toBeNull();
  });

  it('is clicked where its picture is, however large the picture', () => {
    const box = { left: 100, top: 50, width: 640, height: 400 };
    expect(placeOf({ x: 420, y: 250 }, box, { width: 1280, height: 800 })).toEqual({ x: 640, y: 400 });
    expect(placeOf({ x: 0, y: 9999 }, box, { width: 1280, height: 800 })).toEqual({ x: 0, y: 800 });
  });

  it('puts letters and turns of the wheel together, and nothing else', () => {
    const scroll = (dy: number): SessionInput => ({ kind: 'scroll', x: 1, y: 1, dx: 0, dy });
    expect(merged({ kind: 'type', text: 'a' }, { kind: 'type', text: 'b' })).toEqual({ kind: 'type', text: 'ab' });
    expect(merged(scroll(9000), scroll(9000))).toEqual(scroll(10_000));
    expect(merged({ kind: 'click', x: 1, y: 1 }, { kind: 'click', x: 1, y: 1 })).toBeNull();
    expect(merged({ kind: 'type', text: 'a'.repeat(10_000) }, { kind: 'type', text: 'b' })).toBeNull();
  });

  it('is told one thing after the other, and after a failure nothing that was meant for what failed', async () => {
    const sent: SessionInput[] = [];
    const errors: unknown[] = [];
    const answers: { ok: () => void; fail: (error: Error) => void }[] = [];
    const hand = createHand(
      (input) => {
        sent.push(input);
        return new Promise<void>((ok, fail) => answers.push({ ok, fail }));
      },
      (error) => errors.push(error),
    );
    const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
    hand({ kind: 'click', x: 1, y: 1 });
    for (const text of ['a', 'b', 'c']) hand({ kind: 'type', text });
    expect(sent).toHaveLength(1);
    answers[0]?.ok();
    await turn();
    expect(sent[1]).toEqual({ kind: 'type', text: 'abc' });
    hand({ kind: 'press', key: 'Enter' });
    const error = new Error('It crashed.');
    answers[1]?.fail(error);
    await turn();
    expect(errors).toEqual([error]);
    expect(sent).toHaveLength(2);
    hand({ kind: 'back' });
    expect(sent[2]).toEqual({ kind: 'back' });
  });
});
