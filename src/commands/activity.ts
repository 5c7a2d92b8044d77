/** `activity:*`, `requests:*` and `timeline:*`. */
import { connectionOf } from './connection.ts';
import type { Handlers } from './caller.ts';
import type { Services } from './services.ts';

/** A model by any of its names; one that is gone is still found in the history by the id it had. */
const withId = <P extends { model?: string | undefined }>(services: Services, payload: P): P =>
  payload.model === undefined
    ? payload
    : { ...payload, model: services.models.find(payload.model)?.id ?? payload.model };

export const activity: Handlers<'activity'> = {
  'activity:list': (services, payload) => services.activity.list(withId(services, payload)),
  'activity:summary': (services, payload) => ({ summary: services.activity.summary(withId(services, payload)) }),
  'activity:capture': (services, { id }) => ({ capture: services.activity.capture(id) }),
  'activity:subscribe': (_services, _payload, caller) => {
    connectionOf(caller).join('activity');
    return { subscribed: true };
  },
  'activity:unsubscribe': (_services, _payload, caller) => {
    connectionOf(caller).leave('activity');
    return { subscribed: false };
  },
};

export const requests: Handlers<'requests'> = {
  'requests:list': (services) => services.requests.list(),
  'requests:cancel': async (services, { id }) => {
    await services.requests.cancel(id);
    return { cancelled: id };
  },
};

export const timeline: Handlers<'timeline'> = {
  'timeline:get': (services, { hours }) => ({ timeline: services.timeline.get(hours) }),
};
