/** `router:*`: the data plane by the names of seed 000. */
import { routerStatus } from '../projections/dialects.ts';
import { applyOf } from '../contracts/changes.ts';
import { begin } from './begin.ts';
import type { Handlers } from './caller.ts';

export const router: Handlers<'router'> = {
  'router:status': (services) =>
    routerStatus(services.router.view(), services.models.list(), services.router.usage(), Date.now()),
  'router:start': async (services, _payload, { by }) => {
    await begin(services.router.start(by));
    return { status: 'starting' };
  },
  'router:stop': async (services, _payload, { by }) => {
    await begin(services.router.stop(by));
    return { status: 'stopping' };
  },
  'router:restart': async (services, { signal }, { by }) => {
    await services.router.restart(signal, by);
    return { status: 'restarting' };
  },
  'router:start-with-preset': async (services, { presetName, ...apply }, { by }) => {
    await services.router.startWithPreset(presetName, by, applyOf(apply));
    return { preset: presetName, status: 'starting' };
  },
};
