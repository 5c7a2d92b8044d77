/** The tools of a session as they are told to a model: in the API's form, or in words for one that knows no tools. */
import { z } from 'zod';
import { SESSION_TOOLS, TOOL_NAMES } from '../../contracts/session-tools.ts';

const schemaOf = (schema: z.ZodType): Record<string, unknown> => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
};

/** `tools` of a chat completion. */
export const TOOL_OFFERS = TOOL_NAMES.map((name) => ({
  type: 'function' as const,
  function: { name, description: SESSION_TOOLS[name].about, parameters: schemaOf(SESSION_TOOLS[name].arguments) },
}));

const argumentsInWords = (schema: z.ZodType): string => {
  const { properties = {}, required = [] } = schemaOf(schema) as {
    properties?: Record<string, { type?: string; enum?: string[]; description?: string }>;
    required?: string[];
  };
  return Object.entries(properties)
    .map(([name, { type = 'value', enum: words, description }]) => {
      const what = words === undefined ? type : words.map((word) => JSON.stringify(word)).join('|');
      const about = description === undefined ? '' : ` (${description})`;
      return `"${name}"${required.includes(name) ? '' : '?'}: ${what}${about}`;
    })
    .join(', ');
};

export const TOOLS_IN_WORDS = [
  'You act by calling tools. To call one, end your answer with exactly one block like this and nothing after it:',
  '```json\n{"tool": "click", "arguments": {"ref": "e12"}}\n```',
  'The tools (a ? marks what may be left out):',
  ...TOOL_NAMES.map((name) => {
    const { about, arguments: schema } = SESSION_TOOLS[name];
    return `- ${name} {${argumentsInWords(schema)}}: ${about}`;
  }),
].join('\n');
