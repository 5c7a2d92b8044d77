/** How a person is asked: the words of a request, and what it shows. */
import type { Judgement, SessionCall } from '../../../machines/session-policy.ts';
import { callTitle } from '../../contracts/session-words.ts';
import type { SessionPageView } from '../../contracts/sessions.ts';
import type { ElementFacts } from '../../io/browser/browser.ts';

const REASONS: Readonly<Record<Judgement['subject'], string>> = {
  password: 'It types into a field for a password or a secret.',
  payment: 'It looks like something that costs money.',
  upload: 'It gives a file to the page.',
  download: 'It downloads a file.',
  submit: 'It sends a form.',
  visit: 'The site was not open before in this session.',
  click: 'Clicks are asked about here.',
  type: 'Typing is asked about here.',
  look: 'Looking is asked about here.',
};

export const isSecret = ({ subject }: Pick<Judgement, 'subject'>): boolean => subject === 'password';

/** Host with its port, unless that is the usual one; null for what is no address of the web. */
export const siteOf = (url: string | null): string | null => {
  if (url === null) return null;
  try {
    const { host, protocol } = new URL(url);
    return /^https?:$/.test(protocol) && host !== '' ? host.toLowerCase() : null;
  } catch {
    return null;
  }
};

/** Addresses that a person's own words name: opening them needs no further question. */
export const sitesIn = (text: string): string[] => {
  const addresses = text.match(/\bhttps?:\/\/[^\s<>"'`)\]}]+/gi) ?? [];
  return [...new Set(addresses.flatMap((address) => siteOf(address) ?? []))];
};

/** What the model's word for an address means. */
export const targetOf = (call: SessionCall): string | null => {
  if (call.tool !== 'navigate') return null;
  const { url } = call.arguments;
  if (typeof url !== 'string') return null;
  return siteOf(url) ?? siteOf(`https://${url}`);
};

export const titleOf = (call: SessionCall, facts: ElementFacts | null, secret: boolean): string =>
  callTitle({ ...call, name: facts?.name ?? null, secret });

const elementLines = (facts: ElementFacts): string[] => [
  `Element: ${facts.role} ${JSON.stringify(facts.name)}`,
  ...(facts.href === null ? [] : [`Leads to: ${facts.href}`]),
  ...(facts.form === null ? [] : [`Form: ${facts.form.method.toUpperCase()} ${facts.form.action}`]),
];

/** What exactly would be done. */
export const previewOf = (
  call: SessionCall,
  facts: ElementFacts | null,
  page: SessionPageView | null,
  words: string,
  secret: boolean,
): string =>
  [
    ...(page === null ? [] : [`Page: ${page.title === '' ? page.url : `${page.title} (${page.url})`}`]),
    ...(facts === null ? [] : elementLines(facts)),
    ...Object.entries(call.arguments)
      .filter(([name]) => name !== 'ref')
      .map(([name, value]) => `${name}: ${secret && name === 'text' ? '••••' : JSON.stringify(value)}`),
    ...(words.trim() === '' ? [] : [`The model says: ${words.trim().slice(0, 1000)}`]),
  ].join('\n');

export const reasonOf = ({ subject }: Pick<Judgement, 'subject'>): string => REASONS[subject];

/** Whether an element is still what a person was asked about. */
export const isSameElement = (before: ElementFacts, now: ElementFacts): boolean =>
  before.name === now.name &&
  before.role === now.role &&
  before.inputType === now.inputType &&
  before.href === now.href &&
  before.submits === now.submits &&
  before.downloads === now.downloads &&
  before.form?.action === now.form?.action;
