/**
 * The registry of runs. What waits or has ended is a row; what runs is an actor of the queue. A run is on disk before it is
 * acknowledged and before its process begins, so that whatever ends the server, its end is told.
 */
import { randomUUID } from 'node:crypto';
import { createActor } from 'xstate';
import type { AnyActorRef } from 'xstate';
import { runMachine } from '../../../machines/run.machine.ts';
import { runQueueMachine } from '../../../machines/run-queue.machine.ts';
import type { RunQueueEmitted, RunQueueLimits, RunSettlement } from '../../../machines/run-queue.machine.ts';
import type { By, RunOwner, RunWish, Services } from '../../commands/services.ts';
import type { Config } from '../../contracts/config.ts';
import { CodedError } from '../../contracts/errors.ts';
import { RunRecord } from '../../contracts/run-record.ts';
import type { RunsDocument } from '../../contracts/run-record.ts';
import { hasRunEnded } from '../../contracts/runs.ts';
import type { RunErrorCode, RunPieceView } from '../../contracts/runs.ts';
import type { LogLevel } from '../../contracts/views.ts';
import type { Guardian } from '../../io/guardian.ts';
import type { PidRecords } from '../../io/processes/pid-records.ts';
import { openRunFiles } from '../../io/runs/run-files.ts';
import type { RunLimiter } from '../../io/runs/run-limiter.ts';
import { openRunOutput } from '../../io/runs/run-output.ts';
import { runProcess } from '../../io/runs/run-process.ts';
import type { RunSpec } from '../../io/runs/run-process.ts';
import type { Document } from '../../io/store/document.ts';
import type { ChangeHub } from '../changes.ts';
import { createRunBook } from './run-book.ts';
import type { RunRow } from './run-book.ts';
import { responseOf } from './run-response.ts';
import { allowedFolder, runSpec } from './run-spec.ts';
import type { RunSpecSources } from './run-spec.ts';
import { createRunStreams } from './run-stream.ts';
import { createRunTools, toolViews } from './run-tools.ts';

export interface RunsOptions extends RunSpecSources {
  /** Holds prompts, outputs and the runs' own folders. */
  folder: string;
  store: Document<RunsDocument>;
  config(): Config;
  /** The `llamactor` program, for the built-in prompt. */
  program: readonly string[];
  /** How often an owner may ask for a run. */
  limiter: RunLimiter;
  /** From SIGTERM to SIGKILL, ms. */
  stopMs: number;
  hub: ChangeHub;
  pids: PidRecords;
  guardian: Guardian;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}

export type Runs = Services['runs'] & {
  /** The queue, for the inspector. */
  actor: AnyActorRef;
  /** Notes the end of what an earlier server left. Call it before the first `start`. */
  begin(): Promise<void>;
  /** Ends everything that waits or runs, and tells it. */
  drain(): Promise<void>;
  close(): Promise<void>;
};

const MIB = 1024 * 1024;
/** After SIGKILL a process in the kernel may take a moment. */
const KILL_MS = 5000;
/** How long a cancel waits for the end; the run's fate is decided at once, its processes may take longer. */
const CANCEL_MS = 1000;
const PAGE_CHARS = 1_000_000;
const LONGEST_TITLE = 200;

const INTERRUPTED = 'It was interrupted by a restart of the server.';

const limitsOf = (config: Config): RunQueueLimits => ({
  running: config['runs.max'],
  waiting: config['runs.queueLimit'],
  waitMs: config['runs.queueTimeout'] * 1000,
});

const titleOf = (prompt: string): string => {
  const [line = ''] = prompt.trim().split('\n', 1);
  return line.length > LONGEST_TITLE ? `${line.slice(0, LONGEST_TITLE - 1)}…` : line;
};

/** The reason with the last line that the command wrote, which most often says more. */
const withLastLine = ({ outcome, exitCode, reason }: RunSettlement, written: string): string | null => {
  if (outcome !== 'failed' || exitCode === null || reason === null) return reason;
  const line = written.slice(-4000).trimEnd().split('\n').at(-1)?.trim().slice(0, 300) ?? '';
  return line === '' ? reason : reason.replace(/; its last lines say why\.$/, `: ${line}`);
};

const errorCodeOf = ({ outcome, where }: RunSettlement): RunErrorCode | null => {
  if (outcome === 'completed') return null;
  if (outcome === 'cancelled') return 'CANCELLED';
  return outcome === 'timeout' && where === 'queue' ? 'QUEUE_TIMEOUT' : 'EXECUTION_ERROR';
};

export const openRuns = async (options: RunsOptions): Promise<Runs> => {
  const { folder, store, hub, log, now, config } = options;
  const files = await openRunFiles(folder);
  const output = await openRunOutput({ folder, capBytes: () => config()['runs.outputMax'] * MIB, now });
  const tools = createRunTools({ config, env: options.env, program: options.program });
  const listeners = new Set<(id: string, piece: RunPieceView, owner: RunOwner) => void>();
  const prompts = new Map<string, string>();

  const discard = (id: string): void => {
    Promise.all([files.remove(id), output.remove(id)]).catch((error: unknown) =>
      log('warn', 'server', `What the run ${id} left could not be removed: ${String(error)}`),
    );
  };
  const book = createRunBook({
    store,
    hub,
    keep: () => config()['runs.keep'],
    pidOf: (id) => queue.getSnapshot().context.running[id]?.getSnapshot().context.pid ?? null,
    onDropped: discard,
    log,
  });

  const streams = createRunStreams({
    output,
    onPiece(id, piece) {
      const row = book.rows.get(id);
      if (row === undefined) return;
      for (const listener of listeners) listener(id, piece, row.record.owner);
    },
    onActivity(id, words) {
      const row = book.rows.get(id);
      if (row === undefined || row.activity === words) return;
      row.activity = words;
      book.tell(row, { what: 'activity' }, null);
    },
  });

  const specOf = async (id: string): Promise<RunSpec> => {
    const row = book.rows.get(id);
    if (row === undefined) throw new CodedError('NOT_FOUND', 'The run is gone.');
    await row.saved;
    const { record } = row;
    const tool = tools.choose({ tool: record.tool });
    const prompt = prompts.get(id) ?? '';
    prompts.delete(id);
    return runSpec(record, { tool, prompt, ownFolder: files.ownFolder(id), report: files.report(id) }, options);
  };

  const queue = createActor(
    runQueueMachine.provide({
      actors: {
        run: runMachine.provide({
          actors: {
            runProcess: runProcess({
              spec: specOf,
              output: streams.take,
              pids: options.pids,
              guardian: options.guardian,
              now,
            }),
          },
        }),
      },
    }),
    { input: limitsOf(config()) },
  );
  const refusals = new Map<string, CodedError>();
  const endings = new Set<Promise<void>>();
  let closed = false;
  /** Those that an earlier server left, of which their owners have not heard. */
  let unheard: RunRow[] = [];

  const settle = async (row: RunRow, settlement: RunSettlement): Promise<void> => {
    const { id, tool } = row.record;
    prompts.delete(id);
    streams.end(id);
    const pieces = output.now(id) ?? [];
    const textOf = (stream: 'stdout' | 'stderr'): string =>
      pieces.flatMap((piece) => (piece.stream === stream ? [piece.text] : [])).join('');
    const [stdout, stderr] = [textOf('stdout'), textOf('stderr')];
    const { bytes, truncated } = output.size(id);
    const problem = output.finish(id);
    const response = settlement.where === 'process' ? responseOf(stdout, await files.readReport(id)) : null;
    const lost = problem !== null && settlement.outcome === 'completed';
    await row.saved.catch(() => undefined);
    if (!book.rows.has(id)) return;
    await book.saveOrLog(row, {
      state: lost ? 'failed' : settlement.outcome,
      finishedAt: now(),
      exitCode: settlement.exitCode,
      signal: settlement.signal,
      errorCode: lost ? 'STREAM_ERROR' : errorCodeOf(settlement),
      error: lost
        ? `It ended well, but its output could not be kept: ${problem}.`
        : withLastLine(settlement, stderr === '' ? stdout : stderr),
      outputBytes: bytes,
      truncated,
      usage: response?.usage ?? null,
      costUsd: response?.costUsd ?? null,
      answeredBy: response?.model ?? null,
      stopReason: response?.stopReason ?? null,
    });
    // The log is read by more people than its owner.
    log('info', 'server', `A run of ${tool} is ${row.record.state}.`);
    book.tell(row, { what: 'ended', stdout, stderr, response }, null);
    for (const waiter of row.waiters.splice(0)) waiter();
  };

  const onEmitted = (event: RunQueueEmitted): void => {
    const row = book.rows.get(event.id);
    if (row === undefined) return;
    if (event.type === 'run.refused') refusals.set(event.id, new CodedError(event.code, event.message));
    else if (event.type === 'run.moved') {
      row.position = event.position;
      book.tell(row, { what: 'queued' }, null);
    } else if (event.type === 'run.started') {
      row.position = null;
      row.record = { ...row.record, state: 'running', startedAt: now() };
      // One that could not be noted never begins, and its end says so.
      row.saved.then(
        () => book.saveOrLog(row, {}),
        () => undefined,
      );
      book.tell(row, { what: 'started' }, null);
    } else {
      const ending = settle(row, event).catch((error: unknown) =>
        log('error', 'server', `The end of a run could not be noted: ${String(error)}`),
      );
      endings.add(ending);
      void ending.finally(() => endings.delete(ending));
    }
  };
  for (const type of ['run.started', 'run.moved', 'run.settled', 'run.refused'] as const) queue.on(type, onEmitted);
  queue.subscribe({ error: (error) => log('error', 'server', `The queue of runs failed: ${String(error)}`) });
  queue.start();
  const unsubscribe = hub.subscribe((changes) => {
    if (changes.some(({ kind }) => kind === 'config'))
      queue.send({ type: 'limits.changed', limits: limitsOf(config()) });
  });

  const recordOf = async (wish: RunWish, owner: RunOwner): Promise<RunRecord> => {
    const id = randomUUID();
    const { name } = tools.choose(wish);
    const cwd =
      wish.cwd === undefined ? files.ownFolder(id) : await allowedFolder(wish.cwd, config()['runs.directories']);
    return RunRecord.parse({
      id,
      owner,
      tool: name,
      title: titleOf(wish.prompt),
      promptLength: wish.prompt.length,
      systemPrompt: wish.systemPrompt ?? null,
      model: wish.model ?? null,
      maxTokens: wish.maxTokens ?? null,
      cwd,
      room: wish.room ?? null,
      state: 'queued',
      timeoutMs: wish.timeoutMs ?? config()['runs.timeout'] * 1000,
      createdAt: now(),
    });
  };

  /** Throws RATE_LIMITED. */
  const admit = async (owner: RunOwner): Promise<void> => {
    const waitMs = await options.limiter.consume(owner.replace(/^user:/, ''));
    if (waitMs === null) return;
    const retryAfter = Math.max(1, Math.ceil(waitMs / 1000));
    throw new CodedError('RATE_LIMITED', `Rate limit exceeded: 10 runs in 60 s. Try again in ${retryAfter} s.`, {
      retryAfter,
    });
  };

  /** Hands a run to the queue while it is being noted; neither is worth anything without the other. */
  const submit = async (row: RunRow, prompt: string, by: By): Promise<void> => {
    const { id, timeoutMs } = row.record;
    let note: () => void = () => undefined;
    row.held = true;
    row.saved = new Promise<void>((resolve, reject) => {
      note = () => {
        files
          .writePrompt(id, prompt)
          .then(() => book.save(row, {}))
          .then(resolve, reject);
      };
    });
    row.saved.catch(() => undefined);
    prompts.set(id, prompt);
    queue.send({ type: 'run.submit', id, limits: { timeoutMs, stopMs: options.stopMs, killMs: KILL_MS } });
    const refusal = refusals.get(id);
    if (refusal !== undefined) {
      refusals.delete(id);
      prompts.delete(id);
      book.drop(id);
      throw refusal;
    }
    note();
    try {
      await row.saved;
    } catch (error) {
      book.drop(id);
      queue.send({ type: 'run.cancel', id, by });
      discard(id);
      throw error;
    }
    row.held = false;
    book.tell(row, { what: row.record.state === 'queued' ? 'queued' : 'started' }, by);
  };

  return {
    actor: queue,
    list: (owner, limit) => book.of(owner).slice(0, limit).map(book.view),
    get: (id, owner) => book.view(book.need(id, owner)),
    async prompt(id, owner) {
      const { record } = book.need(id, owner);
      return prompts.get(record.id) ?? files.readPrompt(record.id);
    },
    async output(id, owner, from, mostChars = PAGE_CHARS) {
      book.need(id, owner);
      const pieces = await output.read(id, from, mostChars);
      const chars = pieces.reduce((sum, { text }) => sum + text.length, 0);
      return { id, pieces, next: from + pieces.length, more: chars >= mostChars };
    },
    async start(wish, owner, by, { limited = false } = {}) {
      if (closed) throw new CodedError('INVALID_STATE', 'The server is stopping; try again when it runs.');
      const record = await recordOf(wish, owner);
      if (limited) await admit(owner);
      const row = book.add(record);
      await submit(row, wish.prompt, by);
      return book.view(row);
    },
    async cancel(id, owner, by) {
      const row = book.need(id, owner);
      const refuseIfEnded = (): void => {
        if (hasRunEnded(row.record.state))
          throw new CodedError('INVALID_STATE', `The run has ended already: it is ${row.record.state}.`);
      };
      refuseIfEnded();
      const ended = new Promise<void>((resolve) => row.waiters.push(resolve));
      queue.send({ type: 'run.cancel', id, by });
      await Promise.race([ended, delay(CANCEL_MS)]);
      if (row.record.state !== 'cancelled') refuseIfEnded();
      return book.view(row);
    },
    interrupted(owner) {
      const theirs = unheard.filter((row) => row.record.owner === owner);
      unheard = unheard.filter((row) => row.record.owner !== owner);
      return theirs.map(book.view);
    },
    async remove(id, owner, by) {
      const row = book.need(id, owner);
      if (!hasRunEnded(row.record.state))
        throw new CodedError('INVALID_STATE', 'The run has not ended; cancel it first.');
      await book.remove(row, by);
    },
    tools: () => toolViews(tools.list()),
    limits() {
      const { running, waiting, waitMs } = limitsOf(config());
      return {
        running,
        waiting,
        timeoutMs: config()['runs.timeout'] * 1000,
        queueTimeoutMs: waitMs,
        outputBytes: config()['runs.outputMax'] * MIB,
      };
    },
    onPiece(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async begin() {
      const open = [...book.rows.values()].filter(({ record }) => !hasRunEnded(record.state));
      await Promise.all(
        open.map(async (row) => {
          const { id, state } = row.record;
          const pieces = await output.read(id, 0);
          await book.saveOrLog(row, {
            state: 'failed',
            errorCode: 'EXECUTION_ERROR',
            error: state === 'queued' ? INTERRUPTED.replace('.', ' before it began.') : INTERRUPTED,
            finishedAt: now(),
            outputBytes: pieces.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
          });
        }),
      );
      unheard = open;
      if (open.length > 0)
        log('warn', 'server', `${open.length} runs were interrupted by the end of an earlier server.`);
    },
    async drain() {
      closed = true;
      const stopped = new Promise<void>((resolve) => {
        queue.subscribe({ complete: resolve, error: () => resolve() });
        if (queue.getSnapshot().status !== 'active') resolve();
      });
      queue.send({ type: 'queue.stop' });
      await stopped;
      await Promise.all(endings);
    },
    async close() {
      unsubscribe();
      options.limiter.close();
      queue.stop();
      output.close();
      await store.close();
    },
  };
};

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
