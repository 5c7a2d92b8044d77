/** Says in words what a schema allows, for error messages: "a whole number from 1 to 65535". */
import { z } from 'zod';

interface JsonSchema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  items?: JsonSchema;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
}

// zod states JavaScript's safe range as the bounds of an unbounded integer; that is no help to a person.
const isBound = (bound: number | undefined): bound is number =>
  bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;

const rangeOf = (schema: JsonSchema): string => {
  const { minimum, maximum } = schema;
  if (isBound(minimum) && isBound(maximum)) return ` from ${minimum} to ${maximum}`;
  if (isBound(minimum)) return ` of at least ${minimum}`;
  return isBound(maximum) ? ` of at most ${maximum}` : '';
};

const textOf = (schema: JsonSchema): string => {
  const longest = schema.maxLength === undefined ? '' : ` of at most ${schema.maxLength} characters`;
  return `${(schema.minLength ?? 0) > 0 ? 'a text that is not empty' : 'a text'}${longest === '' ? '' : `,${longest}`}`;
};

const describe = (schema: JsonSchema): string => {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return `one of ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}`;
  if (schema.anyOf !== undefined) return schema.anyOf.map(describe).join(' or ');
  switch (schema.type) {
    case 'integer':
      return `a whole number${rangeOf(schema)}`;
    case 'number':
      return `a number${rangeOf(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return textOf(schema);
    case 'array':
      return `a list, each entry ${describe(schema.items ?? {})}`;
    case 'object':
      return 'an object';
    default:
      return 'a value';
  }
};

/** What a value must be, as a phrase that follows "must be". */
export const allowedBy = (schema: z.ZodType): string => describe(z.toJSONSchema(schema, { io: 'input' }) as JsonSchema);
