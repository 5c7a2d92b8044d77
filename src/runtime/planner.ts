/** Turns a model's id into what it takes to start it: engine, parameters, socket. */
import { access, mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Config } from '../contracts/config.ts';
import { CodedError } from '../contracts/errors.ts';
import type { Upstream } from '../contracts/ipc.ts';
import type { ParameterValue } from '../contracts/views.ts';
import type { EngineInfo } from '../io/engine/index.ts';
import { engineEnvironment, engineThreads, freshSocketPath, supervisorArgs } from '../io/llama/launch.ts';
import type { LaunchPlan } from '../io/llama/launch.ts';
import { parametersToArgs } from '../io/presets/index.ts';
import type { Known } from './catalog.ts';
import { effectiveParameters, sourcedParameters } from './parameters.ts';
import type { ParameterSources, SourcedParameter } from './parameters.ts';

/** How long a look at a file counts for the plan that it was made for. */
const STILL_THERE_MS = 2000;

/** The sections of the active preset that concern a model. */
export interface ActivePreset {
  name: string;
  global: Record<string, ParameterValue>;
  models: Record<string, Record<string, ParameterValue>>;
}

export interface PlannerOptions {
  engine(): EngineInfo | null;
  model(id: string): Known | undefined;
  config(): Config;
  preset(): ActivePreset;
  /** The private folder of the sockets. */
  socketFolder: string;
  env: NodeJS.ProcessEnv;
}

export interface Planner {
  /**
   * Looks ahead for a load that may have to wait for another model's end, so that `plan` then has nothing to wait for: between the two
   * nobody has the memory, and every millisecond is one of the swap.
   */
  prepare(id: string): void;
  plan(id: string): Promise<LaunchPlan>;
  /** What a start would use, now or with another configuration or preset; never refuses. */
  parameters(known: Known, instead?: Instead): Record<string, ParameterValue>;
  /** The same, each with where it comes from. */
  sourced(known: Known): SourcedParameter[];
}

export interface Instead {
  config?: Config;
  preset?: ActivePreset;
}

export const createPlanner = (options: PlannerOptions): Planner => {
  const sources = (known: Known, instead: Instead = {}): ParameterSources => {
    const preset = instead.preset ?? options.preset();
    return {
      config: instead.config ?? options.config(),
      presetGlobal: preset.global,
      presetModel: sectionFor(preset, known),
      record: known.record,
    };
  };
  const parameters = (known: Known, instead?: Instead): Record<string, ParameterValue> =>
    effectiveParameters(sources(known, instead));
  const look = async ({ name, path }: { name: string; path: string }): Promise<void> => {
    await access(path).catch(() => {
      throw new CodedError('NOT_FOUND', `The file ${name} is not there any more; put it back or scan again.`);
    });
    await mkdir(options.socketFolder, { recursive: true, mode: 0o700 });
  };
  /** Looks ahead, each for one plan; `at` in ms of `performance.now()`. */
  const ahead = new Map<string, { at: number; done: Promise<void> }>();
  return {
    prepare(id) {
      const file = options.model(id)?.file;
      if (file == null || file.problem !== null) return;
      const done = look(file);
      // What it does not find is told by the plan itself.
      done.catch(() => undefined);
      ahead.set(id, { at: performance.now(), done });
    },
    parameters,
    sourced: (known) => [...sourcedParameters(sources(known)).values()],
    async plan(id) {
      const known = options.model(id);
      const engine = options.engine();
      if (engine === null)
        throw new CodedError('ENGINE_MISSING', 'There is no llama-server; run `llamactor engine install`.');
      const file = known?.file;
      if (known === undefined || file == null)
        throw new CodedError('NOT_FOUND', `No file belongs to ${id}; scan again or set its model_path.`);
      if (file.problem !== null) throw new CodedError('NOT_FOUND', `${file.name} cannot be used: ${file.problem}`);
      const earlier = ahead.get(id);
      ahead.delete(id);
      await (earlier !== undefined && performance.now() - earlier.at < STILL_THERE_MS ? earlier.done : look(file));
      const effective = parameters(known);
      const args = parametersToArgs(effective, engine.flags);
      const { threads, connections } = engineThreads(
        slotsOf(effective),
        known.record?.concurrency ?? options.config().concurrency,
      );
      const upstream = { ...(await freshUpstream(options.socketFolder)), connections };
      return {
        command: engine.command,
        args: [
          ...engine.prefixArgs,
          ...supervisorArgs({
            modelPath: file.path,
            mmproj: file.mmproj,
            alias: id,
            upstream,
            threads,
            // An engine whose help cannot be read is taken to know everything: it will say so if it does not.
            knows: (flag) => engine.flags.size === 0 || engine.flags.has(flag),
          }),
          ...args,
        ],
        env: engineEnvironment(options.env),
        upstream,
        childProtocol: engine.childProtocol,
        parameters: effective,
      };
    },
  };
};

const slotsOf = ({ parallel }: Record<string, ParameterValue>): number | null =>
  typeof parallel === 'number' && parallel > 0 ? parallel : null;

/** A preset names models by id, file name or alias. */
const sectionFor = (preset: ActivePreset, known: Known): Record<string, ParameterValue> => {
  const names = [known.id, known.file?.name, known.record?.name, ...(known.record?.aliases ?? [])];
  for (const name of names) {
    if (name === undefined) continue;
    for (const candidate of [name, name.replace(/\.gguf$/i, '')]) {
      if (Object.hasOwn(preset.models, candidate)) return preset.models[candidate] ?? {};
    }
  }
  return {};
};

const freshUpstream = async (folder: string): Promise<Upstream> => {
  const socketPath = freshSocketPath(folder);
  return socketPath === null ? { host: '127.0.0.1', port: await freePort() } : { socketPath };
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
