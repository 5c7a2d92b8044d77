import { invalid } from '../failures.ts';
import { Refused, isFields } from '../later.ts';
import type { Fields } from '../later.ts';

const wrong = (name: string, wanted: string): Refused => new Refused(invalid(`"${name}" must be ${wanted}.`));

/** Readers of optional fields; each throws Refused for a value of another kind. null counts as absent, as in Go. */
export const textAt = (body: Fields, name: string): string | undefined => {
  const value = body[name] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(name, 'a string');
};

export const flagAt = (body: Fields, name: string): boolean | undefined => {
  const value = body[name] ?? undefined;
  if (value === undefined || typeof value === 'boolean') return value;
  throw wrong(name, 'true or false');
};

export const fieldsAt = (body: Fields, name: string): Fields | undefined => {
  const value = body[name] ?? undefined;
  if (value === undefined || isFields(value)) return value;
  throw wrong(name, 'an object');
};

export const listAt = (body: Fields, name: string): readonly unknown[] | undefined => {
  const value = body[name] ?? undefined;
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return value as unknown[];
  throw wrong(name, 'a list');
};

/** Without the fields that are undefined. */
export const present = (fields: Fields): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
