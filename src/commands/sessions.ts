/** `sessions:*`: whose questions somebody answers, theirs are the sessions. What belongs to somebody else is not there. */
import { approvalCaller, approvalOwner } from './approvals.ts';
import { NOBODY } from './caller.ts';
import type { Caller, Handlers } from './caller.ts';
import { connectionOf } from './connection.ts';

const ownerOf = ({ principal = NOBODY }: Caller): string => approvalOwner(principal);

export const sessions: Handlers<'sessions'> = {
  'sessions:start': async (services, wish, caller) => ({
    session: await services.sessions.start(wish, approvalCaller(services, caller)),
  }),
  'sessions:list': ({ sessions: service }, { limit }, caller) => ({ sessions: service.list(ownerOf(caller), limit) }),
  'sessions:get': ({ sessions: service }, { id }, caller) => ({ session: service.get(id, ownerOf(caller)) }),
  'sessions:transcript': async ({ sessions: service }, { id, from, limit }, caller) => ({
    id,
    ...(await service.transcript(id, ownerOf(caller), from, limit)),
  }),
  'sessions:continue': async (services, { id, prompt, fileIds }, caller) => ({
    session: await services.sessions.continue(id, prompt, fileIds, approvalCaller(services, caller)),
  }),
  'sessions:pause': async (services, { id }, caller) => ({
    session: await services.sessions.pause(id, approvalCaller(services, caller)),
  }),
  'sessions:cancel': async (services, { id }, caller) => ({
    session: await services.sessions.cancel(id, approvalCaller(services, caller)),
  }),
  'sessions:update': async (services, { id, ...changes }, caller) => ({
    session: await services.sessions.update(id, changes, approvalCaller(services, caller)),
  }),
  'sessions:remove': async (services, { id }, caller) => {
    await services.sessions.remove(id, approvalCaller(services, caller));
    return { removedId: id };
  },
  'sessions:attach': async (services, { id, fileIds }, caller) => ({
    session: await services.sessions.attach(id, fileIds, approvalCaller(services, caller)),
  }),
  'sessions:files': ({ sessions: service }, { limit }, caller) => ({ files: service.files(ownerOf(caller), limit) }),
  'sessions:screenshot': async ({ sessions: service }, { id }, caller) => {
    const { png, width, height } = await service.screenshot(id, ownerOf(caller));
    return { screenshot: png.toString('base64'), width, height };
  },
  'sessions:take-over': async (services, { id }, caller) => ({
    session: await services.sessions.takeOver(id, approvalCaller(services, caller)),
  }),
  'sessions:give-back': async (services, { id, note }, caller) => ({
    session: await services.sessions.giveBack(id, note, approvalCaller(services, caller)),
  }),
  'sessions:input': async (services, { id, input }, caller) => {
    await services.sessions.input(id, input, approvalCaller(services, caller));
    return { id };
  },
  'sessions:watch': ({ sessions: service }, { id }, caller) => {
    const connection = connectionOf(caller);
    service.get(id, ownerOf(caller));
    connection.join(`session:${id}`);
    return { watching: true };
  },
  'sessions:unwatch': (_services, { id }, caller) => {
    connectionOf(caller).leave(`session:${id}`);
    return { watching: false };
  },
};
