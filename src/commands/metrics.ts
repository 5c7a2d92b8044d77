/** `metrics:*`: samples of the machine, and how often this socket wants them. */
import { connectionOf } from './connection.ts';
import type { Handlers } from './caller.ts';

export const metrics: Handlers<'metrics'> = {
  'metrics:get': async (services) => ({ metrics: await services.metrics.current() }),
  'metrics:history': (services, { limit, hours }) => ({ history: services.metrics.history({ limit, hours }) }),
  'metrics:text': (services) => ({ text: services.metrics.text() }),
  'metrics:subscribe': (_services, { interval }, caller) => {
    connectionOf(caller).metricsEvery(interval);
    return { interval };
  },
  'metrics:unsubscribe': (_services, _payload, caller) => {
    connectionOf(caller).metricsEvery(null);
    return { interval: null };
  },
};
