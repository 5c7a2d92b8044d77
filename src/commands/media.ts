/** `media:*`: everything is its owner's. What belongs to somebody else is not there, as far as anybody can tell. */
import { CodedError } from '../contracts/errors.ts';
import { grants } from '../contracts/keys.ts';
import type { MediaView } from '../contracts/media.ts';
import { NOBODY } from './caller.ts';
import type { Caller, Handlers } from './caller.ts';
import { ownerOfCall } from './owner.ts';
import { connectionOf } from './connection.ts';
import type { Services } from './services.ts';

/** How long a ticket lasts, ms. */
const TICKET_MS = 12 * 3_600_000;

/** Whoever administers the server may look after what belongs to others. */
const administers = ({ keys }: Services, { principal = NOBODY }: Caller): boolean => {
  const key = keys.list().find(({ id }) => id === principal.key);
  return [key?.scopes, principal.user?.scopes].some((scopes) => grants(scopes ?? [], 'admin'));
};

/** One of the caller's media. Throws NOT_FOUND, whether it is missing or somebody else's. */
const own = (services: Services, id: string, caller: Caller, removed = false): MediaView => {
  const media = services.media.find(id);
  const visible = media !== undefined && (media.removedAt === null || removed);
  if (visible && (media.owner === ownerOfCall(caller) || administers(services, caller))) return media;
  throw new CodedError('NOT_FOUND', `There is no media ${id.slice(0, 64)}; \`llamactor media list\` shows yours.`);
};

export const media: Handlers<'media'> = {
  'media:generate': async (services, wish, caller) => {
    if (wish.input !== undefined) own(services, wish.input, caller);
    const made = await services.media.generate({ ...wish, owner: ownerOfCall(caller) }, caller.by);
    return { mediaId: made.id, media: made };
  },
  'media:list': (services, { limit }, caller) => ({
    media: services.media
      .list()
      .filter(({ owner }) => owner === ownerOfCall(caller))
      .slice(0, limit),
  }),
  'media:get': (services, { mediaId }, caller) => ({ media: own(services, mediaId, caller) }),
  'media:cancel': async (services, { mediaId }, caller) => {
    own(services, mediaId, caller);
    return { mediaId, media: await services.media.cancel(mediaId, caller.by) };
  },
  'media:remove': async (services, { mediaId }, caller) => {
    own(services, mediaId, caller);
    return { mediaId, undoUntil: await services.media.remove(mediaId, caller.by) };
  },
  'media:restore': async (services, { mediaId }, caller) => {
    own(services, mediaId, caller, true);
    return { media: await services.media.restore(mediaId, caller.by) };
  },
  'media:tools': async (services) => ({ tools: await services.media.tools() }),
  'media:save-tool': async (services, { tool }, { by }) => ({ tool: await services.media.saveTool(tool, by) }),
  'media:delete-tool': async (services, { name }, { by }) => {
    await services.media.deleteTool(name, by);
    return { deleted: name };
  },
  'media:ticket': ({ media: { tickets } }, _payload, { principal = NOBODY }) => {
    if (principal.key === null && principal.user === null) return { ticket: null, expiresAt: null };
    const expiresAt = Date.now() + TICKET_MS;
    return { ticket: tickets.issue(JSON.stringify(principal), expiresAt), expiresAt };
  },
  'media:subscribe': (services, { mediaId }, caller) => {
    const connection = connectionOf(caller);
    own(services, mediaId, caller);
    connection.join(`media:${mediaId}`);
    return { mediaId };
  },
  'media:unsubscribe': (_services, { mediaId }, caller) => {
    connectionOf(caller).leave(`media:${mediaId}`);
    return { mediaId };
  },
};
