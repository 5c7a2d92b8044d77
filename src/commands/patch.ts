/** Turns a client's wish to change configuration or settings into a checked patch: all of it, or an error. */
import type { z } from 'zod';
import { CodedError } from '../contracts/errors.ts';
import { nearestNames } from '../contracts/nearest.ts';
import { allowedBy } from './describe-schema.ts';

interface Entry {
  schema: z.ZodType;
}

/**
 * Checks `[key, value]` pairs against a table of keys. `aliases` maps other spellings to keys.
 * Throws INVALID_PAYLOAD: an unknown key names the nearest one (all of them when none is similar), a wrong value says what is allowed.
 */
export const checkedPatch = <Document extends object>(
  what: string,
  table: Readonly<Record<string, Entry>>,
  aliases: Readonly<Record<string, string>>,
  pairs: readonly (readonly [string, unknown])[],
): Partial<Document> => {
  const patch: Record<string, unknown> = {};
  const spelled = new Map<string, string>();
  for (const [given, value] of pairs) {
    const key = Object.hasOwn(aliases, given) ? aliases[given] : given;
    const entry = key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
    if (key === undefined || entry === undefined) {
      const [nearest] = nearestNames(given, [...Object.keys(table), ...Object.keys(aliases)], 1);
      const hint =
        nearest === undefined ? `The keys are ${Object.keys(table).join(', ')}` : `The nearest is "${nearest}"`;
      throw new CodedError('INVALID_PAYLOAD', `There is no ${what} key "${given}"; nothing was stored. ${hint}.`, {
        details: { key: given, nearest: nearest ?? null },
      });
    }
    const parsed = entry.schema.safeParse(value);
    if (!parsed.success) {
      const own = parsed.error.issues.find((issue) => issue.code === 'custom' && issue.path.length === 0);
      const reason = own === undefined ? `must be ${allowedBy(entry.schema)}` : own.message;
      throw new CodedError('INVALID_PAYLOAD', `${given} ${reason}; nothing was stored.`, { details: { key: given } });
    }
    const earlier = spelled.get(key);
    if (earlier !== undefined && JSON.stringify(patch[key]) !== JSON.stringify(parsed.data)) {
      throw new CodedError(
        'INVALID_PAYLOAD',
        `"${earlier}" and "${given}" are the same key with two values; nothing was stored.`,
        { details: { key } },
      );
    }
    spelled.set(key, given);
    patch[key] = parsed.data;
  }
  return patch as Partial<Document>;
};
