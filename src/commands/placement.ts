/** `placement:*` and `decisions:*`: what would happen, and why what happened did. */
import { findModel } from './find-model.ts';
import type { Handlers } from './caller.ts';

export const placement: Handlers<'placement'> = {
  'placement:explain': (services, payload) => ({
    explanation: services.models.explain(findModel(services, payload).id),
  }),
};

export const decisions: Handlers<'decisions'> = {
  'decisions:list': (services, { limit }) => ({ decisions: services.decisions.list(limit) }),
};
