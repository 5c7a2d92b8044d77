/** Rows Z01–Z06 and Z12: sessions in the dialect of seed 002. The session of a socket is the one that it joined or began. */
import type { Socket } from 'socket.io';
import { CodedError } from '../contracts/errors.ts';
import type { Scope } from '../contracts/keys.ts';
import { sessionHasEnded } from '../contracts/sessions.ts';
import type { SessionView } from '../contracts/sessions.ts';
import { approvalCaller, approvalOwner } from '../commands/approvals.ts';
import type { Access } from '../commands/access.ts';
import { parsePayload } from '../commands/payload.ts';
import type { Services } from '../commands/services.ts';
import type { PlainContext, PlainEvent, PlainEvents } from './plain-events.ts';

/** The events by which a client claims the focus; leaving does not. */
export const SESSION_EVENTS: ReadonlySet<string> = new Set([
  'createSession',
  'joinSession',
  'cancelSession',
  'takeScreenshot',
  'sendFileAttachments',
  'updateSession',
  'continueSession',
  'deleteSession',
]);

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const fieldsOf = (argument: unknown): Fields => {
  if (argument === undefined || argument === null) return {};
  if (isFields(argument)) return argument;
  throw new CodedError('INVALID_PAYLOAD', 'Invalid payload: send an object.');
};
const textIn = (fields: Fields, ...names: string[]): string => {
  for (const name of names) {
    const value = fields[name];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'string') throw new CodedError('INVALID_PAYLOAD', `Invalid payload: ${name} must be a text`);
    if (value.trim() !== '') return value;
  }
  return '';
};

/** Ids of files, each alone or as `fileId` or `id` in an object. */
const idsIn = (list: unknown, field: string): string[] => {
  if (!Array.isArray(list)) throw new CodedError('INVALID_PAYLOAD', `Invalid payload: ${field} must be an array`);
  return list.map((item: unknown) => {
    const id = isFields(item) ? (item['fileId'] ?? item['id']) : item;
    if (typeof id === 'string' && id.trim() !== '') return id.trim();
    throw new CodedError('INVALID_PAYLOAD', `Invalid payload: every item of ${field} needs a fileId`);
  });
};
const filesIn = (fields: Fields): string[] => [
  ...new Set(['files', 'fileIds'].flatMap((field) => (fields[field] == null ? [] : idsIn(fields[field], field)))),
];
const fileFields = ({ files }: SessionView) => ({ files, fileIds: files.map(({ fileId }) => fileId) });

const isActive = ({ status }: SessionView): boolean => !sessionHasEnded(status);

export const sessionEvents = (services: Services, access: Access): PlainEvents => {
  const { sessions } = services;
  const joined = new WeakMap<Socket, string>();
  const may =
    (scope: Scope, work: PlainEvent): PlainEvent =>
    (context, argument) => {
      const refusal = access.refusal(context.principal, scope);
      if (refusal !== undefined) throw refusal;
      return work(context, argument);
    };
  const caller = ({ socket, principal }: PlainContext) => approvalCaller(services, { principal, by: `a:${socket.id}` });

  /** The session that this socket is in, else the newest that `matches`; null when there is none. */
  const currentOf = (
    { socket, principal }: PlainContext,
    matches: (session: SessionView) => boolean = isActive,
  ): SessionView | null => {
    const own = sessions.list(approvalOwner(principal), 500);
    const id = joined.get(socket);
    return own.find((session) => session.id === id && matches(session)) ?? own.find(matches) ?? null;
  };
  const need = (session: SessionView | null, message: string): SessionView => {
    if (session !== null) return session;
    throw new CodedError('INVALID_STATE', message);
  };
  /** An id alone, in an object, or the current session for an object without one. */
  const named = (context: PlainContext, argument: unknown, message: string): SessionView => {
    const id = typeof argument === 'string' ? argument.trim() : textIn(fieldsOf(argument), 'sessionId', 'id').trim();
    if (id === '')
      return need(
        currentOf(context, () => true),
        message,
      );
    return sessions.get(id, approvalOwner(context.principal));
  };

  const create: PlainEvent = async (context, argument) => {
    const fields = fieldsOf(argument);
    const prompt = textIn(fields, 'prompt', 'instructions');
    if (prompt === '') {
      const active = need(currentOf(context), 'No active session to interrupt');
      const paused = await sessions.pause(active.id, caller(context));
      return { sessionId: paused.id, status: paused.status, ...fileFields(paused) };
    }
    const { files: _files, fileIds: _fileIds, instructions: _instructions, ...rest } = fields;
    const wish = parsePayload('sessions:start', { ...rest, prompt, fileIds: filesIn(fields) });
    const session = await sessions.start(wish, caller(context));
    joined.set(context.socket, session.id);
    return { sessionId: session.id, status: session.status, ...fileFields(session) };
  };
  const join: PlainEvent = (context, argument) => {
    const isBare = typeof argument === 'string' ? argument.trim() === '' : false;
    if (isBare) throw new CodedError('INVALID_PAYLOAD', 'sessionId is required');
    const id = typeof argument === 'string' ? argument : textIn(fieldsOf(argument), 'sessionId', 'id');
    const session = id === '' ? need(currentOf(context), 'No active session found') : named(context, argument, '');
    joined.set(context.socket, session.id);
    return { session };
  };
  const leave: PlainEvent = ({ socket }) => {
    joined.delete(socket);
    return {};
  };
  const cancel: PlainEvent = async (context) => {
    const active = need(currentOf(context), 'No active session to cancel');
    const { id, status } = await sessions.cancel(active.id, caller(context));
    return { sessionId: id, status };
  };
  const screenshot: PlainEvent = async (context) => {
    const active = need(
      currentOf(context, (session) => isActive(session) || joined.get(context.socket) === session.id),
      'No active session found',
    );
    const { png, width, height } = await sessions.screenshot(active.id, approvalOwner(context.principal));
    return { screenshot: png.toString('base64'), sessionId: active.id, width, height };
  };
  const attach: PlainEvent = async (context, argument) => {
    const ids = idsIn(fieldsOf(argument)['fileIds'], 'fileIds');
    if (ids.length === 0) throw new CodedError('INVALID_PAYLOAD', 'Invalid payload: fileIds is empty');
    const active = need(currentOf(context), 'No active session found');
    const session = await sessions.attach(active.id, ids, caller(context));
    return { message: `${ids.length} ${ids.length === 1 ? 'file' : 'files'} attached.`, ...fileFields(session) };
  };
  const update: PlainEvent = async (context, argument) => {
    const { id } = named(context, argument, 'No session to update');
    const { id: _id, ...changes } = parsePayload('sessions:update', { ...fieldsOf(argument), id });
    return { session: await sessions.update(id, changes, caller(context)) };
  };
  const goOn: PlainEvent = async (context, argument) => {
    const session = named(context, argument, 'No session to continue');
    const fields = typeof argument === 'string' ? {} : fieldsOf(argument);
    const { id, prompt, fileIds } = parsePayload('sessions:continue', {
      id: session.id,
      prompt: textIn(fields, 'prompt', 'instructions'),
      fileIds: filesIn(fields),
    });
    const after = await sessions.continue(id, prompt, fileIds, caller(context));
    joined.set(context.socket, id);
    return { sessionId: id, status: after.status, session: after };
  };
  const remove: PlainEvent = async (context, argument) => {
    const { id } = named(context, argument, 'No session to delete');
    await sessions.remove(id, caller(context));
    return { sessionId: id };
  };
  return new Map(
    Object.entries({
      createSession: may('operate', create),
      joinSession: may('observe', join),
      leaveSession: leave,
      cancelSession: may('operate', cancel),
      takeScreenshot: may('observe', screenshot),
      sendFileAttachments: may('operate', attach),
      updateSession: may('operate', update),
      continueSession: may('operate', goOn),
      deleteSession: may('operate', remove),
    }),
  );
};
