/** Row Z09: what happens to sessions, told to the active client of their owner alone. */
import type { Socket } from 'socket.io';
import type { DomainChange, Services } from '../commands/services.ts';
import { sessionHasEnded } from '../contracts/sessions.ts';
import type { SessionEntryView, SessionStatusEvent, SessionView } from '../contracts/sessions.ts';
import type { Focus } from './focus.ts';

type Told = Omit<SessionStatusEvent, 'sessionId' | 'timestamp'>;

const filesOf = ({ files }: SessionView) => ({ files, fileIds: files.map(({ fileId }) => fileId) });

/** What is worth telling of the step from one view to the next. */
export const statusEvents = (before: SessionView | null, now: SessionView): Told[] => {
  const { status, message, question, approvalId, answer, errorCode, steps, page, downloads } = now;
  const common = { message, status };
  const told: Told[] = [];
  if (before !== null && JSON.stringify(before.files) !== JSON.stringify(now.files))
    told.push({ ...common, eventType: 'files', message: 'Files were attached.', data: filesOf(now) });
  if (downloads.length > (before?.downloads.length ?? 0))
    told.push({
      ...common,
      eventType: 'download',
      message: `Downloaded ${downloads.at(-1)?.name ?? 'a file'}.`,
      data: { download: downloads.at(-1) },
    });
  if (question !== null && question !== before?.question)
    told.push({ ...common, eventType: 'question', message: question, data: { question } });
  else if (approvalId !== null && approvalId !== before?.approvalId)
    told.push({ ...common, eventType: 'approval', data: { requestId: approvalId } });
  else if (before?.status !== status || before.message !== message) {
    const data = sessionHasEnded(status)
      ? { answer, errorCode, steps, page, downloads }
      : { steps, page, ...(before === null ? filesOf(now) : {}) };
    told.push({ ...common, eventType: status === 'error' ? 'error' : 'status', data });
  }
  return told;
};

const ofEntry = (entry: SessionEntryView, { status }: SessionView): Told | null => {
  if (entry.kind !== 'step' || entry.state === 'waiting' || entry.state === 'running') return null;
  const { title, tool, state, why, page, picture, seq } = entry;
  const message = why === null ? title : `${title}: ${why}`;
  return { eventType: 'step', message, status, data: { seq, tool, state, why, page, picture } };
};

/** Returns the function that ends it. */
export const publishSessionStatus = (
  services: Pick<Services, 'subscribe' | 'sessions'>,
  focus: Focus,
  mayHear: (socket: Socket) => boolean,
): (() => void) => {
  const views = new Map<string, SessionView>();
  let last = 0;
  const tell = (owner: string, sessionId: string, told: Told): void => {
    const socket = focus.active(owner);
    if (socket === null || !mayHear(socket)) return;
    last = Math.max(Date.now(), last + 1);
    socket.emit('sessionStatus', { ...told, sessionId, timestamp: last } satisfies SessionStatusEvent);
  };
  const on = (change: DomainChange): void => {
    if (change.kind === 'session') {
      const { session, owner } = change;
      for (const told of statusEvents(views.get(session.id) ?? null, session)) tell(owner, session.id, told);
      views.set(session.id, session);
    } else if (change.kind === 'session.entry') {
      const view = views.get(change.sessionId);
      const told = view === undefined ? null : ofEntry(change.entry, view);
      if (told !== null) tell(change.owner, change.sessionId, told);
    } else if (change.kind === 'session.removed') views.delete(change.id);
  };
  return services.subscribe((changes) => changes.forEach(on));
};
