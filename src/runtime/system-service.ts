import os from 'node:os';
import type { Services } from '../commands/services.ts';
import type { EngineView, ModelView, RouterView } from '../contracts/views.ts';

/** The machine, the server, and what of it works. */
export const createSystemService = (options: {
  version: string;
  dataDir: string;
  models(): ModelView[];
  router(): RouterView;
  engine(): EngineView;
}): Services['system'] => ({
  info: () => ({
    platform: process.platform,
    arch: process.arch,
    nodeVersion: process.version,
    uptime: process.uptime(),
    memory: { total: os.totalmem(), free: os.freemem() },
    cpuCount: os.availableParallelism(),
    version: options.version,
    dataDir: options.dataDir,
    pid: process.pid,
  }),
  health() {
    const router = options.router();
    const engine = options.engine();
    const failed = options.models().filter(({ state }) => state === 'error');
    const details = {
      router: {
        ok: router.state === 'loaded',
        message:
          router.state === 'loaded'
            ? `answers at ${router.url ?? 'its port'}`
            : (router.failure?.message ?? `is ${router.state}`),
      },
      engine: {
        ok: engine.state === 'ready',
        message:
          engine.state === 'ready'
            ? `llama-server ${engine.version ?? ''}`.trim()
            : (engine.problem ?? `is ${engine.state}`),
      },
      models: {
        ok: failed.length === 0,
        message:
          failed.length === 0
            ? 'no model has failed'
            : failed.map(({ id, failure }) => `${id}: ${failure?.message ?? 'failed'}`).join(' '),
      },
    };
    return { status: Object.values(details).every(({ ok }) => ok) ? 'healthy' : 'degraded', details };
  },
});
