/** What commands can do with models. */
import path from 'node:path';
import { stat } from 'node:fs/promises';
import type { ModelPolicy } from '../../machines/admission.ts';
import type { By, Services } from '../commands/services.ts';
import { CodedError } from '../contracts/errors.ts';
import { LONGEST_TTL } from '../contracts/config.ts';
import type { ModelView, ParameterValue } from '../contracts/views.ts';
import type { EngineGiven } from '../contracts/changes.ts';
import { parametersToArgs } from '../io/presets/index.ts';
import { effectiveRows } from '../projections/effective-rows.ts';
import type { ActorSystem } from './actor-system.ts';
import type { ChangeService } from './change-service.ts';
import type { ConfigService } from './config-service.ts';
import type { Endpoints } from './endpoints.ts';
import { explainPlacement } from './explain.ts';
import { isInside } from './library.ts';
import type { Library } from './library.ts';
import type { Memory } from './memory.ts';
import type { Planner } from './planner.ts';
import type { Requests } from './requests.ts';

export interface ModelServiceOptions {
  library: Library;
  system: ActorSystem;
  planner: Planner;
  requests: Requests;
  config: ConfigService;
  changes: ChangeService;
  endpoints: Endpoints;
  /** What the engine's log said it gave to a model. */
  given(id: string): EngineGiven;
  /** The flags of the engine in use; empty while none is known. */
  knownFlags(): ReadonlySet<string>;
  view(id: string): ModelView | undefined;
  memory: Memory;
  now(): number;
}

export type ModelService = Services['models'] & {
  /** Asks for a load without waiting for it. */
  demand(id: string, by: By): void;
  /** A request says how long its model stays after it: seconds, negative for ever, null what the configuration says. */
  keep(id: string, seconds: number | null): void;
  /** Tells the machines what record and configuration say now of a model that has been loaded. */
  applyPolicy(id: string): void;
};

/** What the machines need beyond the limits they keep themselves. */
const SLACK_MS = 15_000;

export const createModelService = (options: ModelServiceOptions): ModelService => {
  const { library, system, planner, requests, config, changes, endpoints, memory, now } = options;

  /** A misspelt parameter is refused where it is written, not at the next load. */
  const check = (parameters: Readonly<Record<string, ParameterValue>> | undefined): void => {
    if (parameters !== undefined) parametersToArgs(parameters, options.knownFlags());
  };

  const known = (id: string) => {
    const found = library.catalog().get(id);
    if (found === undefined)
      throw new CodedError('NOT_FOUND', `Model not found: ${id}`, {
        details: { nearest: library.catalog().nearest(id) },
      });
    return found;
  };
  const viewOf = (id: string): ModelView => {
    const view = options.view(id);
    if (view === undefined) throw new CodedError('NOT_FOUND', `Model not found: ${id}`);
    return view;
  };

  const policyOf = ({ record }: ReturnType<typeof known>): ModelPolicy => ({
    pinned: record?.pinned ?? false,
    priority: record?.priority ?? 0,
    group: record?.group ?? null,
    ttlMs: millisecondsOf(record?.ttl ?? config.get().idleTtl),
  });

  const sendLoad = (id: string, requestId: string | null, by: By): void => {
    const model = known(id);
    planner.prepare(id);
    const { needs, takes } = memory.demand(model, planner.parameters(model));
    system.send({
      type: 'models.load',
      id,
      requestId,
      by,
      at: now(),
      demand: requestId === null,
      policy: policyOf(model),
      needs,
      takes,
      available: memory.available(),
    });
  };

  const unload = async (id: string, by: By): Promise<void> => {
    const limits = config.process();
    await requests.ask((requestId) => system.send({ type: 'models.unload', id, requestId, by, at: now() }), {
      timeoutMs: limits.stopMs + limits.killMs + SLACK_MS,
      late: `${id} did not stop within the time allowed; look at its state.`,
    });
    await library.setWanted(id, false);
  };

  return {
    list: () =>
      library
        .catalog()
        .all()
        .map(({ id }) => viewOf(id)),
    find(ref) {
      const found = library.catalog().find(ref);
      return found === undefined ? undefined : options.view(found.id);
    },
    nearest: (ref) => library.catalog().nearest(ref),
    async scan({ path: folder, restoreHidden, by }) {
      if (folder === undefined) return library.scan({ restoreHidden, by });
      const resolved = path.resolve(folder);
      const entry = await stat(resolved).catch(() => null);
      if (entry === null) throw new CodedError('NOT_FOUND', `The folder ${folder} does not exist; check its path.`);
      if (!entry.isDirectory())
        throw new CodedError('INVALID_PAYLOAD', `${folder} is not a folder; name the folder that holds the models.`);
      const folders = config.folders();
      if (!folders.some((root) => root === resolved || isInside(root, resolved))) {
        // A folder searched once would vanish at the next scan, so it is kept.
        await config.update({ modelsDirs: [...config.get().modelsDirs, resolved] }, by);
      }
      return library.scan({ path: resolved, restoreHidden, by });
    },
    async load(id, by) {
      const { file } = known(id);
      if (file?.problem != null)
        throw new CodedError('INVALID_STATE', `${file.name} cannot be loaded: ${file.problem}`);
      const limits = config.process();
      const before = library.wanted().includes(id);
      // Intent goes to disk while the engine starts, so that the acknowledgement need not wait for both in turn.
      const noted = library.setWanted(id, true);
      const loaded = requests.ask((requestId) => sendLoad(id, requestId, by), {
        timeoutMs: config.get().queueTimeout * 1000 + limits.startMs + limits.stopMs + limits.killMs + SLACK_MS,
        late: `${id} was not loaded within the time allowed; look at its state.`,
        onTimeout: (requestId) => system.send({ type: 'models.cancel', id, requestId }),
      });
      const [note, load] = await Promise.allSettled([noted, loaded]);
      if (load.status === 'rejected') {
        if (!before) await library.setWanted(id, false);
        throw load.reason;
      }
      if (note.status === 'rejected') throw note.reason;
      return viewOf(id);
    },
    async unload(id, by) {
      known(id);
      await unload(id, by);
      return viewOf(id);
    },
    demand(id, by) {
      if (library.catalog().get(id) !== undefined) sendLoad(id, null, by);
    },
    keep(id, seconds) {
      if (library.catalog().get(id) === undefined) return;
      const ttlMs =
        seconds === null ? undefined : seconds < 0 || seconds > LONGEST_TTL ? null : Math.round(seconds * 1000);
      system.send({ type: 'models.keep', id, ttlMs, at: now() });
    },
    applyPolicy(id) {
      const model = library.catalog().get(id);
      if (model !== undefined) system.send({ type: 'models.policy', id, policy: policyOf(model), at: now() });
    },
    async create(model, by) {
      check(model.parameters);
      return viewOf(await library.create(model, by));
    },
    async update(id, updates, by, apply = 'when-idle') {
      check(updates.parameters);
      const carryOut = changes.begin();
      await library.update(id, updates, by);
      system.send({ type: 'models.reset', id, by, at: now() });
      carryOut(apply, by);
      return viewOf(id);
    },
    preview(id, updates, apply) {
      check(updates.parameters);
      return changes.preview({ known: library.updated(id, updates) }, apply);
    },
    effective(id) {
      const known = library.catalog().get(id);
      if (known === undefined) throw new CodedError('NOT_FOUND', `Model not found: ${id}`);
      const view = viewOf(id);
      const running = view.state === 'loaded' ? endpoints.model(id) : null;
      return effectiveRows(planner.sourced(known), running?.parameters ?? null, {
        ...options.given(id),
        contextSize: view.contextSize,
        slots: view.slots,
      });
    },
    async removeRecord(id, by) {
      known(id);
      await unload(id, by);
      await library.removeRecord(id, by);
      system.send({ type: 'models.forget', id, by, at: now() });
    },
    async deleteFile(id, by) {
      known(id);
      await unload(id, by);
      await library.deleteFile(id, by);
      system.send({ type: 'models.forget', id, by, at: now() });
    },
    explain(id) {
      const model = known(id);
      const view = viewOf(id);
      const parameters = planner.parameters(model);
      return explainPlacement({
        view,
        demand: memory.demand(model, parameters),
        group: policyOf(model).group,
        available: memory.available(),
        residents: system.residents(),
        queue: system.queue(),
        limits: config.placement(),
      });
    },
  };
};

/** Seconds of a setting, where 0 is for ever. */
const millisecondsOf = (seconds: number): number | null => (seconds === 0 ? null : seconds * 1000);
