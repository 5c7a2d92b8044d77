/** What a change does, in sentences. */
import type { ChangedKey, ChangeEffectView } from '../../contracts/changes.ts';
import { plural } from './format.ts';
import { oneLine } from './sanitize.ts';

const shown = (value: unknown): string => {
  if (value === null || value === undefined) return 'not set';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(String).join(', ');
  if (typeof value !== 'string') return JSON.stringify(value);
  return value === '' ? 'empty' : value;
};

const change = ({ key, from, to }: ChangedKey): string => `${key} ${shown(from)} → ${shown(to)}`;

const WHEN: Record<ChangeEffectView['when'], string> = {
  now: 'now',
  'when idle': 'as soon as no request is in flight',
  'next load': 'at its next load',
  'next start': 'at its next start',
};

const sentence = ({ kind, modelId, when }: ChangeEffectView): string => {
  switch (kind) {
    case 'restart-model':
      return when === 'next load'
        ? `${modelId ?? ''} keeps running and takes it at its next load`
        : `${modelId ?? ''} is loaded again ${WHEN[when]}`;
    case 'restart-router':
      return when === 'next start'
        ? 'the router takes it at its next start'
        : `the router is started again ${WHEN[when]}; models stay loaded`;
    case 'router-settings':
      return 'in effect at once';
    case 'rescan':
      return 'the models folders are searched again';
    case 'engine-check':
      return 'the engine is looked for again; running models keep theirs';
    case 'server-restart-needed':
      return 'in effect when `llamactor serve` is started again, unless a flag or variable says otherwise then';
    case 'none':
      if (modelId === undefined) return 'in effect at once';
      return when === 'now' ? `${modelId} runs with this already` : `${modelId} takes it at its next load`;
  }
};

const MOST_UNLOADED = 5;

/** One line per effect; a change of nothing says so. Models that do not run are summed up when there are many. */
export const effectLines = (effects: readonly ChangeEffectView[]): string[] => {
  const isUnloaded = ({ kind, modelId, when }: ChangeEffectView): boolean =>
    kind === 'none' && modelId !== undefined && when === 'next load';
  const unloaded = effects.filter(isUnloaded);
  const told = unloaded.length > MOST_UNLOADED ? effects.filter((effect) => !isUnloaded(effect)) : effects;
  const lines = told.map((effect) =>
    effect.changed.length === 0
      ? 'Nothing changes.'
      : `${oneLine(sentence(effect))} (${oneLine(effect.changed.map(change).join(', '))})`,
  );
  if (told !== effects) lines.push(`${plural(unloaded.length, 'model')} that do not run take it at their next load`);
  return lines;
};
