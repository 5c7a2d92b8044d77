/** `engine:*`: the llama-server in use. */
import type { Handlers } from './caller.ts';

export const engine: Handlers<'engine'> = {
  'engine:status': (services) => ({ engine: services.engine.view() }),
  'engine:install': async (services, _payload, { by }) => ({ engine: await services.engine.install(by) }),
  'engine:use': async (services, { path }, { by }) => ({ engine: await services.engine.use(path, by) }),
};
