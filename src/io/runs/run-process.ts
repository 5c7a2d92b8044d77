/**
 * A run's process as an actor: starts the command in a process group of its own, puts the prompt on its stdin, hands its output
 * on as whole characters, and ends the group. Output never becomes an event of the machine.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { fromCallback } from 'xstate';
import type { RunFact, RunProcessCommand } from '../../../machines/run.machine.ts';
import type { Guardian } from '../guardian.ts';
import type { PidRecords } from '../processes/pid-records.ts';
import { endMarked } from '../processes/marked-processes.ts';
import { killGroup } from '../processes/process-group.ts';

export type RunStream = 'stdout' | 'stderr';

/** What it takes to start one run. Nothing in it ever passes through a shell. */
export interface RunSpec {
  command: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Written to stdin, which is then closed. */
  input: string;
}

export interface RunProcessDeps {
  /** Refuses with a sentence when this run cannot be started. */
  spec(id: string): Promise<RunSpec>;
  /** Whole characters, in the order in which they came. */
  output(id: string, stream: RunStream, text: string): void;
  pids: PidRecords;
  guardian: Guardian;
  now(): number;
}

/** Stands in the environment of everything that a run starts, so that also what leaves its process group is found. */
export const RUN_MARK = 'LLAMACTOR_RUN_ID';

/** How long the last output may take to arrive after the process has left, ms: a grandchild may hold the pipes open. */
const LAST_WORDS_MS = 200;

export const runProcess = (deps: RunProcessDeps) =>
  fromCallback<RunProcessCommand, { id: string }>(({ input: { id }, sendBack, receive }) => {
    let child: ChildProcessWithoutNullStreams | null = null;
    let ended = false;
    let called = false;

    const finish = (exitCode: number | null, signal: string | null, problem: string | null): void => {
      if (ended) return;
      ended = true;
      sendBack({ type: 'process.exited', exitCode, signal, problem, at: deps.now() } satisfies RunFact);
    };

    const start = async (): Promise<void> => {
      let spec: RunSpec;
      try {
        spec = await deps.spec(id);
      } catch (error) {
        finish(null, null, error instanceof Error ? error.message : String(error));
        return;
      }
      if (called || ended) return finish(null, null, null);
      run(spec);
    };

    const run = (spec: RunSpec): void => {
      const started = spawn(spec.command, spec.args, {
        cwd: spec.cwd,
        env: { ...spec.env, ...deps.guardian.mark, [RUN_MARK]: id },
        stdio: 'pipe',
        detached: process.platform !== 'win32',
        windowsHide: true,
      });
      child = started;
      const streams = (['stdout', 'stderr'] as const).map((name) =>
        readText(started, name, (text) => deps.output(id, name, text)),
      );
      // A command that does not read its prompt is free not to.
      started.stdin.on('error', () => undefined);
      started.stdin.end(spec.input);

      started.on('spawn', () => {
        const pid = started.pid as number;
        deps.guardian.add(pid);
        // The record only helps the clean-up of a next start; the run is not refused for it.
        void deps.pids.add({ pid, command: [spec.command, ...spec.args], owner: `run:${id}` }).catch(() => undefined);
        sendBack({ type: 'process.spawned', pid, at: deps.now() } satisfies RunFact);
      });
      started.on('error', (error: NodeJS.ErrnoException) => {
        if (started.pid === undefined) finish(null, null, whyNotStarted(spec, error));
      });
      started.on('exit', (exitCode, signal) => {
        const pid = started.pid as number;
        // What it started must not outlive it.
        killGroup(pid, 'SIGKILL');
        const strays = endMarked(RUN_MARK, id);
        deps.guardian.remove(pid);
        void Promise.race([Promise.all(streams), delay(LAST_WORDS_MS)]).then(async () => {
          await strays;
          await deps.pids.remove(pid).catch(() => undefined);
          finish(exitCode, signal, null);
        });
      });
    };

    receive((command) => {
      called = true;
      if (child === null) return;
      if (child.pid !== undefined) killGroup(child.pid, command.type === 'process.kill' ? 'SIGKILL' : 'SIGTERM');
    });

    void start();
    return () => {
      const running = child;
      const left = running === null || running.exitCode !== null || running.signalCode !== null;
      if (!left && running.pid !== undefined) killGroup(running.pid, 'SIGKILL');
      ended = true;
    };
  });

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

/** Decodes as it comes, so that no character is cut in two. Resolves at the end of the stream. */
const readText = (
  child: ChildProcessWithoutNullStreams,
  name: RunStream,
  tell: (text: string) => void,
): Promise<void> => {
  const decoder = new TextDecoder();
  const stream = child[name];
  stream.on('data', (chunk: Buffer) => {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') tell(text);
  });
  return new Promise((resolve) => {
    stream.on('close', () => {
      const rest = decoder.decode();
      if (rest !== '') tell(rest);
      resolve();
    });
  });
};

const whyNotStarted = ({ command, cwd }: RunSpec, { code, message }: NodeJS.ErrnoException): string => {
  // Node says ENOENT of the command when it is the folder that is missing.
  if (code === 'ENOENT')
    return `There is no command "${command}", or no folder ${cwd}; check runs.command and the working directory.`;
  if (code === 'EACCES') return `The command "${command}" may not be executed; check its permissions.`;
  return `The command "${command}" cannot be started: ${message}`;
};
