/** Runs in the words of seed 003: what comes in by `claude:*`, and what its events carry. Times are ISO text. */
import { z } from 'zod';
import { prompt, runOptions } from './commands/runs.ts';
import type { RunErrorCode, RunResponse, RunState } from './runs.ts';

/** `tool` and `room` are this product's own. */
export const ClaudeExecute = z.object({
  prompt,
  ...runOptions,
  workingDirectory: z.string().min(1).max(4096).optional(),
});

/** An id alone, or in an object. */
export const ClaudeProcess = z
  .union([z.string(), z.object({ processId: z.string() })])
  .transform((given) => (typeof given === 'string' ? given : given.processId))
  .pipe(z.string().trim().min(1, 'processId is required').max(128));

export type ClaudeErrorCode =
  'UNAUTHORIZED' | 'INVALID_PAYLOAD' | 'RATE_LIMIT_EXCEEDED' | 'PROCESS_NOT_FOUND' | RunErrorCode;

export interface ClaudeResult {
  id: string;
  userId: string;
  status: RunState;
  stdout: string;
  stderr: string;
  exitCode: number | null;
  startedAt: string;
  completedAt: string;
  durationMs: number;
  parsedResponse?: RunResponse;
}

export interface ClaudeEvents {
  'claude:progress': {
    processId: string;
    status: 'running';
    data?: string;
    message?: string;
    timestamp: string;
  };
  'claude:queued': { processId: string; queuePosition: number; message: string; timestamp: string };
  'claude:complete': { processId: string; result: ClaudeResult; timestamp: string };
  'claude:error': { processId?: string; code: ClaudeErrorCode; message: string; timestamp: string };
}
