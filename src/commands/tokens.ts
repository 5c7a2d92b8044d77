/** `tokens:*`: tokens that say who a person is. */
import type { Handlers } from './caller.ts';

export const tokens: Handlers<'tokens'> = {
  'tokens:create': (services, payload, { by }) => services.tokens.create(payload, by),
};
