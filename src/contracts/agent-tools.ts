/** Which tools an agent may use, and which of them a person has to agree to. */
import { z } from 'zod';

export const CONSENTS = ['ask', 'allow', 'deny'] as const;
export type Consent = (typeof CONSENTS)[number];

export const AgentToolRule = z.object({
  /** A server (`files`), one of its tools (`files/read_file`), or a pattern with `*` for any characters (`files/read_*`). */
  tool: z
    .string()
    .trim()
    .min(1, 'is required')
    .max(330)
    .regex(/^[^\r\n]+$/, 'must be one line'),
  /** Absent asks, except where the agent trusts what servers say of reading. */
  consent: z.enum(CONSENTS).optional(),
});
export type AgentToolRule = z.infer<typeof AgentToolRule>;

export const TOOL_STATUSES = ['waiting', 'running', 'done', 'failed', 'rejected', 'denied', 'cancelled'] as const;

/** One call of a tool, as it stands in the `actions` of an agent's message. */
export const ToolAction = z.object({
  /** `server/tool`. */
  name: z.string(),
  /** Their text, cut, when they are long or no JSON. */
  arguments: z.union([z.record(z.string(), z.unknown()), z.string()]),
  status: z.enum(TOOL_STATUSES),
  /** What came of it, or why nothing did; cut. */
  result: z.string(),
  tookMs: z.number(),
});
export type ToolAction = z.infer<typeof ToolAction>;

/** The calls of tools among a message's actions, which may hold words of other programs. */
export const toolActions = (actions: readonly unknown[]): ToolAction[] =>
  actions.flatMap((action) => {
    const parsed = ToolAction.safeParse(action);
    return parsed.success ? [parsed.data] : [];
  });

const matches = (pattern: string, text: string): boolean => {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === text;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
};

/** `files` means all of its tools. */
const whole = (pattern: string): string => (pattern.includes('/') ? pattern : `${pattern}/*`);

/** Whether the rule may concern a tool of the server. */
export const namesServer = ({ tool }: AgentToolRule, server: string): boolean => {
  const [pattern = ''] = whole(tool).split('/', 1);
  return matches(pattern, server);
};

const literal = (pattern: string): number => pattern.replaceAll('*', '').length + (pattern.includes('*') ? 0 : 1);

/**
 * What the rules say of a tool: the one that says most about its name counts, of two alike the later. Null when none names it, and
 * then the agent has no such tool.
 */
export const consentFor = (
  rules: readonly AgentToolRule[],
  { server, name, readOnly }: { server: string; name: string; readOnly: boolean },
  trustReadOnly: boolean,
): Consent | null => {
  const named = rules.filter(({ tool }) => matches(whole(tool), `${server}/${name}`));
  let best: AgentToolRule | undefined;
  for (const rule of named)
    if (best === undefined || literal(whole(rule.tool)) >= literal(whole(best.tool))) best = rule;
  if (best === undefined) return null;
  return best.consent ?? (trustReadOnly && readOnly ? 'allow' : 'ask');
};
