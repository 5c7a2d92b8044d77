import type { FinishedRequest } from '../../src/contracts/ipc.ts';

/** A streamed chat that went well, changed as wanted. */
export const finishedRequest = (change: Partial<FinishedRequest>): FinishedRequest => ({
  id: 'r1',
  modelId: 'alpha',
  key: null,
  route: '/v1/chat/completions',
  status: 200,
  errorCode: null,
  streamed: true,
  startedAt: 1_000_000,
  durationMs: 500,
  queuedMs: 2,
  firstByteMs: 40,
  promptTokens: 10,
  cachedTokens: 4,
  completionTokens: 20,
  promptTokensPerSecond: 300,
  tokensPerSecond: 45.26,
  bytesIn: 100,
  bytesOut: 2000,
  cancelled: false,
  retried: false,
  captured: false,
  ...change,
});
