/** `models:*`. load and start, unload and stop are the same commands under the names of the two dialects. */
import { applyOf } from '../contracts/changes.ts';
import { findModel } from './find-model.ts';
import type { Handlers } from './caller.ts';

export const models: Handlers<'models'> = {
  'models:list': (services) => ({ models: services.models.list() }),
  'models:get': (services, payload) => ({ model: findModel(services, payload) }),
  'models:scan': async (services, { path }, { by }) => {
    const counts = await services.models.scan({ restoreHidden: true, by, ...(path === undefined ? {} : { path }) });
    return { ...counts, models: services.models.list() };
  },
  'models:load': async (services, payload, { by }) => ({
    model: await services.models.load(findModel(services, payload).id, by),
    status: 'loaded',
  }),
  'models:unload': async (services, payload, { by }) => ({
    model: await services.models.unload(findModel(services, payload).id, by),
    status: 'unloaded',
  }),
  'models:start': async (services, payload, { by }) => ({
    model: await services.models.load(findModel(services, payload).id, by),
  }),
  'models:stop': async (services, payload, { by }) => ({
    model: await services.models.unload(findModel(services, payload).id, by),
  }),
  'models:create': async (services, { model }, { by }) => ({ model: await services.models.create(model, by) }),
  'models:update': async (services, { modelId, updates, ...apply }, { by }) => ({
    model: await services.models.update(findModel(services, { modelId }).id, updates, by, applyOf(apply)),
  }),
  'models:preview': (services, { modelId, updates, ...apply }) => ({
    effects: services.models.preview(findModel(services, { modelId }).id, updates, applyOf(apply)),
  }),
  'models:effective': (services, payload) => {
    const { id } = findModel(services, payload);
    return { modelId: id, rows: services.models.effective(id) };
  },
  'models:delete': async (services, payload, { by, style }) => {
    const { id, name } = findModel(services, payload);
    // Seed 000 deletes files, seed 001 deletes records; HTTP takes the one that loses nothing.
    await (style === 'a' ? services.models.deleteFile(id, by) : services.models.removeRecord(id, by));
    return { deletedId: id, modelName: name, deleted: true };
  },
};
