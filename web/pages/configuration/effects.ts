/** What a change does, in words. Pure. */
import type { ChangedKey, ChangeEffectView } from '../../../src/contracts/changes.ts';
import { plural } from '../../format/numbers.ts';

export interface EffectLine {
  /** "restart" interrupts something, "now" does not, "later" does nothing yet. */
  weight: 'restart' | 'now' | 'later';
  text: string;
  /** What changes, old and new; null where the form shows it already. */
  detail: string | null;
}

const valueWords = (value: unknown): string => {
  if (value === null || value === undefined) return 'not set';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(String).join(', ');
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (value === '') return 'empty';
  return typeof value === 'string' ? value : JSON.stringify(value);
};

export const changeWords = (changed: readonly ChangedKey[]): string =>
  changed.map(({ key, from, to }) => `${key} ${valueWords(from)} → ${valueWords(to)}`).join(', ');

const MODEL_WHEN: Readonly<Record<ChangeEffectView['when'], string>> = {
  now: 'is loaded again at once',
  'when idle': 'is loaded again when no request is in flight',
  'next load': 'keeps running as it is until somebody loads it again',
  'next start': 'keeps running as it is',
};
const ROUTER_WHEN: Readonly<Record<ChangeEffectView['when'], string>> = {
  now: 'The router restarts at once; models stay loaded',
  'when idle': 'The router restarts when no request is in flight; models stay loaded',
  'next load': 'The router keeps running as it is until it is restarted',
  'next start': 'The router keeps running as it is until it is restarted',
};

const lineOf = (effect: ChangeEffectView, nameOf: (id: string) => string): EffectLine | null => {
  const { kind, modelId, when, changed } = effect;
  const later = when === 'next load' || when === 'next start';
  switch (kind) {
    case 'restart-model':
      return {
        weight: later ? 'later' : 'restart',
        text: `${nameOf(modelId ?? '')} ${MODEL_WHEN[when]}`,
        detail: changeWords(changed),
      };
    case 'restart-router':
      return { weight: later ? 'later' : 'restart', text: ROUTER_WHEN[when], detail: changeWords(changed) };
    case 'router-settings':
      return { weight: 'now', text: 'The router is told and goes on', detail: changeWords(changed) };
    case 'rescan':
      return { weight: 'now', text: 'The folders are searched again', detail: null };
    case 'engine-check':
      return { weight: 'now', text: 'The engine is looked for again; loaded models keep theirs', detail: null };
    case 'server-restart-needed':
      return { weight: 'later', text: 'Counts when Llamactor is started again', detail: changeWords(changed) };
    case 'none':
      if (modelId === undefined) return null;
      return when === 'now'
        ? { weight: 'now', text: `${nameOf(modelId)} runs with this already and goes on`, detail: null }
        : null;
  }
};

/** Restarts first. Models that are not running are counted, not listed: there may be hundreds. */
export const effectLines = (effects: readonly ChangeEffectView[], nameOf: (id: string) => string): EffectLine[] => {
  const ORDER = { restart: 0, now: 1, later: 2 } as const;
  const lines = effects.flatMap((effect) => lineOf(effect, nameOf) ?? []);
  const waiting = effects.filter(
    ({ kind, modelId, when }) => kind === 'none' && modelId !== undefined && when !== 'now',
  );
  if (waiting.length > 0) {
    const names = waiting.slice(0, 3).map(({ modelId }) => nameOf(modelId ?? ''));
    const more = waiting.length - names.length;
    lines.push({
      weight: 'later',
      text: `${plural(waiting.length, 'model')} that ${waiting.length === 1 ? 'does' : 'do'} not run ${waiting.length === 1 ? 'takes' : 'take'} it when loaded`,
      detail: `${names.join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`,
    });
  }
  if (lines.length === 0) lines.push({ weight: 'now', text: 'Counts at once; nothing restarts', detail: null });
  return lines.sort((a, b) => ORDER[a.weight] - ORDER[b.weight]);
};

/** It matters when it is applied: something that runs would have to start again. */
export const hasRestarts = (effects: readonly ChangeEffectView[]): boolean =>
  effects.some(({ kind }) => kind === 'restart-model' || kind === 'restart-router');
