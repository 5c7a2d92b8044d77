/** Parameters as they were asked for beside what the engine gave. Pure. */
import type { EffectiveRow, EngineGiven, ParameterSource } from '../contracts/changes.ts';
import type { ParameterValue } from '../contracts/views.ts';
import { sameValue } from './change-plan.ts';

export interface Requested {
  /** Canonical name; a negative keeps its `no-`. */
  key: string;
  value: ParameterValue;
  source: ParameterSource;
}

/** What a serving engine says of itself, in its answers and in its log. */
export interface Given extends EngineGiven {
  /** Tokens per slot. */
  contextSize: number | null;
  slots: number | null;
}

/**
 * All slots share a unified cache; without one each has its part, and what was asked for is the whole. Unknown while the engine
 * has not said which of the two it is.
 */
const wholeContext = ({ context, contextSize, slots, unifiedCache }: Given): number | undefined => {
  if (context !== undefined) return context;
  if (contextSize === null || slots === null) return undefined;
  if (slots === 1 || unifiedCache === true) return contextSize;
  return unifiedCache === false ? contextSize * slots : undefined;
};

const toldBy = (given: Given): Record<string, ParameterValue | undefined> => ({
  'ctx-size': wholeContext(given),
  parallel: given.slots ?? undefined,
  'batch-size': given.batchSize,
  'ubatch-size': given.microBatchSize,
  'flash-attn': given.flashAttention === undefined ? undefined : given.flashAttention ? 'on' : 'off',
  'gpu-layers': given.gpuLayers,
  threads: given.threads,
  'cache-type-k': given.cacheTypeK,
  'cache-type-v': given.cacheTypeV,
});

/** What leaves the choice to the engine, so that any outcome is as asked. */
const isFree = (value: ParameterValue): boolean => ['auto', '-1', 'all', 'max'].includes(String(value).toLowerCase());

/**
 * Requested parameters first, in their order, then what the engine chose itself. Where the engine says nothing, what it was
 * started with counts.
 *
 * @param running what the process was started with; null when there is none
 */
export const effectiveRows = (
  requested: readonly Requested[],
  running: Readonly<Record<string, ParameterValue>> | null,
  given: Given,
): EffectiveRow[] => {
  const told = running === null ? {} : toldBy(given);
  const rows = requested.map(({ key, value, source }): EffectiveRow => {
    const said = told[key];
    const effective = said ?? running?.[key] ?? null;
    const differs =
      running !== null &&
      // Its own word for "as many as there are" and the like is no difference; a parameter it was not started with is one.
      !(said !== undefined && isFree(value)) &&
      !sameValue(effective ?? undefined, value);
    return {
      key,
      requested: value,
      source,
      effective,
      told: said !== undefined ? 'engine' : effective === null ? null : 'command line',
      differs,
    };
  });
  const asked = new Set(requested.map(({ key }) => key));
  const others = { ...running, ...Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined)) };
  for (const [key, effective] of Object.entries(others)) {
    if (effective === undefined || asked.has(key)) continue;
    // Taken back since the start: it still counts for the process.
    const earlier = Object.hasOwn(running ?? {}, key);
    rows.push({
      key,
      requested: null,
      source: earlier ? 'earlier' : 'engine',
      effective,
      told: told[key] === undefined ? 'command line' : 'engine',
      differs: earlier,
    });
  }
  return rows;
};
