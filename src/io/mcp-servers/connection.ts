/** The ports of `mcp-server.machine.ts`: start or call the server, greet it, watch it, and end it. */
import { fromCallback } from 'xstate';
import type { EventObject } from 'xstate';
import { verdict } from '../../../machines/process.ts';
import type { Failure, FailureCode } from '../../../machines/process.ts';
import type { McpConnectionCommand, McpConnectionFact } from '../../../machines/mcp-server.machine.ts';
import type { McpServerRecord, McpToolView } from '../../contracts/mcp.ts';
import type { LogLevel } from '../../contracts/views.ts';
import { childEnvironment } from '../engine/child-environment.ts';
import type { Guardian } from '../guardian.ts';
import type { PidRecords } from '../processes/pid-records.ts';
import type { McpSession } from './client-session.ts';
import { maskOf, resolved } from './secrets.ts';
import type { ServerExit, ServerProcess } from './server-process.ts';

export interface McpConnectionDeps {
  /** Undefined for one that is not defined any more. */
  definition(name: string): Readonly<McpServerRecord> | undefined;
  /** What there is to call now; null when it has ended. */
  session(name: string, session: McpSession | null): void;
  sessionOf(name: string): McpSession | undefined;
  /** Where servers run that name no folder. */
  folder: string;
  /** Llamactor's own, of which servers get only what they name. */
  env: NodeJS.ProcessEnv;
  version: string;
  startMs: number;
  health: { pollMs: number; patienceMs: number };
  pids: PidRecords;
  guardian: Guardian;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const asSentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Why a process ended: its own last line says more than a number. */
const causeOf = (
  { exitCode, signal, problem, started, lines }: ServerExit,
  mask: (text: string) => string,
  at: number,
): Failure => {
  const code: FailureCode = started
    ? signal === 'SIGKILL' && problem === null
      ? 'KILLED'
      : 'CRASHED'
    : 'SPAWN_FAILED';
  const how = signal === null ? `exit code ${exitCode ?? 'unknown'}` : `the signal ${signal}`;
  const last = lines.at(-1);
  const words = problem ?? `It ended with ${how}${last === undefined ? '' : `: ${last.slice(0, 300)}`}`;
  return { ...verdict(code, asSentence(mask(words))), stderr: lines.map(mask), exitCode, signal, at };
};

const typeOf = (type: string | undefined): 'http' | 'sse' | null =>
  type === undefined ? null : type === 'sse' ? 'sse' : 'http';

export const mcpConnection = (deps: McpConnectionDeps) =>
  fromCallback<McpConnectionCommand, { name: string }>(({ input: { name }, sendBack, receive }) => {
    const source = `mcp:${name}`;
    const leaving = new AbortController();
    const isLeaving = (): boolean => leaving.signal.aborted;
    let mask = maskOf([]);
    let child: ServerProcess | null = null;
    let session: McpSession | null = null;
    let ended = false;

    const tell = (fact: McpConnectionFact): void => sendBack(fact);
    const end = (failure: Failure): void => {
      if (ended) return;
      ended = true;
      deps.session(name, null);
      tell({ type: 'connection.ended', failure, at: deps.now() });
    };
    const endWith = (code: FailureCode, message: string): void => {
      const at = deps.now();
      end({ ...verdict(code, asSentence(mask(message))), at });
    };
    const greetings = {
      name,
      version: deps.version,
      timeoutMs: deps.startMs,
      onTools(tools: McpToolView[]): void {
        if (ended || session === null) return;
        session.tools = tools;
        deps.session(name, session);
        deps.log('info', source, `Its tools have changed; there are ${tools.length} now.`);
        tell({ type: 'tools.changed', tools: tools.length });
      },
      onProblem: (message: string): void => deps.log('warn', source, mask(message)),
    };
    const isReady = (greeted: McpSession): void => {
      if (ended || isLeaving()) {
        void greeted.close().catch(() => undefined);
        return;
      }
      session = greeted;
      deps.session(name, greeted);
      tell({ type: 'connection.ready', tools: greeted.tools.length, at: deps.now() });
    };

    const startProcess = async (record: Extract<McpServerRecord, { command: string }>): Promise<void> => {
      const named = resolved(record.env ?? {}, deps.env);
      mask = maskOf(Object.values(named));
      const [{ startServerProcess }, { greet }] = await Promise.all([
        import('./server-process.ts'),
        import('./client-session.ts'),
      ]);
      if (isLeaving()) return endWith('CRASHED', 'The start was called off.');
      let problem: string | null = null;
      child = startServerProcess(
        {
          name,
          command: record.command,
          args: record.args ?? [],
          cwd: record.cwd ?? deps.folder,
          env: { ...childEnvironment(deps.env), ...named },
        },
        {
          pids: deps.pids,
          guardian: deps.guardian,
          onLine: (line, isNoise) => deps.log(isNoise ? 'warn' : 'info', source, mask(line)),
          onSpawned: (pid) => tell({ type: 'connection.spawned', pid, at: deps.now() }),
          onEnded: (exit) => end(causeOf({ ...exit, problem: exit.problem ?? problem }, mask, deps.now())),
        },
      );
      const { transport } = child;
      try {
        isReady(await greet(transport, greetings));
      } catch (error) {
        // What has ended says so itself; what answers nonsense has to be ended.
        if (ended || isLeaving()) return;
        problem = `It could not be greeted: ${messageOf(error)}`;
        child.signal('SIGTERM');
      }
    };

    const call = async (record: Extract<McpServerRecord, { url: string }>): Promise<void> => {
      const headers = resolved(record.headers ?? {}, deps.env);
      mask = maskOf(Object.values(headers));
      const { greetAddress, UnusableAddress } = await import('./client-session.ts');
      const address = { url: record.url, type: typeOf(record.type), headers };
      try {
        isReady(await greetAddress(address, { ...greetings, signal: leaving.signal }));
      } catch (error) {
        const permanent = error instanceof UnusableAddress && error.permanent;
        endWith(permanent ? 'BAD_ARGUMENT' : 'CRASHED', messageOf(error));
      }
    };

    const start = async (): Promise<void> => {
      const record = deps.definition(name);
      if (record === undefined) return endWith('FILE_MISSING', 'It is not defined any more.');
      await ('command' in record ? startProcess(record) : call(record));
    };

    const close = async (): Promise<void> => {
      leaving.abort(new Error('The server is being stopped.'));
      if (child !== null) {
        child.endInput();
        return;
      }
      const open = session;
      if (open !== null) await open.close().catch(() => undefined);
      if (open !== null) endWith('CRASHED', 'The connection was closed.');
    };
    receive((command) => {
      if (command.type === 'connection.close') void close();
      else if (child !== null) child.signal(command.type === 'connection.kill' ? 'SIGKILL' : 'SIGTERM');
      // An address that does not answer is simply left.
      else if (command.type === 'connection.terminate') endWith('CRASHED', 'The connection was given up.');
    });

    start().catch((error: unknown) => endWith('SPAWN_FAILED', messageOf(error)));
    return () => {
      ended = true;
      deps.session(name, null);
      leaving.abort(new Error('The server has ended.'));
      child?.signal('SIGKILL');
      if (child === null) void session?.close().catch(() => undefined);
    };
  });

/** Pings a server that is not being called; one that does not answer is told once. */
export const watchHealth = (deps: McpConnectionDeps) =>
  fromCallback<EventObject, { name: string }>(({ input: { name }, sendBack }) => {
    const { pollMs, patienceMs } = deps.health;
    let timer: NodeJS.Timeout | null = null;
    let over = false;
    const look = async (): Promise<void> => {
      const session = deps.sessionOf(name);
      try {
        // A server that does one thing at a time does not answer meanwhile; the call has a deadline of its own.
        if (session !== undefined && session.busy === 0) await session.ping(patienceMs);
      } catch (error) {
        if (over || session?.busy !== 0) return plan();
        const message = `It does not answer any more: ${asSentence(messageOf(error))}`;
        sendBack({
          type: 'server.silent',
          failure: { ...verdict('STALLED', message), at: deps.now() },
        } satisfies McpConnectionFact);
        return;
      }
      plan();
    };
    const plan = (): void => {
      if (!over) timer = setTimeout(() => void look(), pollMs).unref();
    };
    plan();
    return () => {
      over = true;
      if (timer !== null) clearTimeout(timer);
    };
  });
