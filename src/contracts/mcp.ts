/** Servers of the Model Context Protocol whose tools agents may use. Times are epoch milliseconds. */
import { z } from 'zod';
import type { FailureView } from './views.ts';

export const MCP_LIMITS = {
  servers: 100,
  /** Tools that are taken over from one server. */
  tools: 500,
  /** Characters of a result that leave the server in one answer. */
  resultCharacters: 200_000,
} as const;

export const mcpServerName = z
  .string()
  .trim()
  .min(1, 'is required')
  .max(64)
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u,
    'must begin with a letter or digit and hold letters, digits, blanks, . _ and - only',
  );

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable');
const header = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be the name of a header');
const line = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[^\r\n\0]*$/, 'must be one line');
const value = z
  .string()
  .max(32_768)
  .refine((text) => !text.includes('\0'), 'must not hold a zero character');

const shared = {
  /** Never started, not even when a tool of it is wanted. */
  disabled: z.boolean().optional(),
  /** Started with Llamactor; otherwise when a tool of it is wanted. */
  autoStart: z.boolean().optional(),
  /** Seconds that one call of a tool may take; 60 when absent. */
  timeout: z.number().min(1).max(3600).optional(),
};

const stdioFields = {
  type: z.literal('stdio').optional(),
  command: z.string().trim().min(1, 'is required').max(4096),
  args: z.array(value).max(256).optional(),
  /** An absolute folder; Llamactor's data folder when absent. */
  cwd: line(4096).optional(),
};
const httpFields = {
  /** Absent tries the streamable one first, then the older one. */
  type: z.enum(['http', 'streamable-http', 'streamableHttp', 'sse']).optional(),
  url: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).max(4096),
};

/**
 * One server as other assistants write it down. `${NAME}` in a value of `env` or `headers` stands for that variable of Llamactor's
 * own environment when the server starts.
 */
export const McpServerRecord = z.union([
  z.strictObject({ ...stdioFields, env: z.record(variable, value).optional(), ...shared }),
  z.strictObject({ ...httpFields, headers: z.record(header, line(32_768)).optional(), ...shared }),
]);
export type McpServerRecord = z.infer<typeof McpServerRecord>;

/** The same, as somebody edits it: null in place of a value keeps the one that is stored, which nobody is shown. */
export const McpServerDraft = z.union([
  z.strictObject({ ...stdioFields, env: z.record(variable, value.nullable()).optional(), ...shared }),
  z.strictObject({ ...httpFields, headers: z.record(header, line(32_768).nullable()).optional(), ...shared }),
]);
export type McpServerDraft = z.infer<typeof McpServerDraft>;

export const McpServersDocument = z.object({ mcpServers: z.record(mcpServerName, McpServerRecord).default({}) });
export type McpServersDocument = z.infer<typeof McpServersDocument>;

export const MCP_STATES = ['stopped', 'starting', 'ready', 'stopping', 'backoff', 'failed'] as const;
export type McpState = (typeof MCP_STATES)[number];

export interface McpServerView {
  name: string;
  transport: 'stdio' | 'http';
  type: string | null;
  command: string | null;
  /** What looks like a secret in arguments and addresses is hidden; saved back as shown, it stays as it was. */
  args: string[];
  cwd: string | null;
  url: string | null;
  /** Names only; values never leave the server. */
  env: string[];
  headers: string[];
  disabled: boolean;
  autoStart: boolean;
  timeout: number | null;
  state: McpState;
  pid: number | null;
  startedAt: number | null;
  /** What it calls itself; null before its first greeting. */
  title: string | null;
  version: string | null;
  /** How many tools it has or had when it ran last; null when it never did. */
  tools: number | null;
  /** Why it ended the last time against our will; null when all is well. */
  failure: FailureView | null;
  retryAt: number | null;
  restarts: number;
}

export interface McpToolView {
  server: string;
  name: string;
  title: string | null;
  description: string;
  /** JSON Schema of its arguments. */
  inputSchema: Record<string, unknown>;
  /** The server says of itself that the tool changes nothing. */
  readOnly: boolean;
  /** The server says that it may destroy something; null when it does not say. */
  destructive: boolean | null;
}

export interface McpCallView {
  /** The tool says that it failed. */
  isError: boolean;
  /** What is not text is described in brackets. */
  text: string;
  /** It was longer and is cut. */
  cut: boolean;
  tookMs: number;
}

export interface McpImportView {
  added: string[];
  changed: string[];
  /** What could not be taken over, and why. */
  skipped: { name: string; reason: string }[];
}
