/** Reads the servers out of a file as other assistants keep it. Pure. */
import { CodedError } from '../../contracts/errors.ts';
import { McpServerRecord, mcpServerName } from '../../contracts/mcp.ts';

export interface ReadServers {
  servers: [name: string, record: McpServerRecord][];
  skipped: { name: string; reason: string }[];
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is taken over; every assistant has fields of its own besides. */
const STDIO = ['type', 'command', 'args', 'env', 'cwd', 'disabled', 'autoStart', 'timeout'] as const;
const HTTP = ['type', 'url', 'headers', 'disabled', 'autoStart', 'timeout'] as const;
/** Other names of the same. */
const ALIASES: readonly [ours: string, theirs: string][] = [
  ['url', 'serverUrl'],
  ['url', 'httpUrl'],
];

const recordOf = (given: Fields): unknown => {
  const all: Record<string, unknown> = { ...given };
  for (const [ours, theirs] of ALIASES) all[ours] ??= all[theirs];
  if (typeof all['enabled'] === 'boolean') all['disabled'] ??= !all['enabled'];
  const names: readonly string[] = typeof all['command'] === 'string' ? STDIO : HTTP;
  return Object.fromEntries(names.flatMap((name) => (all[name] == null ? [] : [[name, all[name]] as const])));
};

const complaint = (given: Fields, issues: readonly { path: PropertyKey[]; message: string }[]): string => {
  if (given['command'] === undefined && given['url'] === undefined)
    return 'it names neither a command nor an address (url).';
  const [issue] = issues;
  return issue === undefined ? 'it cannot be understood.' : `${issue.path.join('.')} ${issue.message}.`;
};

/** Throws INVALID_PAYLOAD for what is no such file. */
export const readServers = (json: string): ReadServers => {
  let file: unknown;
  try {
    file = JSON.parse(json);
  } catch (error) {
    throw new CodedError(
      'INVALID_PAYLOAD',
      `This is no JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const given = isFields(file) ? (file['mcpServers'] ?? file['servers']) : undefined;
  if (!isFields(given))
    throw new CodedError(
      'INVALID_PAYLOAD',
      'There is no "mcpServers" in it; give a file as other assistants keep it: {"mcpServers": {"name": {"command": …}}}.',
    );
  const read: ReadServers = { servers: [], skipped: [] };
  for (const [name, fields] of Object.entries(given)) {
    const named = mcpServerName.safeParse(name);
    if (!isFields(fields)) {
      read.skipped.push({ name, reason: 'it is no object.' });
      continue;
    }
    const record = recordOf(fields);
    const parsed = McpServerRecord.safeParse(record);
    if (!named.success)
      read.skipped.push({ name, reason: `its name ${named.error.issues[0]?.message ?? 'is unusable'}.` });
    else if (parsed.success) read.servers.push([named.data, parsed.data]);
    else {
      const issues = parsed.error.issues.flatMap((issue) =>
        issue.code === 'invalid_union' ? (issue.errors[typeof fields['command'] === 'string' ? 0 : 1] ?? []) : [issue],
      );
      read.skipped.push({ name, reason: complaint(fields, issues) });
    }
  }
  return read;
};
