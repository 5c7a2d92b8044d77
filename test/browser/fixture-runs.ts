/** Runs as pictures need them: one of each state, and an output with colours. */
import type { RunPieceView, RunView } from '../../src/contracts/runs.ts';

const MINUTE = 60_000;

const aRun = (id: string, over: Partial<RunView>): RunView => ({
  id,
  tool: 'claude',
  title: 'Explain the failing test in test/router/queue.test.ts and mend it',
  promptLength: 412,
  model: null,
  cwd: '/home/ana/projects/llamas',
  room: null,
  state: 'completed',
  position: null,
  activity: null,
  pid: null,
  timeoutMs: 300_000,
  createdAt: 0,
  startedAt: null,
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
  ...over,
});

export const someRuns = (now: number): RunView[] => [
  aRun('r6', {
    title: 'Translate the README to German',
    tool: 'prompt',
    state: 'queued',
    position: 1,
    createdAt: now - 4000,
  }),
  aRun('r5', {
    title: 'Write release notes from the last 30 commits',
    state: 'queued',
    position: 0,
    createdAt: now - 9000,
  }),
  aRun('r4', {
    state: 'running',
    activity: 'Using Bash',
    pid: 48_213,
    createdAt: now - 2 * MINUTE,
    startedAt: now - 2 * MINUTE,
  }),
  aRun('r3', {
    title: 'Summarise the meeting notes of this week',
    tool: 'prompt',
    createdAt: now - 18 * MINUTE,
    startedAt: now - 18 * MINUTE,
    finishedAt: now - 17 * MINUTE,
    exitCode: 0,
    outputBytes: 2210,
    usage: { inputTokens: 1840, outputTokens: 312, totalTokens: 2152 },
    answeredBy: 'Qwen3-8B-Q4_K_M',
    stopReason: 'stop',
  }),
  aRun('r2', {
    title: 'Review the open pull requests',
    tool: 'codex',
    state: 'failed',
    createdAt: now - 55 * MINUTE,
    startedAt: now - 55 * MINUTE,
    finishedAt: now - 54 * MINUTE,
    exitCode: 1,
    errorCode: 'EXECUTION_ERROR',
    error: 'The command ended with exit code 1: OPENAI_API_KEY is not set',
    outputBytes: 96,
  }),
  aRun('r1', {
    title: 'Port the installer to Windows',
    state: 'cancelled',
    createdAt: now - 190 * MINUTE,
    startedAt: now - 190 * MINUTE,
    finishedAt: now - 186 * MINUTE,
    errorCode: 'CANCELLED',
    error: 'It was cancelled.',
    costUsd: 0.0421,
    usage: { inputTokens: 22_310, outputTokens: 1904, totalTokens: 24_214 },
  }),
];

const OUTPUT: [RunPieceView['stream'], string][] = [
  ['stdout', 'I will look at the test first.\n\n\u001b[1m$ npx vitest run test/router/queue.test.ts\u001b[0m\n'],
  ['stdout', ' \u001b[32m✓\u001b[0m hands requests out in the order in which they came (12 ms)\n'],
  ['stdout', ' \u001b[31m✗\u001b[0m lets the next one in when a client leaves (3 ms)\n'],
  ['stdout', '   \u001b[31mAssertionError: expected 2 to be 1\u001b[0m\n     at test/router/queue.test.ts:88:31\n'],
  ['stderr', 'warning: 2 tests were slow\n'],
  [
    'stdout',
    '\nThe line forgets the client only after its answer. \u001b[33mline.ts:61\u001b[0m has to drop it when the\n',
  ],
  ['stdout', 'socket closes; I am changing that now.\n'],
];

export const somePieces = (): RunPieceView[] => OUTPUT.map(([stream, text], seq) => ({ seq, at: seq, stream, text }));
