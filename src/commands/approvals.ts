/** `approvals:*` and `audit:*`: questions to a person. */
import { SHARED_OWNER } from '../contracts/approvals.ts';
import { NOBODY } from './caller.ts';
import type { Caller, Handlers, Principal } from './caller.ts';
import type { ApprovalCaller, Services } from './services.ts';

/** Users have their own; whoever comes with a key or from this machine shares those of the server, so that one can answer the other. */
export const approvalOwner = ({ user }: Principal): string => (user === null ? SHARED_OWNER : `user:${user.userId}`);

/** Who somebody is, in words for the record. */
export const whoIs = ({ keys }: Pick<Services, 'keys'>, { user, key }: Principal): string => {
  if (user !== null) return user.email ?? user.userId;
  if (key === null) return 'somebody at this machine';
  return `the key ${keys.list().find(({ id }) => id === key)?.name ?? key}`;
};

export const approvalCaller = (
  services: Pick<Services, 'keys'>,
  { principal = NOBODY, by }: Pick<Caller, 'principal' | 'by'>,
): ApprovalCaller => ({ owner: approvalOwner(principal), who: whoIs(services, principal), by });

const ownerOf = ({ principal = NOBODY }: Caller): string => approvalOwner(principal);

export const approvals: Handlers<'approvals'> = {
  'approvals:request': async (services, wish, caller) => ({
    approval: await services.approvals.request(wish, approvalCaller(services, caller)),
  }),
  'approvals:list': ({ approvals: service }, { limit }, caller) => ({
    approvals: service.list(ownerOf(caller), limit),
    allowances: service.allowances(ownerOf(caller)),
  }),
  'approvals:wait': async ({ approvals: service }, { id, waitMs }, caller) => ({
    approval: await service.wait(id, ownerOf(caller), waitMs),
  }),
  'approvals:approve': async (services, { id, answer, reason }, caller) => ({
    approval: await services.approvals.approve(id, answer, reason, approvalCaller(services, caller)),
  }),
  'approvals:reject': async (services, { id, reason }, caller) => ({
    approval: await services.approvals.reject(id, reason, approvalCaller(services, caller)),
  }),
  'approvals:cancel': async (services, { id }, caller) => ({
    approval: await services.approvals.cancel(id, approvalCaller(services, caller)),
  }),
  'approvals:revoke': async (services, { id }, caller) => {
    await services.approvals.revoke(id, approvalCaller(services, caller));
    return { revoked: id };
  },
};

export const audit: Handlers<'audit'> = {
  'audit:list': ({ approvals: service }, { limit, before }, caller) => service.audit(ownerOf(caller), limit, before),
};
