/** A server of tools while it is being edited. Pure. */
import type { McpServerDraft, McpServerView } from '../../../src/contracts/mcp.ts';

/** A variable or header. The server never tells a stored value, so an untouched one is kept by name. */
export interface Secret {
  name: string;
  value: string;
  /** A value is stored, and stays unless another is typed. */
  stored: boolean;
}

export interface ServerDraft {
  name: string;
  kind: 'stdio' | 'http';
  command: string;
  /** One argument a line. */
  args: string;
  cwd: string;
  env: readonly Secret[];
  url: string;
  headers: readonly Secret[];
  autoStart: boolean;
  disabled: boolean;
  /** Seconds; empty is the usual time. */
  timeout: string;
}

const stored = (names: readonly string[]): readonly Secret[] =>
  names.map((name) => ({ name, value: '', stored: true }));

export const draftOf = (server: McpServerView | null): ServerDraft => ({
  name: server?.name ?? '',
  kind: server?.transport ?? 'stdio',
  command: server?.command ?? '',
  args: (server?.args ?? []).join('\n'),
  cwd: server?.cwd ?? '',
  env: stored(server?.env ?? []),
  url: server?.url ?? '',
  headers: stored(server?.headers ?? []),
  autoStart: server?.autoStart ?? false,
  disabled: server?.disabled ?? false,
  timeout: server?.timeout == null ? '' : String(server.timeout),
});

/** What is wrong with it, or null. The server checks the rest. */
export const faultOf = (draft: ServerDraft): string | null => {
  if (draft.name.trim() === '') return 'It needs a name';
  if (draft.kind === 'stdio' && draft.command.trim() === '') return 'It needs a command';
  if (draft.kind === 'http' && !/^https?:\/\/\S+$/.test(draft.url.trim()))
    return 'Its address begins with http:// or https://';
  const seconds = Number(draft.timeout);
  if (draft.timeout.trim() !== '' && !(seconds >= 1 && seconds <= 3600)) return 'A call takes from 1 to 3600 seconds';
  return null;
};

const secrets = (all: readonly Secret[]): Record<string, string | null> =>
  Object.fromEntries(
    all.flatMap(({ name, value, stored: kept }) =>
      name.trim() === '' ? [] : [[name.trim(), kept && value === '' ? null : value] as const],
    ),
  );

/** What is sent; `before` keeps what the form does not show. */
export const serverOf = (draft: ServerDraft, before: McpServerView | null): McpServerDraft => {
  const shared = {
    ...(draft.autoStart ? { autoStart: true } : {}),
    ...(draft.disabled ? { disabled: true } : {}),
    ...(draft.timeout.trim() === '' ? {} : { timeout: Number(draft.timeout) }),
  };
  if (draft.kind === 'stdio')
    return {
      command: draft.command.trim(),
      args: draft.args === '' ? [] : draft.args.split('\n'),
      env: secrets(draft.env),
      ...(draft.cwd.trim() === '' ? {} : { cwd: draft.cwd.trim() }),
      ...shared,
    };
  const type = before?.transport === 'http' && before.type === 'sse' ? { type: 'sse' as const } : {};
  return { ...type, url: draft.url.trim(), headers: secrets(draft.headers), ...shared };
};
