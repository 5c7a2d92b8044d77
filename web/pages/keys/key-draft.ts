/** A key as it is being put together, and what is asked of the server for it. Pure. */
import type { CommandInput } from '../../../src/contracts/commands.ts';
import { grants, SCOPES } from '../../../src/contracts/keys.ts';
import type { KeyView, Scope } from '../../../src/contracts/keys.ts';

export const EXPIRIES = ['never', '1', '7', '30', '90', '365', 'day'] as const;
/** Days from now, for ever, or a day of the calendar. */
export type Expiry = (typeof EXPIRIES)[number];

export interface KeyDraft {
  name: string;
  scopes: readonly Scope[];
  /** Null is every model. */
  models: readonly string[] | null;
  expiry: Expiry;
  /** For `day`: as a date input gives it, `2026-11-24`. */
  day: string;
  /** As typed; empty is no limit. */
  concurrency: string;
  ratePerMinute: string;
}

export const emptyDraft: KeyDraft = {
  name: '',
  scopes: ['infer'],
  models: null,
  expiry: 'never',
  day: '',
  concurrency: '',
  ratePerMinute: '',
};

const DAY = 86_400_000;
export type NewKey = CommandInput<'keys:create'>;

/** Scopes that come with another chosen one need not be chosen themselves. */
export const isImplied = (chosen: readonly Scope[], scope: Scope): boolean =>
  chosen.some((one) => one !== scope && grants([one], scope));

/** With what the others bring left out, strongest last. */
const leanest = (chosen: readonly Scope[]): Scope[] =>
  SCOPES.filter((scope) => chosen.includes(scope) && !isImplied(chosen, scope));

/** Who may change the server may use every model of it. */
export const mayBeLimited = (scopes: readonly Scope[]): boolean =>
  !scopes.some((scope) => scope === 'operate' || scope === 'admin');

/** The end of that day where the person is; NaN for what is no day. */
const endOf = (day: string): number => new Date(`${day}T23:59:59.999`).getTime();

const limitOf = (text: string, most: number): number | null | undefined => {
  if (text.trim() === '') return null;
  const value = Number(text);
  return Number.isInteger(value) && value >= 1 && value <= most ? value : undefined;
};

/** What to ask for, or what is wrong, in one sentence. `now` is epoch ms. */
export const requestOf = (draft: KeyDraft, now: number): { request: NewKey } | { problem: string } => {
  const name = draft.name.trim();
  if (name === '') return { problem: 'Give it a name, by which you will know it again.' };
  if (name.length > 64) return { problem: 'The name may have 64 characters at most.' };
  if (draft.scopes.length === 0) return { problem: 'Choose what it may do.' };
  const limited = mayBeLimited(draft.scopes);
  if (limited && draft.models?.length === 0) return { problem: 'Choose at least one model, or every model.' };
  const expiresAt =
    draft.expiry === 'never' ? null : draft.expiry === 'day' ? endOf(draft.day) : now + Number(draft.expiry) * DAY;
  if (expiresAt !== null && !(expiresAt > now)) return { problem: 'Choose a day that is not over yet.' };
  const concurrency = limitOf(draft.concurrency, 10_000);
  if (concurrency === undefined) return { problem: 'Requests at once: a whole number from 1 to 10,000, or nothing.' };
  const ratePerMinute = limitOf(draft.ratePerMinute, 100_000);
  if (ratePerMinute === undefined)
    return { problem: 'Requests per minute: a whole number from 1 to 100,000, or nothing.' };
  return {
    request: {
      name,
      scopes: leanest(draft.scopes),
      models: limited && draft.models !== null ? [...draft.models] : null,
      expiresAt,
      concurrency,
      ratePerMinute,
    },
  };
};

export const SCOPE_WORDS: Readonly<Record<Scope, { label: string; help: string }>> = {
  infer: { label: 'Use models', help: 'The inference API, and nothing else.' },
  observe: { label: 'Look', help: 'States, logs, measurements and requests.' },
  operate: { label: 'Operate', help: 'Load, unload, download and change models. Brings the two above.' },
  admin: { label: 'Administer', help: 'Configuration, engine and keys: everything.' },
};

/** How near its end a key is. `now` is epoch ms. */
export const lifeOf = ({ expiresAt }: Pick<KeyView, 'expiresAt'>, now: number): 'lasting' | 'ending' | 'over' =>
  expiresAt === null || expiresAt - now > 7 * DAY ? 'lasting' : expiresAt > now ? 'ending' : 'over';
