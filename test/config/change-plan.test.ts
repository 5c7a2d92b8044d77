/** The plan of a change, as properties: nothing is touched that did not change, and nothing that did is forgotten. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { APPLY } from '../../src/contracts/changes.ts';
import { CONFIG_KEYS, defaultConfig } from '../../src/contracts/config.ts';
import type { Config } from '../../src/contracts/config.ts';
import type { ParameterValue } from '../../src/contracts/views.ts';
import { LIFECYCLE_STATES } from '../../src/contracts/views.ts';
import { changePlan, parameterChanges } from '../../src/projections/change-plan.ts';
import type { AffectedModel, Situation } from '../../src/projections/change-plan.ts';

const NOTHING = [{ kind: 'none', changed: [], when: 'now' }];

const ids = ['alpha', 'beta', 'gamma', 'toString'];
const value: fc.Arbitrary<ParameterValue> = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.boolean(),
  fc.constantFrom('on', 'off', '1', '2', 'a'),
);
const parameters = fc.dictionary(fc.constantFrom('ctx-size', 'threads', 'jinja', 'flash-attn', 'constructor'), value);
const table = fc
  .tuple(...ids.map(() => parameters))
  .map((rows) => new Map(ids.map((id, index) => [id, rows[index] ?? {}])));
const config: fc.Arbitrary<Config> = fc
  .record(
    {
      modelsMax: fc.integer({ min: 1, max: 3 }),
      contextSize: fc.constantFrom(0, 512, 1024),
      serverPath: fc.constantFrom('', '/opt/llama-server'),
      port: fc.constantFrom(3000, 3001),
      routerPort: fc.constantFrom(8080, 8081),
      queueLimit: fc.constantFrom(1, 2),
      modelsDirs: fc.constantFrom<string[]>([], ['/models']),
    },
    { requiredKeys: [] },
  )
  .map((over) => ({ ...defaultConfig(), ...over }));
const situation: fc.Arbitrary<Situation> = fc.record({ config, parameters: table });
const apply = fc.constantFrom(...APPLY);
/** Processes started with what was asked for before, or with something older that was left until the next load. */
const modelsOf = (before: Situation): fc.Arbitrary<AffectedModel[]> =>
  fc
    .tuple(
      ...ids.map((id) =>
        fc.record({
          id: fc.constant(id),
          state: fc.constantFrom(...LIFECYCLE_STATES),
          running: fc.oneof(fc.constant(before.parameters.get(id) ?? null), fc.constant(null), parameters),
          refreshing: fc.boolean(),
        }),
      ),
    )
    .chain((all) => fc.subarray(all));
const cases = fc
  .tuple(situation, situation, apply)
  .chain(([before, after, how]) =>
    fc.tuple(fc.constant(before), fc.constant(after), modelsOf(before), fc.constant(how)),
  );

/** Comments, the order of lines, and a number written as text: what an edit may change without changing anything. */
const rewritten = (of: Situation): Situation => ({
  config: structuredClone(of.config),
  parameters: new Map(
    [...of.parameters].map(([id, each]) => [
      id,
      Object.fromEntries(
        Object.entries(each)
          .toReversed()
          .map(([key, own]) => [key, typeof own === 'boolean' ? (own ? 'on' : 'false') : String(own)]),
      ),
    ]),
  ),
});

describe('the plan of a change', () => {
  it('is nothing for an edit that means the same', () => {
    fc.assert(
      fc.property(cases, ([before, , models, how]) => {
        expect(changePlan(before, rewritten(before), models, { apply: how })).toEqual(NOTHING);
      }),
    );
  });

  it('names a model exactly when what it would be started with differs', () => {
    fc.assert(
      fc.property(cases, ([before, after, models, how]) => {
        const effects = changePlan(before, after, models, { apply: how });
        const named = effects.flatMap(({ modelId }) => modelId ?? []);
        const differing = ids.filter(
          (id) => parameterChanges(before.parameters.get(id) ?? {}, after.parameters.get(id) ?? {}).length > 0,
        );
        expect(named.toSorted()).toEqual(differing.toSorted());
      }),
    );
  });

  it('restarts only what runs with something else than it would be started with', () => {
    fc.assert(
      fc.property(cases, ([before, after, models, how]) => {
        for (const effect of changePlan(before, after, models, { apply: how })) {
          if (effect.kind !== 'restart-model') continue;
          const model = models.find(({ id }) => id === effect.modelId);
          expect(['loaded', 'loading']).toContain(model?.state);
          const running = model?.running ?? before.parameters.get(effect.modelId ?? '') ?? {};
          expect(effect.changed).toEqual(parameterChanges(running, after.parameters.get(effect.modelId ?? '') ?? {}));
          expect(effect.changed.length).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('never cuts a request unless it is forced to', () => {
    fc.assert(
      fc.property(cases, ([before, after, models, how]) => {
        for (const { kind, modelId, when } of changePlan(before, after, models, { apply: how })) {
          if (kind === 'restart-router') expect(when === 'now').toBe(how === 'now');
          if (kind !== 'restart-model') continue;
          const model = models.find(({ id }) => id === modelId);
          if (how === 'now') expect(when).toBe('now');
          else if (model?.state === 'loaded') expect(when).not.toBe('now');
          if (how === 'next-load' && model?.refreshing !== true) expect(when).toBe('next load');
        }
      }),
    );
  });

  it('names every configuration key that changed once, and no other', () => {
    fc.assert(
      fc.property(cases, ([before, after, models, how]) => {
        const effects = changePlan(before, after, models, { apply: how }).filter(
          ({ modelId }) => modelId === undefined,
        );
        const named = effects.flatMap(({ changed }) => changed.map(({ key }) => key));
        const changed = (Object.keys(CONFIG_KEYS) as (keyof Config)[]).filter(
          (key) =>
            CONFIG_KEYS[key].restart !== 'models' &&
            JSON.stringify(before.config[key]) !== JSON.stringify(after.config[key]),
        );
        expect(named.toSorted()).toEqual(changed.toSorted());
      }),
    );
  });

  it('there and back leads to nothing being restarted', () => {
    fc.assert(
      fc.property(cases, ([before, after, , how]) => {
        const models: AffectedModel[] = ids.map((id) => ({
          id,
          state: 'loaded',
          running: before.parameters.get(id) ?? {},
          refreshing: true,
        }));
        const back = changePlan(after, before, models, { apply: how });
        expect(back.filter(({ kind }) => kind === 'restart-model')).toEqual([]);
      }),
    );
  });
});

describe('examples', () => {
  const before: Situation = { config: defaultConfig(), parameters: new Map([['alpha', { 'ctx-size': 512 }]]) };
  const loaded: AffectedModel = { id: 'alpha', state: 'loaded', running: { 'ctx-size': 512 }, refreshing: false };
  const wider: Situation = { ...before, parameters: new Map([['alpha', { 'ctx-size': '1024' }]]) };
  const changed = [{ key: 'ctx-size', from: 512, to: '1024' }];

  it.each([
    ['when-idle', 'loaded', 'restart-model', 'when idle'],
    ['when-idle', 'loading', 'restart-model', 'now'],
    ['now', 'loaded', 'restart-model', 'now'],
    ['next-load', 'loaded', 'restart-model', 'next load'],
    ['when-idle', 'unloaded', 'none', 'next load'],
    ['when-idle', 'stopping', 'none', 'next load'],
    ['when-idle', 'error', 'none', 'next load'],
  ] as const)('%s on a model that is %s: %s %s', (how, state, kind, when) => {
    expect(changePlan(before, wider, [{ ...loaded, state }], { apply: how })).toEqual([
      { kind, modelId: 'alpha', changed, when },
    ]);
  });

  it('a value that a flag wins over counts at the next start of the server', () => {
    const overridden = [{ key: 'routerPort', from: 8080, to: 9000 }];
    expect(changePlan(before, before, [loaded], { apply: 'when-idle', overridden })).toEqual([
      { kind: 'server-restart-needed', changed: overridden, when: 'next start' },
    ]);
  });
});
