/** What a change really does: only what differs is touched. Pure; the preview and the deed read the same list. */
import { isDeepStrictEqual } from 'node:util';
import { CONFIG_KEYS } from '../contracts/config.ts';
import type { Config, ConfigKey } from '../contracts/config.ts';
import type { Apply, ChangedKey, ChangeEffectView, ChangeKind } from '../contracts/changes.ts';
import type { LifecycleState, ParameterValue } from '../contracts/views.ts';

/** Parameters by their plain names: no second spellings, no `no-`. */
export type PlainParameters = Readonly<Record<string, ParameterValue>>;

/** Everything that decides how models, router and server run. */
export interface Situation {
  config: Config;
  /** What each known model would be started with. */
  parameters: ReadonlyMap<string, PlainParameters>;
}

export interface AffectedModel {
  id: string;
  state: LifecycleState;
  /** What its process was started with; null when it has none. */
  running: PlainParameters | null;
  /** It will be exchanged as soon as it is idle, for an earlier change. */
  refreshing: boolean;
}

const YES = new Set(['true', 'on', 'yes', 'enabled']);
const NO = new Set(['false', 'off', 'no', 'disabled']);

/** An INI file knows only text and a record numbers and booleans too: they mean the same. */
const word = (value: ParameterValue): string => {
  const text = String(value).trim();
  const lower = text.toLowerCase();
  return YES.has(lower) ? 'on' : NO.has(lower) ? 'off' : text;
};

export const sameValue = (left: ParameterValue | undefined, right: ParameterValue | undefined): boolean =>
  left === undefined || right === undefined ? left === right : word(left) === word(right);

/** Parameters that differ, in alphabetical order; their order on the command line means nothing. */
export const parameterChanges = (before: PlainParameters, after: PlainParameters): ChangedKey[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => !sameValue(own(before, key), own(after, key)))
    .sort()
    .map((key) => ({ key, from: own(before, key) ?? null, to: own(after, key) ?? null }));

const own = (parameters: PlainParameters, key: string): ParameterValue | undefined =>
  Object.hasOwn(parameters, key) ? parameters[key] : undefined;

const CONFIG_EFFECTS: Record<(typeof CONFIG_KEYS)[ConfigKey]['restart'], ChangeKind | null> = {
  none: 'none',
  scan: 'rescan',
  // Told per model, because a preset or a record may hide the change from it.
  models: null,
  engine: 'engine-check',
  live: 'router-settings',
  router: 'restart-router',
  server: 'server-restart-needed',
};

const whenOf = (kind: ChangeKind, apply: Apply): ChangeEffectView['when'] => {
  if (kind === 'server-restart-needed') return 'next start';
  if (kind !== 'restart-router') return 'now';
  return apply === 'now' ? 'now' : apply === 'when-idle' ? 'when idle' : 'next start';
};

const configEffects = (
  before: Config,
  after: Config,
  apply: Apply,
  overridden: readonly ChangedKey[],
): ChangeEffectView[] => {
  const changes = new Map<ChangeKind, ChangedKey[]>();
  const note = (kind: ChangeKind | null, change: ChangedKey): void => {
    if (kind !== null) changes.set(kind, [...(changes.get(kind) ?? []), change]);
  };
  for (const key of Object.keys(CONFIG_KEYS) as ConfigKey[]) {
    if (isDeepStrictEqual(before[key], after[key])) continue;
    note(CONFIG_EFFECTS[CONFIG_KEYS[key].restart], { key, from: before[key], to: after[key] });
  }
  for (const change of overridden) note('server-restart-needed', change);
  return [...changes].map(([kind, changed]) => ({ kind, changed, when: whenOf(kind, apply) }));
};

const modelEffect = (
  model: AffectedModel | undefined,
  id: string,
  before: PlainParameters,
  after: PlainParameters,
  apply: Apply,
): ChangeEffectView | null => {
  const changed = parameterChanges(before, after);
  if (changed.length === 0) return null;
  const runs = model !== undefined && (model.state === 'loaded' || model.state === 'loading');
  if (!runs) return { kind: 'none', modelId: id, changed, when: 'next load' };
  const running = model.running ?? before;
  const toRunning = parameterChanges(running, after);
  // Back to what runs: whatever was pending is not any more.
  if (toRunning.length === 0) return { kind: 'none', modelId: id, changed, when: 'now' };
  // What is still loading serves nobody, so there is nothing to wait for; an exchange that waits already takes this with it.
  const when =
    apply === 'now' || (apply === 'when-idle' && model.state === 'loading')
      ? 'now'
      : apply === 'when-idle' || model.refreshing
        ? 'when idle'
        : 'next load';
  return { kind: 'restart-model', modelId: id, changed: toRunning, when };
};

/**
 * The effects of going from `before` to `after`, at least one. Models are restarted only when what they would be started with
 * differs from what their process was started with, and when this change is what makes it differ.
 *
 * @param overridden stored values that change while a flag or variable wins over them
 */
export const changePlan = (
  before: Situation,
  after: Situation,
  models: readonly AffectedModel[],
  options: { apply: Apply; overridden?: readonly ChangedKey[] },
): ChangeEffectView[] => {
  const byId = new Map(models.map((model) => [model.id, model]));
  const effects = configEffects(before.config, after.config, options.apply, options.overridden ?? []);
  for (const [id, parameters] of after.parameters) {
    const previous = before.parameters.get(id);
    if (previous === undefined) continue;
    const effect = modelEffect(byId.get(id), id, previous, parameters, options.apply);
    if (effect !== null) effects.push(effect);
  }
  return effects.length > 0 ? effects : [{ kind: 'none', changed: [], when: 'now' }];
};
