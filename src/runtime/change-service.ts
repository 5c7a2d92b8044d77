/** Changes of configuration, presets and records: what they would do, and doing it. */
import { isDeepStrictEqual } from 'node:util';
import type { PlacementLimits } from '../../machines/placement.ts';
import type { ProcessLimits } from '../../machines/process.ts';
import type { By } from '../commands/services.ts';
import type { Apply, ChangedKey, ChangeEffectView } from '../contracts/changes.ts';
import type { Config } from '../contracts/config.ts';
import type { LogLevel } from '../contracts/views.ts';
import { changePlan } from '../projections/change-plan.ts';
import type { AffectedModel, Situation } from '../projections/change-plan.ts';
import type { ActorSystem } from './actor-system.ts';
import type { ChangeHub } from './changes.ts';
import type { Known } from './catalog.ts';
import type { Endpoints } from './endpoints.ts';
import type { Library } from './library.ts';
import { plainParameters } from './parameters.ts';
import type { ActivePreset, Instead, Planner } from './planner.ts';
import type { Usage } from './usage.ts';

/** The configuration as far as a change needs it. */
export interface ConfigValues {
  get(): Config;
  /** As it would be with these values stored. */
  with(patch: Partial<Config>): Config;
  /** Stored values that a flag or variable wins over, with `patch` laid over them. */
  overriddenValues(patch?: Partial<Config>): Partial<Config>;
  placement(): PlacementLimits;
  process(): ProcessLimits;
}

export interface ChangeParts {
  system: ActorSystem;
  library: Library;
  planner: Planner;
  config: ConfigValues;
  endpoints: Endpoints;
  usage: Usage;
  hub: ChangeHub;
  /** Tells the running router its settings. */
  sendSettings(): void;
  rescan(by: By): void;
  /** More downloads may run at once, or fewer. */
  pumpDownloads(): void;
  /** Times to live, pins and the like of models that have run follow the configuration. */
  applyPolicies(by: By): void;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}

export interface ChangeService {
  /** What would follow from these values, or from a model being `known` like this, instead of what there is now. */
  preview(instead: Hypothesis, apply: Apply): ChangeEffectView[];
  /** Called before something changes; what it returns is called once it has, and carries out what follows. */
  begin(): (apply: Apply, by: By) => ChangeEffectView[];
  /** Nothing is in flight at the router. */
  routerIdle(): void;
}

export interface Hypothesis {
  config?: Partial<Config>;
  preset?: ActivePreset;
  known?: Known;
}

/** `parts` is asked for at each change, because the first may come while the last part is being made. */
export const createChangeService = (parts: () => ChangeParts): ChangeService => {
  let routerWaits: By | null = null;

  const situation = (instead: Instead & { known?: Known } = {}): Situation => {
    const { library, planner, config } = parts();
    const { known: replaced, ...values } = instead;
    const all = library.catalog().all();
    const known = replaced === undefined ? all : all.map((each) => (each.id === replaced.id ? replaced : each));
    return {
      config: values.config ?? config.get(),
      parameters: new Map(known.map((each) => [each.id, plainParameters(planner.parameters(each, values))])),
    };
  };

  const affected = (): AffectedModel[] => {
    const { system, endpoints } = parts();
    return system.residents().map(({ id, state }) => {
      const plan = endpoints.model(id);
      return {
        id,
        state,
        running: plan === null ? null : plainParameters(plan.parameters),
        refreshing: system.model(id)?.context.refreshBy != null,
      };
    });
  };

  const restartRouter = (by: By): void => {
    const { system, now } = parts();
    routerWaits = null;
    system.router.send({ type: 'router.restart', signal: 'SIGTERM', by, at: now() });
  };

  const carryOut = (effect: ChangeEffectView, by: By): void => {
    const { system, usage, log, now, sendSettings, rescan } = parts();
    const { kind, modelId, when, changed } = effect;
    const keys = changed.map(({ key }) => key).join(', ');
    if (kind === 'rescan') rescan(by);
    else if (kind === 'router-settings') sendSettings();
    else if (kind === 'engine-check') system.engine.send({ type: 'engine.check', requestId: null, by });
    else if (kind === 'restart-router' && when !== 'next start' && system.router.getSnapshot().value === 'loaded') {
      if (when === 'now' || usage.total() === 0) restartRouter(by);
      else routerWaits = by;
    } else if (kind === 'restart-model' && modelId !== undefined && when !== 'next load') {
      log(
        'info',
        'server',
        `${modelId} is loaded again ${when === 'now' ? 'now' : 'when it is idle'}: ${keys} changed.`,
      );
      system.send({ type: when === 'now' ? 'models.reload' : 'models.refresh', id: modelId, by, at: now() });
    } else if (kind === 'none' && modelId !== undefined && when === 'now')
      system.send({ type: 'models.retain', id: modelId, by, at: now() });
  };

  return {
    preview({ config: patch, preset, known }, apply) {
      const { config } = parts();
      const after = situation({
        ...(patch !== undefined && { config: config.with(patch) }),
        ...(preset !== undefined && { preset }),
        ...(known !== undefined && { known }),
      });
      const overridden =
        patch === undefined ? [] : differences(config.overriddenValues(), config.overriddenValues(patch));
      return changePlan(situation(), after, affected(), { apply, overridden });
    },
    begin() {
      const before = situation();
      const stored = parts().config.overriddenValues();
      return (apply, by) => {
        const { config, system, hub, pumpDownloads, applyPolicies } = parts();
        const overridden = differences(stored, config.overriddenValues());
        const effects = changePlan(before, situation(), affected(), { apply, overridden });
        system.send({ type: 'limits.changed', placement: config.placement(), process: config.process() });
        pumpDownloads();
        applyPolicies(by);
        for (const effect of effects) {
          carryOut(effect, by);
          // What a model is shown to start with follows at once.
          if (effect.modelId !== undefined) hub.touchModel(effect.modelId);
        }
        return effects;
      };
    },
    routerIdle() {
      if (routerWaits !== null) restartRouter(routerWaits);
    },
  };
};

const differences = (before: Partial<Config>, after: Partial<Config>): ChangedKey[] =>
  (Object.keys(before) as (keyof Config)[])
    .filter((key) => !isDeepStrictEqual(before[key], after[key]))
    .map((key) => ({ key, from: before[key], to: after[key] }));
