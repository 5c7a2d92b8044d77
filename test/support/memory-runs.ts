/** Runs in memory: what the transports need to see of them. They run until they are cancelled. */
import { CodedError } from '../../src/contracts/errors.ts';
import { hasRunEnded } from '../../src/contracts/runs.ts';
import type { RunPieceView, RunView } from '../../src/contracts/runs.ts';
import type { By, DomainChange, RunNews, RunOwner, Services } from '../../src/commands/services.ts';

export interface MemoryRuns {
  service: Services['runs'];
  /** The run writes this. */
  write(id: string, text: string): void;
  /** The run ends well. */
  complete(id: string): void;
}

interface Row {
  run: RunView;
  owner: RunOwner;
  prompt: string;
  pieces: RunPieceView[];
}

export const createMemoryRuns = (publish: (change: DomainChange) => void): MemoryRuns => {
  const rows = new Map<string, Row>();
  const listeners = new Set<(id: string, piece: RunPieceView, owner: RunOwner) => void>();
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

  const need = (id: string, owner: RunOwner): Row => {
    const row = rows.get(id);
    if (row === undefined) throw new CodedError('NOT_FOUND', `There is no run ${id}.`);
    if (row.owner !== owner) throw new CodedError('FORBIDDEN', 'Access denied: this run is somebody else’s.');
    return row;
  };
  const change = (row: Row, over: Partial<RunView>, news: RunNews, by: By | null): RunView => {
    row.run = { ...row.run, ...over };
    publish({ kind: 'run', run: row.run, owner: row.owner, news, by });
    return row.run;
  };
  const end = (row: Row, over: Partial<RunView>, by: By | null): RunView => {
    const stdout = row.pieces.map(({ text }) => text).join('');
    const news: RunNews = { what: 'ended', stdout, stderr: '', response: { content: stdout } };
    return change(row, { finishedAt: 3, ...over }, news, by);
  };
  const ofId = (id: string): Row => {
    const row = rows.get(id);
    if (row === undefined) throw new Error(`There is no run ${id}.`);
    return row;
  };

  return {
    write(id, text) {
      const row = ofId(id);
      const piece: RunPieceView = { seq: row.pieces.length, at: 2, stream: 'stdout', text };
      row.pieces.push(piece);
      for (const listener of listeners) listener(id, piece, row.owner);
    },
    complete: (id) => void end(ofId(id), { state: 'completed', exitCode: 0 }, null),
    service: {
      list: (owner, limit) =>
        [...rows.values()]
          .filter((row) => row.owner === owner)
          .map(({ run }) => run)
          .toReversed()
          .slice(0, limit),
      get: (id, owner) => need(id, owner).run,
      prompt: async (id, owner) => {
        await turn();
        return need(id, owner).prompt;
      },
      output: async (id, owner, from) => {
        const pieces = need(id, owner).pieces.slice(from);
        await turn();
        return { id, pieces, next: from + pieces.length, more: false };
      },
      start: async (wish, owner, by) => {
        await turn();
        if (wish.tool !== undefined && wish.tool !== 'prompt')
          throw new CodedError('NOT_FOUND', `There is no command "${wish.tool}" for runs.`);
        const id = `run-${rows.size + 1}`;
        const run: RunView = {
          id,
          tool: 'prompt',
          title: wish.prompt,
          promptLength: wish.prompt.length,
          model: wish.model ?? null,
          cwd: '/data/runs/work/run',
          room: wish.room ?? null,
          state: 'running',
          position: null,
          activity: null,
          pid: 99,
          timeoutMs: wish.timeoutMs ?? 300_000,
          createdAt: 1,
          startedAt: 1,
          finishedAt: null,
          exitCode: null,
          signal: null,
          errorCode: null,
          error: null,
          outputBytes: 0,
          truncated: false,
          usage: null,
          costUsd: null,
          answeredBy: null,
          stopReason: null,
        };
        const row = { run, owner, prompt: wish.prompt, pieces: [] };
        rows.set(id, row);
        return change(row, {}, { what: 'started' }, by);
      },
      cancel: async (id, owner, by) => {
        await turn();
        const row = need(id, owner);
        if (hasRunEnded(row.run.state)) throw new CodedError('INVALID_STATE', 'The run has ended already.');
        return end(row, { state: 'cancelled', errorCode: 'CANCELLED', error: 'It was cancelled.' }, by);
      },
      remove: async (id, owner, by) => {
        await turn();
        if (!hasRunEnded(need(id, owner).run.state)) throw new CodedError('INVALID_STATE', 'The run has not ended.');
        rows.delete(id);
        publish({ kind: 'run.removed', id, owner, by });
      },
      interrupted: () => [],
      tools: () => [{ name: 'prompt', kind: 'builtin', isDefault: true, command: 'llamactor prompt' }],
      limits: () => ({
        running: 5,
        waiting: 100,
        timeoutMs: 300_000,
        queueTimeoutMs: 600_000,
        outputBytes: 10_485_760,
      }),
      onPiece: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
  };
};
