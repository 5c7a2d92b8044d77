import { CodedError } from '../../contracts/errors.ts';
import { nearestNames } from '../../contracts/nearest.ts';
import type { ParameterValue } from '../../contracts/views.ts';
import { ON_OFF, PRESET_ONLY, canonicalName, isSwitch, ownedBecause, spellingsOf } from './parameter-names.ts';

/** llama.cpp's own words for yes and no in a preset. */
const YES = new Set(['true', 'on', 'enabled', 'yes', '1']);
const NO = new Set(['false', 'off', 'disabled', 'no', '0']);

const refuse = (key: string, message: string, details: Record<string, unknown> = {}): CodedError =>
  new CodedError('INVALID_PAYLOAD', message, { details: { parameter: key, ...details } });

const spelling = (name: string, knownFlags: ReadonlySet<string>): string | undefined =>
  knownFlags.size === 0
    ? name.length === 1
      ? `-${name}`
      : `--${name}`
    : spellingsOf(name).find((flag) => knownFlags.has(flag));

const truth = (value: ParameterValue): boolean | null => {
  if (typeof value === 'boolean') return value;
  const word = String(value).trim().toLowerCase();
  return YES.has(word) ? true : NO.has(word) ? false : null;
};

const opposite = (name: string): string => (name.startsWith('no-') ? name.slice(3) : `no-${name}`);

const unknown = (key: string, name: string, knownFlags: ReadonlySet<string>): CodedError => {
  const known = [...knownFlags].filter((flag) => flag.startsWith('--')).map((flag) => flag.slice(2));
  const nearest = nearestNames(
    name,
    known.filter((flag) => ownedBecause(flag) === null),
  );
  const hint = nearest.length === 0 ? '' : ` Did you mean ${nearest.map((other) => `"${other}"`).join(' or ')}?`;
  return refuse(key, `This llama-server has no parameter "${key}".${hint}`, { nearest });
};

const switchArgs = (key: string, name: string, value: ParameterValue, knownFlags: ReadonlySet<string>): string[] => {
  const on = truth(value);
  if (on === null) throw refuse(key, `"${key}" is switched on or off; say true or false instead of "${value}".`);
  const wanted = on ? name : opposite(name);
  // "no-host" switched off is not a host without an address.
  if (ownedBecause(wanted) !== null) return [];
  // A list that could not be read contains no twins; a switch that is off is then left out rather than guessed.
  const flag = !on && knownFlags.size === 0 ? undefined : spelling(wanted, knownFlags);
  return flag === undefined ? [] : [flag];
};

const valueArgs = (
  key: string,
  flag: string,
  name: string,
  value: ParameterValue,
  knownFlags: ReadonlySet<string>,
): string[] => {
  if (typeof value === 'number' && !Number.isFinite(value)) throw refuse(key, `"${key}" needs a finite number.`);
  if (typeof value === 'boolean') {
    if (ON_OFF.has(name)) return [flag, value ? 'on' : 'off'];
    return value ? [flag] : switchArgs(key, name, value, knownFlags);
  }
  const word = String(value);
  if (word.includes('\0')) throw refuse(key, `"${key}" must not contain a zero byte.`);
  // "mmproj = false" in a preset, where a word is all there is: the twin says it.
  if (knownFlags.has(`--no-${name}`) && truth(word) === false) return switchArgs(key, name, value, knownFlags);
  const yes = ON_OFF.has(name) ? truth(word) : null;
  return [flag, yes === null ? word : yes ? 'on' : 'off'];
};

/**
 * Command line of llama-server for a set of parameters, in their order; of two spellings of one parameter the later one counts.
 *
 * Keys are long or short flags with or without dashes, or LLAMA_ARG_* names. A switch that is true becomes `--flag`, one that is
 * false `--no-flag` where the engine has that and nothing where it has not. Preset-only keys are passed over.
 *
 * @param knownFlags the engine's flags with their dashes; an empty set means that they are not known and all are let through
 * @throws CodedError INVALID_PAYLOAD for a parameter the engine does not have (naming the nearest), one that Llamactor sets
 *   itself, and values that cannot be passed
 */
export const parametersToArgs = (
  parameters: Readonly<Record<string, ParameterValue>>,
  knownFlags: ReadonlySet<string>,
): string[] => {
  const chosen = new Map<string, string[]>();
  for (const [key, value] of Object.entries(parameters)) {
    const name = canonicalName(key);
    if (PRESET_ONLY.has(name)) continue;
    const owned = ownedBecause(name);
    if (owned !== null) throw refuse(key, `"${key}" cannot be set: ${owned}. Remove it.`);
    if (!/^[a-z][a-z0-9.-]*$/i.test(name))
      throw refuse(key, `"${key}" is no name of a parameter; use a long flag of llama-server without its dashes.`);
    const flag = spelling(name, knownFlags);
    const known = flag ?? spelling(opposite(name), knownFlags);
    if (known === undefined) throw unknown(key, name, knownFlags);
    const subject = name.replace(/^no-/, '');
    // Deleting first moves the parameter to the place of its last mention.
    chosen.delete(subject);
    chosen.set(
      subject,
      flag === undefined || isSwitch(name, knownFlags)
        ? switchArgs(key, name, value, knownFlags)
        : valueArgs(key, flag, name, value, knownFlags),
    );
  }
  return [...chosen.values()].flat();
};
