import { CodedError } from '../../contracts/errors.ts';
import { canonicalName, ownedBecause } from './parameter-names.ts';
import { parametersToArgs } from './parameters-to-args.ts';
import { parsePreset } from './parse-preset.ts';

/**
 * Refuses a preset that an engine with these flags could not be started with: a parameter it does not have (with the nearest
 * one), or a value that a switch cannot take. With an empty set of flags only the format is checked.
 *
 * @throws CodedError INVALID_PAYLOAD with `details: {line, reason}`, lines counted from 1
 */
export const checkPreset = (ini: string, knownFlags: ReadonlySet<string>): void => {
  const { entries } = parsePreset(ini);
  for (const { key, value, line } of entries) {
    if (ownedBecause(canonicalName(key)) !== null) continue;
    try {
      parametersToArgs({ [key]: value }, knownFlags);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      const details = { ...error.details, line, reason: error.message };
      throw new CodedError('INVALID_PAYLOAD', `Line ${line} of the preset: ${error.message}`, { details });
    }
  }
};
