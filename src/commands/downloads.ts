/** `downloads:*`: models from Hugging Face repositories and plain addresses. */
import type { Handlers } from './caller.ts';

export const downloads: Handlers<'downloads'> = {
  'downloads:start': async (services, wish, { by }) => ({ download: await services.downloads.start(wish, by) }),
  'downloads:list': (services) => ({ downloads: services.downloads.list() }),
  'downloads:options': async (services, { source }) => ({ options: await services.downloads.options(source) }),
  'downloads:cancel': async (services, { id }, { by }) => ({ download: await services.downloads.cancel(id, by) }),
  'downloads:retry': async (services, { id }, { by }) => ({ download: await services.downloads.retry(id, by) }),
  'downloads:remove': async (services, { id }, { by }) => {
    await services.downloads.remove(id, by);
    return { removedId: id };
  },
};
