/** What of an actor's context or event may be shown: plain data without paths, secrets and bulk. Pure. */
import { redact } from '../io/logs/redact.ts';

const LONGEST_TEXT = 400;
const MOST_ENTRIES = 60;
const DEEPEST = 6;

/** Two folders or more before a last part: the part is enough to recognise a file by. */
const FOLDERS = /(?:\/[^\s/:'",;]+){2,}\/(?=[^\s/:'",;]+)/g;
const SECRET_KEY = /^(?:authorization|token|secret|password|api_?key|env|prompt|messages)$/i;

const textOf = (text: string): string => {
  const shown = redact(text).replace(FOLDERS, '…/');
  return shown.length > LONGEST_TEXT ? `${shown.slice(0, LONGEST_TEXT)}…` : shown;
};

const isActorRef = (value: object): value is { sessionId: string; id: string } =>
  'sessionId' in value && 'getSnapshot' in value && typeof value.sessionId === 'string';

/** A deep copy fit to leave the server. Other actors become `{actor: <their session id>}`; what is cut says so. */
export const redacted = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return textOf(value);
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'undefined') return null;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isActorRef(value)) return { actor: value.sessionId };
  if (value instanceof Error) return textOf(value.message);
  if (depth >= DEEPEST) return '…';
  if (Array.isArray(value)) {
    const shown = value.slice(0, MOST_ENTRIES).map((item) => redacted(item, depth + 1));
    return value.length > MOST_ENTRIES ? [...shown, `… ${value.length - MOST_ENTRIES} more`] : shown;
  }
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  const shown = entries
    .slice(0, MOST_ENTRIES)
    .map(([key, field]) => [key, SECRET_KEY.test(key) ? '[hidden]' : redacted(field, depth + 1)] as const);
  if (entries.length > MOST_ENTRIES) shown.push(['…', `${entries.length - MOST_ENTRIES} more`]);
  return Object.fromEntries(shown);
};
