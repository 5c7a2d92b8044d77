/**
 * What a session's model may do by itself, what a person is asked, and when it goes round in circles. Pure.
 */

/** What consent is about, the gravest first: the first that applies is what a call counts as. */
export const SUBJECTS = [
  'password',
  'payment',
  'upload',
  'download',
  'submit',
  'visit',
  'click',
  'type',
  'look',
] as const;
export type Subject = (typeof SUBJECTS)[number];
export type RuleAnswer = 'allow' | 'ask' | 'deny';

export interface SessionRule {
  subject: Subject;
  /** `example.com`, `*.example.com`, `example.com:8080`; null is every site. */
  site: string | null;
  answer: RuleAnswer;
}

/** What the model wants to do. */
export interface SessionCall {
  tool: string;
  arguments: Readonly<Record<string, unknown>>;
}

/** The element that a call is about, as far as consent is concerned. */
export interface CallFacts {
  name: string;
  inputType: string | null;
  submits: boolean;
  downloads: boolean;
  form: { hasPassword: boolean; text: string } | null;
}

export interface Circumstances {
  /** Null for calls without an element. */
  element: CallFacts | null;
  /** Host of the page, with its port unless that is the usual one; null before there is a page. */
  site: string | null;
  /** Where `navigate` leads, written the same way; null for everything else and for what is no address. */
  target: string | null;
  /** That site was open before, or the person named it. */
  known: boolean;
  rules: readonly SessionRule[];
  /** Rules that a person allowed for the whole session. */
  grants: readonly string[];
}

export interface Judgement {
  /** `granted`: a person allowed all of this kind before. */
  answer: RuleAnswer | 'granted';
  subject: Subject;
  /** What "always" would cover. */
  rule: string;
}

const DEFAULTS: Readonly<Record<Subject, RuleAnswer>> = {
  password: 'ask',
  payment: 'ask',
  upload: 'ask',
  download: 'ask',
  submit: 'ask',
  visit: 'ask',
  click: 'allow',
  type: 'allow',
  look: 'allow',
};

const isSubject = (word: string): word is Subject => (SUBJECTS as readonly string[]).includes(word);
const isAnswer = (word: string): word is RuleAnswer => word === 'allow' || word === 'ask' || word === 'deny';

/** `submit@*.example.com=allow`; null for what is no rule. */
export const readRule = (text: string): SessionRule | null => {
  const [, subject = '', site, answer = ''] = /^\s*(\w+)(?:@(\S+?))?\s*=\s*(\w+)\s*$/.exec(text) ?? [];
  if (!isSubject(subject) || !isAnswer(answer)) return null;
  return { subject, site: site === undefined || site === '*' ? null : site.toLowerCase(), answer };
};

const withoutPort = (site: string): string => site.replace(/:\d+$/, '');

/** How exactly a pattern names a site: -1 not at all, 0 every site, more for more of its name. */
const exactness = (pattern: string | null, site: string | null): number => {
  if (pattern === null) return 0;
  if (site === null) return -1;
  if (pattern === site) return 3000;
  if (pattern === withoutPort(site)) return 2000;
  if (!pattern.startsWith('*.')) return -1;
  return withoutPort(site).endsWith(pattern.slice(1)) ? pattern.length : -1;
};

/** The most exact rule about a subject, the last of equal ones; none is the default, which is less exact than any. */
const bestRule = (
  subject: Subject,
  site: string | null,
  rules: readonly SessionRule[],
): { answer: RuleAnswer; exact: number } => {
  let best = { answer: DEFAULTS[subject], exact: -1 };
  for (const rule of rules) {
    if (rule.subject !== subject) continue;
    const exact = exactness(rule.site, site);
    if (exact >= 0 && exact >= best.exact) best = { answer: rule.answer, exact };
  }
  return best;
};

/** Words of a button or field that has to do with money, in the languages that shops most often use. */
const PAYS =
  /\b(?:pay(?:ment|ing)?|buy|purchase|(?:place|confirm|complete|submit|send) (?:the |my |your )?order|order now|subscribe|donate|transfer|send money|withdraw|bid|bezahlen|zahlen|kaufen|kostenpflichtig|bestellen|überweisen|payer|acheter|commander|régler|pagar|comprar|acquista|paga|betalen|kopen|zapłać|kup)\b/iu;
const CARD =
  /\b(?:card ?number|credit ?card|debit ?card|cardholder|cvc|cvv|csc|security code|expiry|expiration|iban|account number|routing number|kartennummer|numéro de carte)\b/iu;
const SECRET =
  /\b(?:pass ?(?:word|code|phrase)|pin|otp|one[- ]time|verification code|secret|api[- ]?key|token|passwort|kennwort|mot de passe|contraseña|wachtwoord)\b/iu;

const isPayment = ({ name, form, submits }: CallFacts): boolean =>
  PAYS.test(name) || (submits && form !== null && CARD.test(form.text));

const only = (...subjects: (Subject | false)[]): Subject[] => SUBJECTS.filter((subject) => subjects.includes(subject));

/** Keys that set off what has the focus. */
const ACTIVATES = /(?:^|\+)(?:enter|numpadenter|return|space| )$/i;
const MOVES = /^(?:(?:shift\+)?tab|escape|esc|home|end|pageup|pagedown|arrow(?:up|down|left|right))$/i;

/** Everything that a call is, the gravest first. */
export const subjectsOf = (
  { tool, arguments: args }: SessionCall,
  { element, target, known }: Circumstances,
): Subject[] => {
  switch (tool) {
    case 'navigate':
      return only('look', target !== null && !known && 'visit');
    case 'click':
      if (element === null) return only('click', 'submit');
      return only(
        'click',
        isPayment(element) && 'payment',
        element.inputType === 'file' && 'upload',
        element.downloads && 'download',
        element.submits && 'submit',
      );
    case 'type': {
      if (element === null) return only('type', 'password');
      const sends = args['submit'] === true && element.submits;
      return only(
        'type',
        (element.inputType === 'password' || SECRET.test(element.name)) && 'password',
        (CARD.test(element.name) || (sends && isPayment(element))) && 'payment',
        sends && 'submit',
      );
    }
    case 'select':
      return only('click');
    case 'press': {
      const key = String(args['key']);
      if (ACTIVATES.test(key)) return only('submit', 'type');
      return MOVES.test(key) ? only('look') : only('type');
    }
    case 'download':
      return only('download', 'click', element !== null && isPayment(element) && 'payment');
    case 'upload':
      return only('upload');
    default:
      return only('look');
  }
};

/**
 * Whether a call may be done. Its gravest subject decides by its most exact rule. A `deny` about one of the others counts as well
 * where it names the site more exactly, so that `click=deny` holds for buttons that pay, and `click=allow` does not.
 */
export const judge = (call: SessionCall, circumstances: Circumstances): Judgement => {
  const { rules, grants, target } = circumstances;
  const subjects = subjectsOf(call, circumstances);
  const subject = subjects[0] ?? 'look';
  const site = subject === 'visit' ? target : circumstances.site;
  const rule = `${subject}@${site ?? 'any'}`;
  const best = bestRule(subject, site, rules);
  const denied = subjects.slice(1).some((other) => {
    const { answer, exact } = bestRule(other, site, rules);
    return answer === 'deny' && exact > best.exact;
  });
  if (denied || best.answer === 'deny') return { answer: 'deny', subject, rule };
  if (best.answer === 'ask' && grants.includes(rule)) return { answer: 'granted', subject, rule };
  return { answer: best.answer, subject, rule };
};

/** How it is judged when a page, not the model, opens a site. */
export const judgeVisit = (target: string, known: boolean, rules: readonly SessionRule[], grants: readonly string[]) =>
  judge({ tool: 'navigate', arguments: {} }, { element: null, site: null, target, known, rules, grants });

/** What was done lately, to see when it goes round in circles. */
export interface Repeats {
  recent: readonly string[];
  /** The model has been told that it does. */
  told: boolean;
}

export const NO_REPEATS: Repeats = { recent: [], told: false };
const WINDOW = 8;
const TOO_OFTEN = 3;

const most = (keys: readonly string[]): number =>
  Math.max(0, ...keys.map((key) => keys.filter((other) => other === key).length));

/** `key` is a call with its result. The third of the same within eight is told; one too many after that is being stuck. */
export const repeated = (
  { recent, told }: Repeats,
  key: string,
): { repeats: Repeats; verdict: 'fine' | 'tell' | 'stuck' } => {
  const now = [...recent, key].slice(-WINDOW);
  const count = now.filter((other) => other === key).length;
  if (count < TOO_OFTEN) return { repeats: { recent: now, told: told && most(now) >= TOO_OFTEN }, verdict: 'fine' };
  return { repeats: { recent: now, told: true }, verdict: told ? 'stuck' : 'tell' };
};

export interface SessionSlot {
  id: string;
  /** `waits` for a browser, `works` with one or is about to, `idle` has one and does not use it. */
  phase: 'waits' | 'works' | 'idle';
  /** Idle ones leave the longest idle first; epoch ms. */
  since: number;
  /** An idle one that nobody comes back to may be closed for another. */
  dispensable: boolean;
}

/** Which of those that wait, in their order, get a browser now, and which browsers are closed for them. */
export const nextBrowsers = (
  slots: readonly SessionSlot[],
  allowed: number,
): { open: string[]; close: string[]; waiting: string[] } => {
  const waiting = slots.filter(({ phase }) => phase === 'waits').map(({ id }) => id);
  const taken = slots.filter(({ phase }) => phase !== 'waits').length;
  const free = Math.max(0, allowed - taken);
  const dispensable = slots
    .filter(({ phase, dispensable: may }) => phase === 'idle' && may)
    .toSorted((a, b) => a.since - b.since)
    .map(({ id }) => id);
  const wanted = Math.max(0, waiting.length - free);
  const over = Math.max(0, taken - allowed);
  const close = dispensable.slice(0, wanted + over);
  const room = Math.max(0, allowed - taken + close.length);
  return { open: waiting.slice(0, room), close, waiting: waiting.slice(room) };
};
