/** `project:*`: what the members of a room tell each other. */
import { CodedError } from '../contracts/errors.ts';
import { connectionOf } from './connection.ts';
import type { Handlers } from './caller.ts';

export const project: Handlers<'project'> = {
  'project:update': (services, payload, caller) => {
    // The id of a flat call is the caller's own business.
    const { room, requestId: _requestId, ...data } = payload;
    if (!connectionOf(caller).isIn(room)) {
      throw new CodedError(
        'FORBIDDEN',
        `Only members can tell the room ${JSON.stringify(room)} something: join it first.`,
      );
    }
    services.projects.update(room, data, caller.by);
    return { room };
  },
};
