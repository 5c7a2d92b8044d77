/** What it takes to start one llama-server, and the flags that belong to the supervisor. */
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import type { Upstream } from '../../contracts/ipc.ts';
import type { ParameterValue } from '../../contracts/views.ts';
import { CHILD_PROTOCOL_ENV } from './child-protocol.ts';

export interface LaunchPlan {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  upstream: Upstream;
  /** Readiness, progress and end-of-input are expected from the engine itself. */
  childProtocol: boolean;
  /** The effective parameters, to show requested against given and to see what a change would restart. */
  parameters: Record<string, ParameterValue>;
}

/** Kept for health checks and for what an engine is asked about itself while every connection of the router is busy. */
const SPARE_THREADS = 12;
const FEWEST_THREADS = 64;
const MOST_THREADS = 1024;

/**
 * How many HTTP threads an engine gets, and so how many connections the router may open. Every open connection holds one thread; the
 * engine's default of about 8 stalls ten clients for 5 s. More than it can use is not free either: 272 of them take 45 KiB each and
 * make a swap 10 ms longer than 64 do, measured. What finds no connection waits in the router, where it has a place and a deadline.
 *
 * @param slots requests that the engine answers at once, null for its own default
 * @param concurrency requests that the model is meant to get at once, null for no limit
 */
export const engineThreads = (
  slots: number | null,
  concurrency: number | null,
): { threads: number; connections: number } => {
  const wanted = Math.max(FEWEST_THREADS, 2 * (slots ?? 0) + SPARE_THREADS, (concurrency ?? 0) + SPARE_THREADS);
  const threads = Math.min(MOST_THREADS, wanted);
  return { threads, connections: threads - SPARE_THREADS };
};

/** Linux allows 107 bytes in a socket's path, macOS 103. */
const LONGEST_SOCKET_PATH = 103;

/**
 * A fresh path per start, because llama-server neither unlinks its socket nor starts when the path exists.
 * Returns null where unix sockets cannot be used: on Windows, and when the folder's path is too long.
 */
export const freshSocketPath = (folder: string): string | null => {
  const socketPath = path.join(folder, `${randomBytes(6).toString('hex')}.sock`);
  return process.platform === 'win32' || Buffer.byteLength(socketPath) > LONGEST_SOCKET_PATH ? null : socketPath;
};

/** Flags that only the supervisor sets. Each one is passed only if this engine knows it. */
export const supervisorArgs = (options: {
  modelPath: string;
  mmproj: string | null;
  alias: string;
  upstream: Upstream;
  threads: number;
  knows: (flag: string) => boolean;
}): string[] => {
  const { modelPath, mmproj, alias, upstream, threads, knows } = options;
  const args = ['--model', modelPath];
  if (mmproj !== null && knows('--mmproj')) args.push('--mmproj', mmproj);
  if ('socketPath' in upstream) args.push('--host', upstream.socketPath);
  else args.push('--host', upstream.host, '--port', String(upstream.port));
  // A comma separates aliases; a name that holds one would announce two.
  if (knows('--alias')) args.push('--alias', alias.replaceAll(',', '_'));
  if (knows('--threads-http')) args.push('--threads-http', String(threads));
  if (knows('--log-jsonl')) args.push('--log-jsonl');
  if (knows('--log-colors')) args.push('--log-colors', 'off');
  if (knows('--metrics')) args.push('--metrics');
  if (knows('--no-ui')) args.push('--no-ui');
  if (knows('--offline')) args.push('--offline');
  return args;
};

/** Variables of ours that an engine has no business to see. */
const SECRET = /^(?:LLAMA_ARG_|LLAMACTOR_|JWT_SECRET$|REDIS_URL$|npm_|NODE_)|TOKEN|SECRET|PASSWORD|API_?KEY/i;

/** The server's environment without what would leak into every model: LLAMA_ARG_*, secrets, npm's own variables. */
export const engineEnvironment = (source: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const env: NodeJS.ProcessEnv = {};
  for (const [key, value] of Object.entries(source)) if (!SECRET.test(key)) env[key] = value;
  env[CHILD_PROTOCOL_ENV] = '1';
  return env;
};
