import type { ModelView } from '../contracts/views.ts';
import { CodedError } from '../contracts/errors.ts';
import { modelNotFound } from './errors.ts';
import type { Services } from './services.ts';

/** The model a payload names, in either dialect's field. Throws NOT_FOUND with the nearest names. */
export const findModel = (
  services: Services,
  payload: { modelName?: string | undefined; modelId?: string | undefined },
): ModelView => {
  const ref = payload.modelId ?? payload.modelName;
  if (ref === undefined) throw new CodedError('INVALID_PAYLOAD', 'modelId is required');
  const model = services.models.find(ref);
  if (model === undefined) throw modelNotFound(ref, services.models.nearest(ref));
  return model;
};
