/** The llama-server in use: what the engine machine's ports do, and what commands can ask. */
import type { EngineFound, InstallFact } from '../../machines/engine.machine.ts';
import type { Services } from '../commands/services.ts';
import type { EngineView } from '../contracts/views.ts';
import { findEngine, installEngine } from '../io/engine/index.ts';
import type { EngineInfo } from '../io/engine/index.ts';
import type { ActorSystem } from './actor-system.ts';
import type { ConfigService } from './config-service.ts';
import type { Requests } from './requests.ts';

const INSTALL_DEADLINE_MS = 30 * 60_000;
const CHECK_DEADLINE_MS = 60_000;

export interface EnginePorts {
  find(): Promise<EngineFound | null>;
  install(onFact: (fact: InstallFact) => void, signal: AbortSignal): Promise<EngineFound>;
  /** The engine that new processes use; null until one is found. */
  current(): EngineInfo | null;
}

export const createEnginePorts = (options: {
  /** An engine on PATH, or an install of ours, that was passed over because it does not run. */
  onSkipped(message: string): void;
  dataDir: string;
  env: NodeJS.ProcessEnv;
  configuredPath(): string;
}): EnginePorts => {
  let current: EngineInfo | null = null;
  const found = (engine: EngineInfo): EngineFound => {
    current = engine;
    return { path: engine.path, source: engine.source, version: engine.version, build: engine.build };
  };
  return {
    current: () => current,
    async find() {
      const configuredPath = options.configuredPath();
      const engine = await findEngine({
        ...(configuredPath === '' ? {} : { configuredPath }),
        dataDir: options.dataDir,
        env: options.env,
        onSkipped: (error) => options.onSkipped(error.message),
      });
      if (engine === null) {
        current = null;
        return null;
      }
      return found(engine);
    },
    async install(onFact, signal) {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(INSTALL_DEADLINE_MS)]);
      const engine = await installEngine({
        dataDir: options.dataDir,
        signal: deadline,
        onProgress: (progress) => onFact({ type: 'install.progressed', progress }),
      });
      return found(engine);
    },
  };
};

export const createEngineService = (options: {
  dataDir: string;
  env: NodeJS.ProcessEnv;
  system: ActorSystem;
  requests: Requests;
  config: ConfigService;
  view(): EngineView;
}): Services['engine'] => {
  const { system, requests } = options;
  return {
    view: options.view,
    async install(by) {
      await requests.ask((requestId) => system.engine.send({ type: 'engine.install', requestId, by }), {
        timeoutMs: INSTALL_DEADLINE_MS + CHECK_DEADLINE_MS,
        late: 'The installation did not finish within the time allowed; look at the engine’s state.',
      });
      return options.view();
    },
    async use(path, by) {
      // Tried before it is stored, so that a wrong path changes nothing.
      await findEngine({ configuredPath: path, dataDir: options.dataDir, env: options.env });
      await options.config.update({ serverPath: path }, by);
      await requests.ask((requestId) => system.engine.send({ type: 'engine.check', requestId, by }), {
        timeoutMs: CHECK_DEADLINE_MS,
        late: 'The engine was not checked within the time allowed.',
      });
      return options.view();
    },
  };
};
