/** Words and colours for sessions. Pure. */
import type { SessionEntryView, SessionStatus, SessionView } from '../../../src/contracts/sessions.ts';
import { sessionHasEnded } from '../../../src/contracts/sessions.ts';
import type { LifecycleState } from '../../../src/contracts/views.ts';
import { duration } from '../../format/time.ts';
import { grouped } from '../../format/numbers.ts';
import type { IconName } from '../../kit/icon-paths.ts';

const NBSP = '\u00a0';

export const STATUS_WORDS: Readonly<Record<SessionStatus, string>> = {
  init: 'Begins',
  running: 'At work',
  call_user: 'Needs you',
  pause: 'Paused',
  end: 'Done',
  max_loop: 'Out of steps',
  user_stopped: 'Cancelled',
  error: 'Failed',
};

export const STATUS_TONES: Readonly<Record<SessionStatus, LifecycleState>> = {
  init: 'loading',
  running: 'loading',
  call_user: 'stopping',
  pause: 'unloaded',
  end: 'loaded',
  max_loop: 'stopping',
  user_stopped: 'unloaded',
  error: 'error',
};

export const statusWords = ({ status, byHand }: SessionView): string =>
  byHand ? 'In your hands' : STATUS_WORDS[status];

/** A further instruction goes on. */
export const mayContinue = ({ status }: SessionView): boolean => status !== 'user_stopped';

/** How long it has worked, or worked; null before it began. */
export const tookOf = ({ startedAt, endedAt }: SessionView, now: number): string | null =>
  startedAt === null ? null : duration(Math.max(0, (endedAt ?? now) - startedAt));

/** `Step 3 of 50`, `12 steps` of one that has ended. */
export const stepWords = ({ status, steps, maxSteps }: SessionView): string =>
  sessionHasEnded(status)
    ? `${grouped(steps)}${NBSP}${steps === 1 ? 'step' : 'steps'}`
    : `Step${NBSP}${grouped(steps)} of ${grouped(maxSteps)}`;

export const tokensOf = ({ usage }: SessionView): string | null => {
  const all = usage.inputTokens + usage.outputTokens;
  return all === 0 ? null : `${grouped(all)}${NBSP}tokens`;
};

/** What stands in one line beside the status: steps, time, model, tokens. */
export const factsOf = (session: SessionView, now: number): string =>
  [stepWords(session), tookOf(session, now), session.answeredBy ?? session.model, tokensOf(session)]
    .filter((part) => part !== null)
    .join(' · ');

type Step = Extract<SessionEntryView, { kind: 'step' }>;

export const TOOL_ICONS: Readonly<Record<Step['tool'], IconName>> = {
  navigate: 'globe',
  read: 'text',
  click: 'pointer',
  type: 'keyboard',
  press: 'keyboard',
  scroll: 'arrowUp',
  select: 'select',
  back: 'undo',
  wait: 'clock',
  screenshot: 'image',
  download: 'download',
  upload: 'attach',
  open_file: 'text',
  ask: 'chat',
  finish: 'check',
};

/** What became of a step, where that says more than that it was done. */
export const stepMark = ({ state, verdict }: Step): { words: string; tone: LifecycleState } | null => {
  if (state === 'waiting') return { words: 'Waits for you', tone: 'stopping' };
  if (state === 'running') return { words: 'Under way', tone: 'loading' };
  if (state === 'refused' || verdict === 'refused') return { words: 'Refused', tone: 'error' };
  if (state === 'failed') return { words: 'Failed', tone: 'error' };
  return verdict === 'approved' ? { words: 'Approved', tone: 'loaded' } : null;
};

/** The newest picture of what the browser showed; null when none was taken. */
export const lastPicture = (entries: readonly SessionEntryView[]): string | null => {
  for (const entry of entries.toReversed()) if (entry.kind === 'step' && entry.picture !== null) return entry.picture;
  return null;
};

/** `sessions` with `session` in its place, or in front when it is new; one that was told earlier changes nothing. */
export const withSession = (sessions: readonly SessionView[], session: SessionView): readonly SessionView[] => {
  const held = sessions.find(({ id }) => id === session.id);
  if (held === undefined) return [session, ...sessions].toSorted((a, b) => b.createdAt - a.createdAt);
  if (held.updatedAt > session.updatedAt) return sessions;
  return sessions.map((one) => (one === held ? session : one));
};

/** A transcript with an entry that is new or told again; both stay in their order. */
export const withEntry = (
  entries: readonly SessionEntryView[],
  entry: SessionEntryView,
): readonly SessionEntryView[] => {
  const last = entries.at(-1);
  if (last === undefined || last.seq < entry.seq) return [...entries, entry];
  const held = entries.findIndex(({ seq }) => seq >= entry.seq);
  const same = entries[held]?.seq === entry.seq;
  return [...entries.slice(0, held), entry, ...entries.slice(held + (same ? 1 : 0))];
};
