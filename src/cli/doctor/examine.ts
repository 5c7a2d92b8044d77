import path from 'node:path';
import type { LlamactorClient } from '../../client/index.ts';
import { CodedError } from '../../contracts/errors.ts';
import { isLoopback } from '../../contracts/origins.ts';
import { countKeys } from '../../io/keys/key-store.ts';
import { resolveDataDir } from '../data-dir.ts';
import type { Place } from '../data-dir.ts';
import { futureFolderProblem, isFolder, portProblem, readStoredConfig } from '../preflight.ts';
import { resolveServeOptions } from '../serve-options.ts';
import {
  checkEngine,
  checkFirstKey,
  checkFolder,
  checkGpus,
  checkKeys,
  checkMemory,
  checkModels,
  checkNode,
  checkPort,
  checkRouter,
} from './checks.ts';
import type { DoctorProbe, Finding, FoundModel } from './types.ts';

const smallestOf = (models: readonly FoundModel[]): number | null => {
  const sizes = models.filter((model) => model.problem === null).map((model) => model.size);
  return sizes.length === 0 ? null : Math.min(...sizes);
};

/** Keys are for administrators; the rest of the examination is for anyone who may observe. */
const notAllowed = (error: unknown): null => {
  if (error instanceof CodedError && error.code === 'FORBIDDEN') return null;
  throw error;
};

/** What a running server knows is truer than what can be found out beside it: its folders, its engine, its memory. */
export const examineServer = async (client: LlamactorClient, probe: DoctorProbe): Promise<Finding[]> => {
  const [{ info }, health, { router }, { engine }, { models }, { metrics }] = await Promise.all([
    client.call('system:info', {}),
    client.call('system:health', {}),
    client.call('router:status', {}),
    client.call('engine:status', {}),
    client.call('models:list', {}),
    client.call('metrics:get', {}),
  ]);
  const keys = await client.call('keys:list', {}).catch(notAllowed);
  const here = isLoopback(new URL(client.url).hostname.replace(/^\[|\]$/g, ''));
  const troubles = Object.entries(health.details).filter(([, detail]) => !detail.ok);
  return [
    checkNode(info.nodeVersion),
    { check: 'server', level: 'ok', message: `Llamactor ${info.version} answers at ${client.url}.` },
    ...troubles.map(([name, detail]): Finding => ({ check: name, level: 'warn', message: detail.message })),
    ...(here ? [checkFolder(info.dataDir, await futureFolderProblem(info.dataDir))] : []),
    ...checkKeys(keys?.keys ?? null, keys?.required ?? false, Date.now()),
    checkRouter(router),
    checkEngine(engine),
    ...checkModels(models, 'its folders'),
    checkMemory({ total: info.memory.total, free: metrics.memory.availableBytes }, smallestOf(models)),
    ...checkGpus(metrics.gpus.length > 0 || !here ? metrics.gpus : await probe.gpus()),
  ];
};

const models = async (
  folders: readonly string[],
  probe: DoctorProbe,
  signal: AbortSignal,
): Promise<{ findings: Finding[]; found: FoundModel[] }> => {
  try {
    const found = await probe.models(folders, signal);
    return { findings: checkModels(found, folders.join(', ')), found };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { findings: [{ check: 'models', level: 'warn', message: error.message }], found: [] };
  }
};

/** The same without a server, with the settings that `serve` would start with in this environment. */
export const examineMachine = async (place: Place, probe: DoctorProbe, signal: AbortSignal): Promise<Finding[]> => {
  const dataDir = resolveDataDir(undefined, place);
  const config = await readStoredConfig(dataDir);
  const options = resolveServeOptions({}, place, config);
  const configured =
    options.enginePath ?? (config.serverPath === undefined || config.serverPath === '' ? null : config.serverPath);
  const stored = [config.modelsDir ?? '', ...(config.modelsDirs ?? [])].filter((folder) => folder !== '');
  const own = path.join(dataDir, 'models');
  const chosen = options.modelsDirs ?? stored;
  // The server makes its own folder at the first start; until then only the chosen ones can be looked at.
  const folders = chosen.length === 0 || (await isFolder(own)) ? [...new Set([...chosen, own])] : chosen;
  const [engine, port, routerPort, scanned, gpus] = await Promise.all([
    probe.engine({ configured, dataDir, signal }),
    portProblem(options.host, options.port),
    portProblem(options.host, options.routerPort),
    models(folders, probe, signal),
    probe.gpus(),
  ]);
  return [
    checkNode(probe.nodeVersion),
    checkFolder(dataDir, await futureFolderProblem(dataDir)),
    checkPort(options.port, 'PORT', port),
    checkPort(options.routerPort, 'ROUTER_PORT', routerPort),
    checkFirstKey(options.keysNeeded, await countKeys(dataDir, Date.now())),
    checkEngine(engine),
    ...scanned.findings,
    checkMemory(probe.memory(), smallestOf(scanned.found)),
    ...checkGpus(gpus),
  ];
};
