/** What of a server's definition may be shown, and what is taken out of the words that it writes. Pure. */
import type { McpServerDraft, McpServerRecord } from '../../contracts/mcp.ts';
import { CodedError } from '../../contracts/errors.ts';
import { redact } from '../logs/redact.ts';

const HIDDEN = '[hidden]';
/** An option whose value is its own argument. */
const SECRET_OPTION = /^--?(?:[\w-]*(?:key|token|secret|password|passwd|auth|credential)[\w-]*)$/i;
const SECRET_PAIR = /^(--?[\w-]*(?:key|token|secret|password|passwd|auth|credential)[\w-]*=|[A-Z][A-Z0-9_]*=).+$/is;

/** Arguments without what looks like a secret. */
export const shownArgs = (args: readonly string[]): string[] =>
  args.map((arg, index) => {
    if (SECRET_OPTION.test(args[index - 1] ?? '') && !arg.startsWith('-')) return HIDDEN;
    const pair = SECRET_PAIR.exec(arg);
    return pair === null ? redact(arg) : `${pair[1] ?? ''}${HIDDEN}`;
  });

/** An address without password and without the values of its query. */
export const shownUrl = (url: string): string => {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = 'hidden';
  for (const name of shown.searchParams.keys()) shown.searchParams.set(name, 'hidden');
  return shown.href;
};

const kept = (
  what: string,
  draft: Record<string, string | null> | undefined,
  stored: Readonly<Record<string, string>> | undefined,
): Record<string, string> | undefined => {
  if (draft === undefined) return undefined;
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(draft)) {
    const found = value ?? (stored !== undefined && Object.hasOwn(stored, name) ? stored[name] : undefined);
    if (found === undefined)
      throw new CodedError('INVALID_PAYLOAD', `No value is stored for ${what}.${name}; give one.`);
    values[name] = found;
  }
  return values;
};

/** A draft with what was hidden put back from the stored definition. Throws INVALID_PAYLOAD when there is nothing to keep. */
export const completeDraft = (
  draft: McpServerDraft,
  stored: Readonly<McpServerRecord> | undefined,
): McpServerRecord => {
  if ('command' in draft) {
    const before = stored !== undefined && 'command' in stored ? stored : undefined;
    const { env, args, ...rest } = draft;
    const values = kept('env', env, before?.env);
    const shown = shownArgs(before?.args ?? []);
    const given = args?.map((arg, index) => (arg === shown[index] ? (before?.args?.[index] ?? arg) : arg));
    return {
      ...rest,
      ...(given === undefined ? {} : { args: given }),
      ...(values === undefined ? {} : { env: values }),
    };
  }
  const before = stored !== undefined && 'url' in stored ? stored : undefined;
  const { headers, url, ...rest } = draft;
  const values = kept('headers', headers, before?.headers);
  return {
    ...rest,
    url: before !== undefined && url === shownUrl(before.url) ? before.url : url,
    ...(values === undefined ? {} : { headers: values }),
  };
};

/** Shorter values stand in too many words that are no secret. */
const SHORTEST = 6;

/** Takes the values of a server's definition out of what it writes, and what looks like a secret besides. */
export const maskOf = (values: readonly string[]): ((text: string) => string) => {
  const secrets = values.filter((value) => value.length >= SHORTEST).toSorted((a, b) => b.length - a.length);
  return (text) => redact(secrets.reduce((masked, secret) => masked.replaceAll(secret, HIDDEN), text));
};

/** `${NAME}` in the values becomes that variable. Throws INVALID_PAYLOAD for one that is not set. */
export const resolved = (values: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, wanted: string) => {
        const found = env[wanted];
        if (found === undefined)
          throw new CodedError(
            'INVALID_PAYLOAD',
            `${name} needs the variable ${wanted}, which Llamactor was not started with.`,
          );
        return found;
      }),
    ]),
  );
