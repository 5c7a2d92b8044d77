/** `runs:*`: CLI agents and generators as supervised processes. */
import { connectionOf } from './connection.ts';
import type { Handlers } from './caller.ts';
import { ownerOfCall } from './owner.ts';

export const runs: Handlers<'runs'> = {
  'runs:start': async ({ runs: service }, wish, caller) => ({
    run: await service.start(wish, ownerOfCall(caller), caller.by),
  }),
  'runs:list': ({ runs: service }, { limit }, caller) => ({
    runs: service.list(ownerOfCall(caller), limit),
    tools: service.tools(),
    limits: service.limits(),
  }),
  'runs:get': async ({ runs: service }, { id }, caller) => {
    const owner = ownerOfCall(caller);
    const run = service.get(id, owner);
    return { run, prompt: await service.prompt(id, owner) };
  },
  'runs:output': ({ runs: service }, { id, from }, caller) => service.output(id, ownerOfCall(caller), from),
  'runs:follow': async ({ runs: service }, { id, from }, caller) => {
    const connection = connectionOf(caller);
    const owner = ownerOfCall(caller);
    service.get(id, owner);
    // What is written from here on is held back until this answer is on its way.
    const follower = connection.followRun(id);
    try {
      const output = await service.output(id, owner, from, Infinity);
      follower.begin(output.next);
      return output;
    } catch (error) {
      connection.unfollowRun(id);
      throw error;
    }
  },
  'runs:unfollow': (_services, { id }, caller) => {
    connectionOf(caller).unfollowRun(id);
    return { following: false };
  },
  'runs:cancel': async ({ runs: service }, { id }, caller) => ({
    run: await service.cancel(id, ownerOfCall(caller), caller.by),
  }),
  'runs:remove': async ({ runs: service }, { id }, caller) => {
    await service.remove(id, ownerOfCall(caller), caller.by);
    return { removedId: id };
  },
  'runs:tools': ({ runs: service }) => ({ tools: service.tools() }),
};
