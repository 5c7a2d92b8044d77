/** The router process as an actor: forks it, hands it the route table, and reports when it listens and when it has left. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fromCallback } from 'xstate';
import type { Failure, ProcessCommand, ProcessFact } from '../../machines/process.ts';
import type { Route, RouterSettings, ToRouter } from '../contracts/ipc.ts';
import type { LogLevel } from '../contracts/views.ts';
import type { Guardian } from './guardian.ts';
import { STDERR_LINES } from './llama/cause.ts';
import { lineSplitter } from './llama/child-protocol.ts';
import type { PidRecords } from './processes/pid-records.ts';
import { killGroup } from './processes/process-group.ts';
import type { RouterLink } from './router-link.ts';

export interface RouterProcessDeps {
  /** The built data plane. */
  script: string;
  link: RouterLink;
  settings(): RouterSettings;
  routes(): Route[];
  /** The valid keys; the router hears them before it opens its port. */
  keys(): Extract<ToRouter, { type: 'keys' }>;
  /** Called with the real address once it listens, and with null when it has left. */
  listening(address: { host: string; port: number } | null): void;
  log(level: LogLevel, source: string, message: string): void;
  pids: PidRecords;
  guardian: Guardian;
  /** How long requests in flight may go on when the router is asked to stop, ms. */
  graceMs(): number;
  now(): number;
}

export const routerProcess = (deps: RouterProcessDeps) =>
  fromCallback<ProcessCommand>(({ sendBack, receive }) => {
    const tell = (fact: ProcessFact): void => sendBack(fact);
    const lines: string[] = [];
    let refusal: { code: string; message: string } | null = null;
    let ended = false;
    const child = start(deps);

    const onLine = (line: string): void => {
      if (line.trim() === '') return;
      lines.push(line);
      if (lines.length > STDERR_LINES) lines.shift();
      deps.log('warn', 'router', line);
    };
    for (const stream of [child.stdout, child.stderr]) {
      const splitter = lineSplitter(onLine);
      stream?.on('data', (chunk: Buffer) => splitter.push(chunk));
      stream?.on('end', () => splitter.end());
    }

    const off = deps.link.onMessage((message) => {
      if (message.type === 'listening') {
        deps.listening({ host: message.host, port: message.port });
        tell({ type: 'process.ready', at: deps.now(), info: { contextSize: null, slots: null, memory: null } });
      } else if (message.type === 'listen.failed') {
        refusal = { code: message.code, message: message.message };
      }
    });

    const finish = (exitCode: number | null, signal: string | null, error?: Error): void => {
      if (ended) return;
      ended = true;
      off();
      deps.link.detached();
      deps.listening(null);
      const at = deps.now();
      tell({ type: 'process.exited', at, failure: failureOf({ exitCode, signal, error, refusal, lines, at }) });
    };

    child.on('spawn', () => {
      const pid = child.pid as number;
      deps.guardian.add(pid);
      deps.pids
        .add({ pid, command: [process.execPath, deps.script], owner: 'router' })
        .catch((error: unknown) =>
          deps.log('warn', 'server', `The process record of the router was not written: ${String(error)}`),
        );
      tell({ type: 'process.spawned', pid, at: deps.now() });
      deps.link.attach(child);
      deps.link.send(deps.keys());
      deps.link.send({ type: 'start', settings: deps.settings(), routes: deps.routes() });
    });
    child.on('error', (error) => {
      if (child.pid === undefined) finish(null, null, error);
    });
    child.on('exit', (exitCode, signal) => {
      const pid = child.pid as number;
      deps.guardian.remove(pid);
      void deps.pids.remove(pid).catch(() => undefined);
      finish(exitCode, signal);
    });

    receive((command) => {
      if (child.pid === undefined) return;
      if (command.type === 'process.kill') killGroup(child.pid, 'SIGKILL');
      else if (command.signal === 'SIGKILL') killGroup(child.pid, 'SIGKILL');
      // The router ignores the signals that a terminal sends to everyone; told over its channel, it drains.
      else deps.link.send({ type: 'shutdown', deadlineMs: deps.graceMs() });
    });

    return () => {
      off();
      if (!ended && child.pid !== undefined) killGroup(child.pid, 'SIGKILL');
      ended = true;
    };
  });

/** Its own process group: a Ctrl-C in the terminal reaches only the supervisor, which drains it in order. */
const start = (deps: RouterProcessDeps): ChildProcess =>
  fork(deps.script, [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    detached: process.platform !== 'win32',
    execArgv: ['--min-semi-space-size=16', '--max-semi-space-size=16'],
  });

const failureOf = (exit: {
  exitCode: number | null;
  signal: string | null;
  error: Error | undefined;
  refusal: { code: string; message: string } | null;
  lines: readonly string[];
  at: number;
}): Failure => {
  const base = { stderr: [...exit.lines], exitCode: exit.exitCode, signal: exit.signal, at: exit.at };
  if (exit.refusal !== null) {
    return {
      ...base,
      code: exit.refusal.code === 'EADDRINUSE' ? 'PORT_IN_USE' : 'SPAWN_FAILED',
      message: exit.refusal.message,
    };
  }
  if (exit.error !== undefined)
    return { ...base, code: 'SPAWN_FAILED', message: `The router cannot be started: ${exit.error.message}` };
  const how = exit.signal ?? `exit code ${exit.exitCode ?? 'unknown'}`;
  return {
    ...base,
    code: exit.signal === 'SIGKILL' ? 'KILLED' : 'CRASHED',
    message: `The router process ended (${how}).`,
  };
};
