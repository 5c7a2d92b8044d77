/** What happens to a run, in the words of seed 003. Pure. */
import type { ClaudeEvents, ClaudeErrorCode } from '../contracts/claude.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import type { RunPieceView, RunResponse, RunView } from '../contracts/runs.ts';

type Told = { [N in keyof ClaudeEvents]: { event: N; payload: ClaudeEvents[N] } }[keyof ClaudeEvents];

const iso = (at: number): string => new Date(at).toISOString();

/** How the seed names what is refused. */
const CODES: Partial<Record<ErrorCode, ClaudeErrorCode>> = {
  UNAUTHORIZED: 'UNAUTHORIZED',
  FORBIDDEN: 'UNAUTHORIZED',
  INVALID_PAYLOAD: 'INVALID_PAYLOAD',
  NOT_FOUND: 'PROCESS_NOT_FOUND',
  RATE_LIMITED: 'RATE_LIMIT_EXCEEDED',
};
export const claudeCode = (code: ErrorCode): ClaudeErrorCode => CODES[code] ?? 'EXECUTION_ERROR';

export const claudePiece = (id: string, { text, at }: RunPieceView): ClaudeEvents['claude:progress'] => ({
  processId: id,
  status: 'running',
  data: text,
  timestamp: iso(at),
});

export const claudeFailure = (run: RunView, at: number): ClaudeEvents['claude:error'] => ({
  processId: run.id,
  code: run.errorCode ?? 'EXECUTION_ERROR',
  message: run.error ?? 'The process failed.',
  timestamp: iso(run.finishedAt ?? at),
});

/** What its owner is told of a run; `output` is what it wrote, once it has ended. `at` is now, epoch ms. */
export const claudeEvent = (
  run: RunView,
  userId: string,
  output: { stdout: string; stderr: string; response: RunResponse | null } | null,
  at: number,
): Told => {
  const common = { processId: run.id, timestamp: iso(at) };
  if (run.state === 'queued') {
    const queuePosition = run.position ?? 0;
    const message = `Queue position: ${queuePosition}`;
    return { event: 'claude:queued', payload: { ...common, queuePosition, message } };
  }
  if (run.state === 'running') {
    const message = run.activity ?? 'Process started';
    return { event: 'claude:progress', payload: { ...common, status: 'running', message } };
  }
  if (run.state !== 'completed') return { event: 'claude:error', payload: claudeFailure(run, at) };
  const startedAt = run.startedAt ?? run.createdAt;
  const finishedAt = run.finishedAt ?? at;
  const result = {
    id: run.id,
    userId,
    status: run.state,
    stdout: output?.stdout ?? '',
    stderr: output?.stderr ?? '',
    exitCode: run.exitCode,
    startedAt: iso(startedAt),
    completedAt: iso(finishedAt),
    durationMs: Math.max(0, finishedAt - startedAt),
    ...(output?.response == null ? {} : { parsedResponse: output.response }),
  };
  return { event: 'claude:complete', payload: { ...common, result } };
};
