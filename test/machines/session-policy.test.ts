import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  judge,
  nextBrowsers,
  NO_REPEATS,
  readRule,
  repeated,
  SUBJECTS,
  subjectsOf,
} from '../../machines/session-policy.ts';
import type { CallFacts, Circumstances, SessionCall, SessionRule, SessionSlot } from '../../machines/session-policy.ts';
import { RULE_SUBJECTS } from '../../src/contracts/sessions.ts';

const facts = (over: Partial<CallFacts> = {}): CallFacts => ({
  ...{ name: 'Next', inputType: null, submits: false, downloads: false, form: null },
  ...over,
});
const at = (over: Partial<Circumstances> = {}): Circumstances => ({
  ...{ element: null, site: 'shop.example', target: null, known: true, rules: [], grants: [] },
  ...over,
});
const rules = (...texts: string[]): SessionRule[] => texts.map((text) => readRule(text) as SessionRule);
const click: SessionCall = { tool: 'click', arguments: { ref: 'e1' } };
const type = (over: object = {}): SessionCall => ({ tool: 'type', arguments: { ref: 'e1', text: 'x', ...over } });

it('has the subjects of the contracts, in their order', () => expect(SUBJECTS).toEqual(RULE_SUBJECTS));

describe('what a call is', () => {
  it.each([
    [click, facts(), 'click'],
    [click, facts({ submits: true }), 'submit'],
    [click, facts({ name: 'Pay now', submits: true }), 'payment'],
    [click, facts({ name: 'Place your order' }), 'payment'],
    [click, facts({ name: 'Jetzt kaufen' }), 'payment'],
    [click, facts({ name: 'Add to cart', submits: true }), 'submit'],
    [click, facts({ name: 'Payroll of the buyers' }), 'click'],
    [click, facts({ name: 'OK', submits: true, form: { hasPassword: false, text: 'Card number CVC' } }), 'payment'],
    [click, facts({ inputType: 'file' }), 'upload'],
    [click, facts({ downloads: true }), 'download'],
    [type(), facts({ name: 'Search' }), 'type'],
    [type(), facts({ inputType: 'password' }), 'password'],
    [type(), facts({ name: 'Verification code' }), 'password'],
    [type(), facts({ name: 'Card number' }), 'payment'],
    [type({ submit: true }), facts({ submits: true }), 'submit'],
    [type({ submit: true }), facts({ inputType: 'password', submits: true }), 'password'],
    [{ tool: 'press', arguments: { key: 'Enter' } }, null, 'submit'],
    [{ tool: 'press', arguments: { key: 'Control+Enter' } }, null, 'submit'],
    [{ tool: 'press', arguments: { key: 'Escape' } }, null, 'look'],
    [{ tool: 'press', arguments: { key: 'a' } }, null, 'type'],
    [{ tool: 'upload', arguments: {} }, facts(), 'upload'],
    [{ tool: 'download', arguments: {} }, facts(), 'download'],
    [{ tool: 'select', arguments: {} }, facts(), 'click'],
    [{ tool: 'read', arguments: {} }, null, 'look'],
  ] as [SessionCall, CallFacts | null, string][])('%j with %j is %s', (call, element, subject) => {
    expect(subjectsOf(call, at({ element }))[0]).toBe(subject);
  });

  it('a site that was not open before is a visit', () => {
    const go = { tool: 'navigate', arguments: { url: 'https://other.example' } };
    expect(judge(go, at({ target: 'other.example', known: false }))).toEqual({
      ...{ answer: 'ask', subject: 'visit', rule: 'visit@other.example' },
    });
    expect(judge(go, at({ target: 'other.example', known: true })).answer).toBe('allow');
  });
});

describe('rules', () => {
  const send = facts({ submits: true });
  it.each([
    [[], 'ask'],
    [['submit=allow'], 'allow'],
    [['submit=allow', 'submit@shop.example=deny'], 'deny'],
    [['submit@shop.example=deny', 'submit=allow'], 'deny'],
    [['submit@*.example=allow', 'submit=deny'], 'allow'],
    [['submit@other.example=allow'], 'ask'],
    [['submit=deny', 'submit=allow'], 'allow'],
    [['click=allow'], 'ask'],
    [['click=deny'], 'deny'],
    [['click=deny', 'submit@shop.example=allow'], 'allow'],
    [['submit=allow', 'click@shop.example=deny'], 'deny'],
  ])('%j make sending a form %s', (texts, answer) => {
    expect(judge(click, at({ element: send, rules: rules(...texts) })).answer).toBe(answer);
  });

  it('a port is named more exactly than a host', () => {
    const here = at({
      element: send,
      site: '127.0.0.1:8080',
      rules: rules('submit@127.0.0.1:8080=allow', 'submit@127.0.0.1=deny'),
    });
    expect(judge(click, here).answer).toBe('allow');
  });

  it('what a person always allows is granted for that site alone', () => {
    const grants = ['submit@shop.example'];
    expect(judge(click, at({ element: send, grants })).answer).toBe('granted');
    expect(judge(click, at({ element: send, grants, site: 'evil.example' })).answer).toBe('ask');
    expect(judge(click, at({ element: facts({ name: 'Buy', submits: true }), grants })).answer).toBe('ask');
  });

  const someRule = fc.record({
    subject: fc.constantFrom(...SUBJECTS),
    site: fc.constantFrom(null, 'shop.example', '*.example', 'evil.example'),
    answer: fc.constantFrom('allow', 'ask', 'deny'),
  });
  const someFacts = fc.record({
    name: fc.constantFrom('Next', 'Pay now', 'Password', 'Card number', 'Send'),
    inputType: fc.constantFrom(null, 'password', 'file', 'text'),
    submits: fc.boolean(),
    downloads: fc.boolean(),
    form: fc.constantFrom(null, { hasPassword: true, text: 'CVC' }),
  });
  const someCall = fc.constantFrom(click, type(), type({ submit: true }), { tool: 'select', arguments: {} });

  it('no grant and no rule about something milder ever allows what is graver', () => {
    fc.assert(
      fc.property(
        someCall,
        someFacts,
        fc.array(someRule),
        fc.array(fc.constantFrom(...SUBJECTS)),
        (call, element, all, granted) => {
          const here = at({ element });
          const [gravest] = subjectsOf(call, here);
          const milder = all.filter(({ subject }) => subject !== gravest);
          const grants = granted.filter((subject) => subject !== gravest).map((subject) => `${subject}@shop.example`);
          const without = judge(call, here).answer;
          const { answer } = judge(call, { ...here, rules: milder, grants });
          expect([without, 'deny']).toContain(answer);
        },
      ),
    );
  });

  it('a denial without a site holds unless a rule about the same subject names it as exactly or more', () => {
    fc.assert(
      fc.property(someCall, someFacts, (call, element) => {
        const here = at({ element });
        for (const subject of subjectsOf(call, here))
          expect(judge(call, { ...here, rules: rules(`${subject}=deny`) }).answer).toBe('deny');
      }),
    );
  });

  it('rules that cannot be read are none', () => {
    expect(['', 'fly=allow', 'click', 'click=maybe', '=allow'].map(readRule)).toEqual([null, null, null, null, null]);
    expect(readRule(' click@*.Example.com = ask ')).toEqual({ subject: 'click', site: '*.example.com', answer: 'ask' });
  });
});

describe('going round in circles', () => {
  it('is told at most once before it is being stuck, and never for fewer than three of the same', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd')), (keys) => {
        let repeats = NO_REPEATS;
        const verdicts: string[] = [];
        for (const key of keys) {
          const next = repeated(repeats, key);
          const seen = [...repeats.recent, key].slice(-8).filter((other) => other === key).length;
          expect(next.verdict === 'fine').toBe(seen < 3);
          verdicts.push(next.verdict);
          ({ repeats } = next);
        }
        expect(verdicts.join().includes('tell,tell')).toBe(false);
      }),
    );
  });
});

describe('which sessions get a browser', () => {
  const slot = fc.record({
    phase: fc.constantFrom<SessionSlot['phase'][]>('waits', 'works', 'idle'),
    since: fc.integer({ min: 0, max: 9 }),
    dispensable: fc.boolean(),
  });
  it('first come, first served; never more than allowed, and nobody’s is taken while they work or are waited for', () => {
    fc.assert(
      fc.property(fc.array(slot), fc.integer({ min: 1, max: 5 }), (some, allowed) => {
        const slots = some.map((each, n) => ({ id: String(n), ...each }));
        const { open, close, waiting } = nextBrowsers(slots, allowed);
        const taken = slots.filter(({ phase }) => phase !== 'waits').length;
        expect([...open, ...waiting]).toEqual(slots.filter(({ phase }) => phase === 'waits').map(({ id }) => id));
        if (open.length > 0) expect(taken - close.length + open.length).toBeLessThanOrEqual(allowed);
        for (const id of close) expect(slots[Number(id)]).toMatchObject({ phase: 'idle', dispensable: true });
      }),
    );
  });
});
