/**
 * The configured servers of the Model Context Protocol: definitions in a document, an actor for each. A definition is on disk before
 * it is acknowledged; a server that is needed and does not run is started.
 */
import { mkdir } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { createActor } from 'xstate';
import type { ActorRefFrom, SnapshotFrom } from 'xstate';
import { mcpServerMachine } from '../../../machines/mcp-server.machine.ts';
import type { McpServerLimits } from '../../../machines/mcp-server.machine.ts';
import { mcpServersMachine } from '../../../machines/mcp-servers.machine.ts';
import type { McpServerRef } from '../../../machines/mcp-servers.machine.ts';
import type { RestartPolicy } from '../../../machines/restart-policy.ts';
import type { By, McpService } from '../../commands/services.ts';
import { CodedError } from '../../contracts/errors.ts';
import { MCP_LIMITS } from '../../contracts/mcp.ts';
import type { McpServerRecord, McpServersDocument, McpServerView, McpToolView } from '../../contracts/mcp.ts';
import { nearestNames } from '../../contracts/nearest.ts';
import type { LogLevel } from '../../contracts/views.ts';
import type { Guardian } from '../../io/guardian.ts';
import type { McpSession } from '../../io/mcp-servers/client-session.ts';
import { mcpConnection, watchHealth } from '../../io/mcp-servers/connection.ts';
import { completeDraft } from '../../io/mcp-servers/secrets.ts';
import type { PidRecords } from '../../io/processes/pid-records.ts';
import type { Document } from '../../io/store/document.ts';
import type { ChangeHub } from '../changes.ts';
import { readServers } from './import-servers.ts';
import { mcpServerView } from './mcp-view.ts';
import type { Remembered } from './mcp-view.ts';

export interface McpServersOptions {
  store: Pick<Document<McpServersDocument>, 'get' | 'update' | 'close'>;
  /** Where servers run that name no folder. */
  folder: string;
  env: NodeJS.ProcessEnv;
  version: string;
  policy: RestartPolicy;
  limits?: McpServerLimits;
  health?: { pollMs: number; patienceMs: number };
  pids: PidRecords;
  guardian: Guardian;
  hub: Pick<ChangeHub, 'publish'>;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}

export interface McpServers {
  service: McpService;
  /** For the inspector. */
  root: ActorRefFrom<typeof mcpServersMachine>;
  /** Starts those that are started with the server. */
  begin(): Promise<void>;
  /** Stops all of them; resolves when nothing of them runs. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

type Snapshot = SnapshotFrom<typeof mcpServerMachine>;

export const MCP_SERVER_LIMITS: McpServerLimits = { startMs: 60_000, leaveMs: 1000, stopMs: 4000, killMs: 8000 };
const HEALTH = { pollMs: 30_000, patienceMs: 15_000 };
const CALL_SECONDS = 60;
const SETTLED: ReadonlySet<Snapshot['value']> = new Set(['stopped', 'ready', 'backoff', 'failed']);

export const createMcpServers = (options: McpServersOptions): McpServers => {
  const { store, hub, log, now } = options;
  const limits = options.limits ?? MCP_SERVER_LIMITS;
  const sessions = new Map<string, McpSession>();
  const tools = new Map<string, McpToolView[]>();
  const remembered = new Map<string, Remembered>();
  let told: McpServerView[] = [];
  let stopping = false;

  const records = (): Readonly<Record<string, McpServerRecord>> => store.get().mcpServers;
  const definition = (name: string): Readonly<McpServerRecord> | undefined =>
    Object.hasOwn(records(), name) ? records()[name] : undefined;

  const deps = {
    ...options,
    definition,
    startMs: limits.startMs,
    health: options.health ?? HEALTH,
    sessionOf: (name: string) => sessions.get(name),
    session(name: string, session: McpSession | null) {
      if (session === null) {
        sessions.delete(name);
        return;
      }
      sessions.set(name, session);
      tools.set(name, session.tools);
      const { title, version } = session;
      remembered.set(name, { title, version, tools: session.tools.length });
    },
  };
  const root = createActor(
    mcpServersMachine.provide({
      actors: {
        server: mcpServerMachine.provide({
          actors: { connection: mcpConnection(deps), watchHealth: watchHealth(deps) },
        }),
      },
    }),
    { input: { policy: options.policy, limits } },
  );
  root.subscribe({ error: (error) => log('error', 'server', `The servers of tools failed inside: ${String(error)}`) });
  root.start();

  const refOf = (name: string): McpServerRef => {
    const known = root.getSnapshot().context.servers[name];
    if (known !== undefined) return known;
    root.send({ type: 'server.defined', name });
    const fresh = root.getSnapshot().context.servers[name];
    if (fresh === undefined) throw new Error(`There is no actor for the server ${name}.`);
    watch(name, fresh);
    return fresh;
  };
  const view = (name: string): McpServerView =>
    mcpServerView(name, need(name), refOf(name).getSnapshot(), remembered.get(name));
  const list = (): McpServerView[] =>
    Object.keys(records())
      .toSorted((a, b) => a.localeCompare(b))
      .map(view);

  const need = (name: string): Readonly<McpServerRecord> => {
    const found = definition(name);
    if (found !== undefined) return found;
    const [nearest] = nearestNames(name, Object.keys(records()), 1);
    const hint = nearest === undefined ? '; `llamactor mcp-servers add` makes one.' : `. Nearest: ${nearest}.`;
    throw new CodedError('NOT_FOUND', `There is no MCP server ${name.slice(0, 64)}${hint}`);
  };

  /** Told once per step, and only if it looks different. */
  const tell = (by: By | null): void => {
    const servers = list();
    if (isDeepStrictEqual(servers, told)) return;
    told = servers;
    hub.publish({ kind: 'mcp', servers, by });
  };

  const watch = (name: string, ref: McpServerRef): void => {
    let last: Snapshot['value'] = 'stopped';
    ref.subscribe({
      next: ({ value, context }) => {
        if (value !== last) noteState(name, value, context);
        last = value;
        // In the middle of a step the document may still lack what this server is.
        if (definition(name) !== undefined) tell(context.by);
      },
      error: (error) => log('error', `mcp:${name}`, `It failed inside: ${String(error)}`),
    });
  };
  const noteState = (
    name: string,
    value: Snapshot['value'],
    { failure, retryDelayMs, tools: count }: Snapshot['context'],
  ): void => {
    const source = `mcp:${name}`;
    if (value === 'ready') log('info', source, `Ready, with ${count ?? 0} ${count === 1 ? 'tool' : 'tools'}.`);
    else if (value === 'backoff')
      log(
        'warn',
        source,
        `${failure?.message ?? ''} It is started again in ${Math.round((retryDelayMs ?? 0) / 1000)} s.`,
      );
    else if (value === 'failed') log('error', source, `Given up: ${failure?.message ?? ''}`);
    else if (value === 'stopped') log('info', source, 'Stopped.');
  };

  const failureOf = (name: string, { context: { failure, retryAt } }: Snapshot): CodedError => {
    const retryAfter = retryAt === null ? {} : { retryAfter: Math.max(1, Math.ceil((retryAt - now()) / 1000)) };
    return new CodedError(
      'UPSTREAM_FAILED',
      `The MCP server ${name} failed: ${failure?.message ?? 'no cause is known.'}`,
      retryAfter,
    );
  };
  /** Resolves with the first settled state that `until` accepts, at once if it is there. */
  const settled = (name: string, ms: number, signal?: AbortSignal): Promise<Snapshot> => {
    const ref = refOf(name);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        subscription?.unsubscribe();
      };
      const aborted = (): void => {
        end();
        reject(signal?.reason instanceof Error ? signal.reason : new Error('Nobody wants it any more.'));
      };
      const look = (snapshot: Snapshot): void => {
        if (!SETTLED.has(snapshot.value)) return;
        end();
        resolve(snapshot);
      };
      const timer = setTimeout(() => {
        end();
        reject(new CodedError('TIMEOUT', `The MCP server ${name} takes its time; look at its state.`));
      }, ms);
      let subscription: { unsubscribe(): void } | null = null;
      if (signal?.aborted === true) {
        aborted();
        return;
      }
      signal?.addEventListener('abort', aborted, { once: true });
      subscription = ref.subscribe({ next: look, error: () => undefined });
      look(ref.getSnapshot());
    });
  };
  const START_MS = limits.startMs + limits.killMs + 5000;

  const refuseStart = (name: string): void => {
    if (stopping) throw new CodedError('INVALID_STATE', 'The server is stopping; try again when it runs.');
    if (need(name).disabled === true)
      throw new CodedError('INVALID_STATE', `The MCP server ${name} is switched off; switch it on first.`);
  };
  const begun = async (name: string, signal?: AbortSignal): Promise<McpServerView> => {
    const snapshot = await settled(name, START_MS, signal);
    if (snapshot.value === 'ready') return view(name);
    if (snapshot.value === 'stopped')
      throw new CodedError('INVALID_STATE', `The MCP server ${name} was stopped before it had started.`);
    throw failureOf(name, snapshot);
  };
  const stopped = async (name: string): Promise<void> => {
    const snapshot = await settled(name, limits.killMs + 5000);
    if (snapshot.value === 'failed') throw failureOf(name, snapshot);
  };
  /** What runs takes over a changed definition. */
  const takeOver = (name: string, by: By): void => {
    const { value } = refOf(name).getSnapshot();
    if (value === 'stopped') return;
    if (definition(name)?.disabled === true) refOf(name).send({ type: 'mcp.stop', by });
    else if (value !== 'stopping') refOf(name).send({ type: 'mcp.restart', by });
  };

  const service: McpService = {
    list,
    async save(name, draft, by) {
      await store.update((document) => {
        const stored = Object.hasOwn(document.mcpServers, name) ? document.mcpServers[name] : undefined;
        if (stored === undefined && Object.keys(document.mcpServers).length >= MCP_LIMITS.servers)
          throw new CodedError('QUEUE_FULL', `There are ${MCP_LIMITS.servers} MCP servers already; remove some.`);
        document.mcpServers[name] = completeDraft(draft, stored);
      });
      takeOver(name, by);
      tell(by);
      return view(name);
    },
    async remove(name, by) {
      need(name);
      refOf(name).send({ type: 'mcp.stop', by });
      await stopped(name);
      await store.update((document) => {
        document.mcpServers = Object.fromEntries(Object.entries(document.mcpServers).filter(([each]) => each !== name));
      });
      root.send({ type: 'server.removed', name });
      for (const map of [tools, remembered, sessions]) map.delete(name);
      tell(by);
    },
    async import({ json, replace }, by) {
      const { servers, skipped } = readServers(json);
      const added: string[] = [];
      const changed: string[] = [];
      const kept: string[] = [];
      await store.update((document) => {
        for (const [name, record] of servers) {
          const before = Object.hasOwn(document.mcpServers, name) ? document.mcpServers[name] : undefined;
          if (before !== undefined && !replace) kept.push(name);
          else if (before === undefined) added.push(name);
          else if (!isDeepStrictEqual(before, record)) changed.push(name);
          if (before === undefined || replace) document.mcpServers[name] = record;
        }
        if (Object.keys(document.mcpServers).length > MCP_LIMITS.servers)
          throw new CodedError('QUEUE_FULL', `There may be ${MCP_LIMITS.servers} MCP servers; import fewer.`);
      });
      for (const name of changed) takeOver(name, by);
      tell(by);
      const reason = 'there is one of that name already; import with `replace` to change it.';
      return { added, changed, skipped: [...skipped, ...kept.map((name) => ({ name, reason }))] };
    },
    async start(name, by) {
      refuseStart(name);
      refOf(name).send({ type: 'mcp.start', by });
      return begun(name);
    },
    async stop(name, by) {
      need(name);
      refOf(name).send({ type: 'mcp.stop', by });
      await stopped(name);
      return view(name);
    },
    async restart(name, by) {
      refuseStart(name);
      refOf(name).send({ type: 'mcp.restart', by });
      return begun(name);
    },
    tools(name) {
      if (name !== undefined) need(name);
      const names = name === undefined ? Object.keys(records()).toSorted((a, b) => a.localeCompare(b)) : [name];
      return names.flatMap((each) => tools.get(each) ?? []);
    },
    async call({ server, tool, arguments: args }, by, signal = new AbortController().signal) {
      refuseStart(server);
      const state = refOf(server).getSnapshot().value;
      // One that has failed waits for its pause, or for a person.
      if (state === 'stopped' || state === 'stopping') refOf(server).send({ type: 'mcp.start', by });
      await begun(server, signal);
      const session = sessions.get(server);
      if (session === undefined) throw new CodedError('UPSTREAM_FAILED', `The MCP server ${server} has just ended.`);
      if (session.tools.every(({ name }) => name !== tool)) {
        const near = nearestNames(
          tool,
          session.tools.map(({ name }) => name),
          3,
        );
        const hint = near.length === 0 ? 'It has no tools.' : `Nearest: ${near.join(', ')}.`;
        throw new CodedError('NOT_FOUND', `The MCP server ${server} has no tool ${tool.slice(0, 64)}. ${hint}`);
      }
      const began = now();
      const timeoutMs = (need(server).timeout ?? CALL_SECONDS) * 1000;
      const { isError, text } = await session.call(tool, args, { signal, timeoutMs });
      const cut = text.length > MCP_LIMITS.resultCharacters;
      return { isError, text: cut ? text.slice(0, MCP_LIMITS.resultCharacters) : text, cut, tookMs: now() - began };
    },
  };

  return {
    service,
    root,
    async begin() {
      await mkdir(options.folder, { recursive: true, mode: 0o700 });
      for (const [name, { autoStart, disabled }] of Object.entries(records()))
        if (autoStart === true && disabled !== true) refOf(name).send({ type: 'mcp.start', by: 'server' });
    },
    async drain() {
      stopping = true;
      const names = Object.keys(root.getSnapshot().context.servers);
      for (const name of names) refOf(name).send({ type: 'mcp.stop', by: 'server' });
      await Promise.allSettled(names.map((name) => settled(name, limits.killMs + 5000)));
    },
    async close() {
      root.stop();
      await store.close();
    },
  };
};
