/** Rows Z07, Z08 and Z11: questions to a person in the dialect of seed 002. */
import type { Socket } from 'socket.io';
import { APPROVAL_ANSWERS, humanLayerRequest } from '../contracts/approvals.ts';
import { APPROVAL_TIMEOUT_MS } from '../contracts/commands/approvals.ts';
import { CodedError } from '../contracts/errors.ts';
import type { Scope } from '../contracts/keys.ts';
import { approvalCaller, approvalOwner } from '../commands/approvals.ts';
import type { Access } from '../commands/access.ts';
import { parsePayload } from '../commands/payload.ts';
import type { Services } from '../commands/services.ts';
import type { Focus } from './focus.ts';
import type { PlainContext, PlainEvent, PlainEvents } from './plain-events.ts';

/** The events of seed 002 by which a client claims the focus. */
export const CLAIMS_FOCUS: ReadonlySet<string> = new Set([
  'getHumanLayerRequests',
  'approveHumanLayerRequest',
  'rejectHumanLayerRequest',
  'requestHumanLayer',
]);

const isFields = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** An id alone, or `requestId` in an object. */
const idIn = (argument: unknown): string => {
  const id = isFields(argument) ? argument['requestId'] : argument;
  if (typeof id !== 'string' || id.trim() === '') throw new CodedError('INVALID_PAYLOAD', 'requestId is required');
  return id.trim();
};
const textIn = (argument: unknown, field: string): string => {
  const text = isFields(argument) ? argument[field] : undefined;
  return typeof text === 'string' ? text.trim().slice(0, 2000) : '';
};

export const humanLayerEvents = (services: Services, access: Access): PlainEvents => {
  const may =
    (scope: Scope, work: PlainEvent): PlainEvent =>
    (context, argument) => {
      const refusal = access.refusal(context.principal, scope);
      if (refusal !== undefined) throw refusal;
      return work(context, argument);
    };
  const caller = ({ socket, principal }: PlainContext) => approvalCaller(services, { principal, by: `a:${socket.id}` });

  const list: PlainEvent = ({ principal }) => ({
    requests: services.approvals
      .list(approvalOwner(principal), 0)
      .filter(({ status }) => status === 'pending')
      .map(humanLayerRequest),
  });
  const approve: PlainEvent = async (context, argument) => {
    const answer = APPROVAL_ANSWERS.find((each) => each === textIn(argument, 'answer')) ?? 'once';
    const approval = await services.approvals.approve(idIn(argument), answer, '', caller(context));
    return { request: humanLayerRequest(approval) };
  };
  const reject: PlainEvent = async (context, argument) => {
    const approval = await services.approvals.reject(idIn(argument), textIn(argument, 'reason'), caller(context));
    return { request: humanLayerRequest(approval) };
  };
  const request: PlainEvent = async (context, argument) => {
    const wish = parsePayload('approvals:request', {
      timeoutMs: APPROVAL_TIMEOUT_MS,
      ...(isFields(argument) ? argument : {}),
    });
    const approval = await services.approvals.request(wish, caller(context));
    return { requestId: approval.id, request: humanLayerRequest(approval) };
  };
  return new Map(
    Object.entries({
      getHumanLayerRequests: may('observe', list),
      approveHumanLayerRequest: may('operate', approve),
      rejectHumanLayerRequest: may('operate', reject),
      requestHumanLayer: may('operate', request),
    }),
  );
};

/** Shows every new question to the active client of its owner. Returns the function that ends it. */
export const publishHumanLayer = (
  services: Pick<Services, 'subscribe'>,
  focus: Focus,
  mayHear: (socket: Socket) => boolean,
): (() => void) =>
  services.subscribe((changes) => {
    for (const change of changes) {
      if (change.kind !== 'approval' || change.approval.status !== 'pending') continue;
      const socket = focus.active(change.owner);
      if (socket !== null && mayHear(socket)) socket.emit('humanLayerRequest', humanLayerRequest(change.approval));
    }
  });
