/**
 * One llama-server as an actor: spawns it, turns what it writes into facts, and ends it the way that works in its state.
 * Bulk output (log lines) goes to the log, never to the machine.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fromCallback } from 'xstate';
import type { ProcessCommand, ProcessFact, ReadyInfo } from '../../../machines/process.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { LogLevel } from '../../contracts/views.ts';
import type { Guardian } from '../guardian.ts';
import type { PidRecords } from '../processes/pid-records.ts';
import { killGroup } from '../processes/process-group.ts';
import { causeOfExit, causeOfNoStart } from './cause.ts';
import { lineSplitter, parseEngineLine } from './child-protocol.ts';
import { readGiven } from './engine-given.ts';
import type { EngineGiven } from '../../contracts/changes.ts';
import type { MemoryRow } from './child-protocol.ts';
import { engineProps } from './engine-props.ts';
import type { LaunchPlan } from './launch.ts';
import { measuredMemory } from './measured-memory.ts';
import { watchForStalls } from './stall-watch.ts';

export interface ModelProcessDeps {
  /** Refuses with a CodedError when this model cannot be started. */
  plan(id: string): Promise<LaunchPlan>;
  /** The plan of the running process, or null when it has ended; routes and probes read it. */
  planned(id: string, plan: LaunchPlan | null): void;
  /** Told once per process; the object fills while the engine writes its log. */
  gives(id: string, given: EngineGiven): void;
  /** Ends the model's streams in band at the router; resolves when that is done, or after a short deadline. */
  detach(id: string, reason: string): Promise<void>;
  inFlight(id: string): number;
  log(level: LogLevel, source: string, message: string): void;
  pids: PidRecords;
  guardian: Guardian;
  stall: { pollMs: number; patienceMs: number };
  now(): number;
}

/** Kept for the cause; the failure shows the last 20. */
const REMEMBERED_LINES = 200;
/** The engine logs from a thread of its own, so what it tells of its start may come after it is ready. */
const LINES_AFTER_READY = 50;
const SLOTS_LINE = /n_slots = (\d+), n_ctx_slot = (\d+)(?:, kv_unified = '(true|false)')?/;

export const modelProcess = (deps: ModelProcessDeps) =>
  fromCallback<ProcessCommand, { id: string }>(({ input, sendBack, receive }) => {
    const { id } = input;
    const source = `model:${id}`;
    const tell = (fact: ProcessFact): void => sendBack(fact);
    let child: ChildProcessWithoutNullStreams | null = null;
    let plan: LaunchPlan | null = null;
    let ended = false;
    let stopAsked = false;
    let endStallWatch = (): void => undefined;

    const start = async (): Promise<void> => {
      try {
        plan = await deps.plan(id);
      } catch (error) {
        noStart(error);
        return;
      }
      if (stopAsked || ended) {
        noStart(new CodedError('INVALID_STATE', 'The start was called off.'));
        return;
      }
      deps.planned(id, plan);
      run(plan);
    };

    const noStart = (error: unknown): void => {
      if (ended) return;
      ended = true;
      const message = error instanceof Error ? error.message : String(error);
      const code =
        error instanceof CodedError && error.code === 'ENGINE_MISSING'
          ? 'ENGINE_MISSING'
          : error instanceof CodedError && error.code === 'NOT_FOUND'
            ? 'FILE_MISSING'
            : error instanceof CodedError && error.code === 'INVALID_PAYLOAD'
              ? 'BAD_ARGUMENT'
              : 'SPAWN_FAILED';
      tell({ type: 'process.exited', at: deps.now(), failure: causeOfNoStart(code, message, deps.now()) });
    };

    const run = (launch: LaunchPlan): void => {
      const lines: string[] = [];
      const given: EngineGiven = {};
      deps.gives(id, given);
      const breakdowns: MemoryRow[][] = [];
      let unified = true;
      const info: ReadyInfo = { contextSize: null, slots: null, memory: null };
      let wasReady = false;
      let linesReady = 0;
      let slotsTold = (): void => undefined;
      // Its own process group, so that a wrapper script's children are ended with it.
      const started = spawn(launch.command, launch.args, {
        env: launch.env,
        stdio: 'pipe',
        detached: process.platform !== 'win32',
        windowsHide: true,
      });
      child = started;
      started.stdin.on('error', () => undefined);

      const isReady = async (contextSize: number | null): Promise<void> => {
        // The engine logs from a thread of its own, so the line that tells its slots may come only after this. It mostly does
        // so before the engine has answered a request, and somebody waits for this model.
        if (info.slots === null) {
          const asked = engineProps(launch.upstream).then(({ contextSize: given, slots }) => {
            info.contextSize ??= given;
            info.slots ??= slots;
          });
          await Promise.race([asked, new Promise<void>((resolve) => (slotsTold = resolve))]);
        }
        info.contextSize ??= contextSize;
        const { contextSize: each, slots } = info;
        info.memory = measuredMemory(breakdowns, each === null ? null : each * (unified ? 1 : (slots ?? 1)));
        if (!ended) tell({ type: 'process.ready', at: deps.now(), info: { ...info } });
      };

      const onLine = (line: string): void => {
        const parsed = parseEngineLine(line);
        if (parsed.kind === 'progress')
          tell({ type: 'process.progressed', percent: parsed.percent, stage: parsed.stage });
        else if (parsed.kind === 'memory') breakdowns.push(parsed.rows);
        else if (parsed.kind === 'ready') {
          if (wasReady) return;
          wasReady = true;
          void isReady(parsed.contextSize);
        } else if (parsed.kind === 'log' || parsed.kind === 'text') {
          if (parsed.message.trim() === '') return;
          lines.push(parsed.message);
          if (lines.length > REMEMBERED_LINES) lines.splice(0, lines.length - REMEMBERED_LINES);
          if (linesReady < LINES_AFTER_READY) readGiven(given, parsed.message);
          if (wasReady) linesReady += 1;
          const slots = SLOTS_LINE.exec(parsed.message);
          if (slots !== null) {
            Object.assign(info, { slots: Number(slots[1]), contextSize: Number(slots[2]) });
            slotsTold();
            unified = slots[3] !== 'false';
          }
          const level = parsed.kind === 'log' ? parsed.level : 'info';
          // A serving engine writes several lines for every request; they are there for whoever asks for detail.
          deps.log(wasReady && level === 'info' ? 'debug' : level, source, parsed.message);
        }
      };
      for (const stream of [started.stdout, started.stderr]) {
        const splitter = lineSplitter(onLine);
        stream.on('data', (chunk: Buffer) => splitter.push(chunk));
        stream.on('end', () => splitter.end());
      }

      started.on('spawn', () => {
        const pid = started.pid as number;
        deps.guardian.add(pid);
        // A record that cannot be written only weakens the clean-up of the next start; the model is not refused for it.
        deps.pids
          .add({ pid, command: [launch.command, ...launch.args], owner: id })
          .catch((error: unknown) =>
            deps.log('warn', 'server', `The process record of ${id} was not written: ${String(error)}`),
          );
        tell({ type: 'process.spawned', pid, at: deps.now() });
        endStallWatch = watchForStalls({
          upstream: launch.upstream,
          inFlight: () => deps.inFlight(id),
          onStall: (message) =>
            tell({ type: 'process.stalled', at: deps.now(), failure: causeOfNoStart('STALLED', message, deps.now()) }),
          now: deps.now,
          ...deps.stall,
        });
      });
      started.on('error', (error: NodeJS.ErrnoException) => {
        if (started.pid !== undefined) return;
        deps.planned(id, null);
        noStart(
          new Error(
            `The engine ${launch.command} cannot be started (${error.code ?? error.message}); choose another with \`llamactor engine use PATH\`.`,
          ),
        );
      });
      // A grandchild may hold the pipes open after the engine has left, so the exit counts, not the close of the streams;
      // what was written before it is still read, at most for a moment.
      started.on('exit', (exitCode, signal) => {
        const pid = started.pid as number;
        killGroup(pid, 'SIGKILL');
        deps.guardian.remove(pid);
        endStallWatch();
        void settleStreams(started).then(async () => {
          await Promise.allSettled([
            deps.pids.remove(pid),
            'socketPath' in launch.upstream ? rm(launch.upstream.socketPath, { force: true }) : null,
          ]);
          finish({ exitCode, signal, lines, wasReady });
        });
      });
    };

    const finish = (exit: {
      exitCode: number | null;
      signal: string | null;
      lines: string[];
      wasReady: boolean;
    }): void => {
      if (ended) return;
      ended = true;
      deps.planned(id, null);
      const at = deps.now();
      tell({ type: 'process.exited', at, failure: causeOfExit({ ...exit, at }) });
    };

    receive((command) => {
      if (command.type === 'process.kill') {
        if (child?.pid !== undefined) killGroup(child.pid, 'SIGKILL');
        else if (child === null) noStart(new CodedError('INVALID_STATE', 'The start was called off.'));
        return;
      }
      stopAsked = true;
      const running = child;
      if (running === null) return;
      void deps.detach(id, command.reason).then(() => {
        if (running.exitCode !== null || running.signalCode !== null) return;
        // SIGTERM alone does not end a loaded engine while its stdin is open, and the end of stdin alone does not end a loading
        // one. An engine without the line protocol knows only signals.
        if (command.mode === 'end-input' && plan?.childProtocol === true) running.stdin.end();
        else if (running.pid !== undefined) killGroup(running.pid, command.signal);
      });
    });

    void start();
    return () => {
      endStallWatch();
      ended = true;
      if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null)
        killGroup(child.pid, 'SIGKILL');
    };
  });

/** Waits for the last output, at most 100 ms. */
const settleStreams = (child: ChildProcessWithoutNullStreams): Promise<void> =>
  new Promise((resolve) => {
    let open = 0;
    const done = (): void => {
      open -= 1;
      if (open <= 0) resolve();
    };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream.readableEnded || stream.destroyed) continue;
      open += 1;
      stream.once('close', done);
    }
    if (open === 0) resolve();
    setTimeout(resolve, 100).unref();
  });
