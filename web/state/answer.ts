import type { Resource } from 'solid-js';

/**
 * What was answered last; undefined while there is no answer yet, or only a failure. A resource that is read before that
 * holds up the whole page: Solid takes it out of the document meanwhile, and a dialog that was taken out is modal no more.
 */
export const answerOf = <T>(resource: Resource<T>): T | undefined =>
  resource.state === 'ready' || resource.state === 'refreshing' ? resource.latest : undefined;
