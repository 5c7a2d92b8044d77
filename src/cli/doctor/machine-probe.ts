import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { CodedError } from '../../contracts/errors.ts';
import type { EngineView } from '../../contracts/views.ts';
import { findEngine } from '../../io/engine/index.ts';
import { findGpus } from '../../io/metrics/gpus.ts';
import { scanModels } from '../../io/models/scan-models.ts';
import type { DoctorProbe } from './types.ts';

const engineView = (over: Partial<EngineView>): EngineView => ({
  state: 'missing',
  path: null,
  source: null,
  version: null,
  build: null,
  progress: null,
  problem: null,
  ...over,
});

const engine: DoctorProbe['engine'] = async ({ configured, dataDir, signal }) => {
  const skipped: string[] = [];
  const onSkipped = (problem: CodedError): void => {
    skipped.push(problem.message);
  };
  try {
    const found = await findEngine({ configuredPath: configured, dataDir, signal, onSkipped });
    if (found === null)
      return engineView({ problem: skipped[0] ?? 'No llama-server was found on PATH or in the data folder.' });
    return engineView({
      state: 'ready',
      path: found.path,
      source: found.source,
      version: found.version,
      build: found.build,
    });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return engineView({ path: configured, problem: error.message });
  }
};

/** Looks at the machine this program runs on, with the same code that the server uses. */
export const machineProbe: DoctorProbe = {
  nodeVersion: process.version,
  memory: () => ({ total: os.totalmem(), free: os.freemem() }),
  gpus: async () => {
    const read = await findGpus();
    return read === null ? [] : read();
  },
  engine,
  models: async (folders, signal) => {
    // The server's own cache of headers may belong to another user or version; a look must leave no trace.
    const cachePath = path.join(os.tmpdir(), `llamactor-doctor-${randomUUID()}.json`);
    try {
      return (await scanModels({ folders, cachePath, signal })).map(({ id, size, problem }) => ({ id, size, problem }));
    } finally {
      await rm(cachePath, { force: true });
    }
  },
};
