/** The tools as a model is told of them. */
import { z } from 'zod';
import { SESSION_TOOLS, TOOL_NAMES } from '../../contracts/session-tools.ts';
import type { ToolName } from '../../contracts/session-tools.ts';

/** JSON schema of what may be sent, in which everything with a default is optional. */
export const parametersOf = (name: ToolName): Record<string, unknown> => {
  const { $schema: _, ...schema } = z.toJSONSchema(SESSION_TOOLS[name].arguments, { io: 'input' });
  return schema;
};

/** `tools` of a chat completion. */
export const toolDescriptions = TOOL_NAMES.map((name) => ({
  type: 'function' as const,
  function: { name, description: SESSION_TOOLS[name].about, parameters: parametersOf(name) },
}));

/** For models whose template knows no tools: how to write a call. */
export const toolsInWords = [
  'You act by calling a tool. To call one, end your answer with exactly this, and nothing after it:',
  '<tool_call>{"name": "NAME", "arguments": {…}}</tool_call>',
  'The tools:',
  ...TOOL_NAMES.map(
    (name) =>
      `${name}: ${SESSION_TOOLS[name].about} Arguments: ${JSON.stringify(parametersOf(name)['properties'] ?? {})}`,
  ),
].join('\n');
