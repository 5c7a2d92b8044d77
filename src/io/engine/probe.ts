/** Asks an executable whether it is a usable llama-server. */
import { childEnvironment } from './child-environment.ts';
import { expectsChildProtocol, parseFlags, parseVersion } from './parse-engine-output.ts';
import { cachedProbe, probeKey, rememberProbe } from './probe-cache.ts';
import type { ProbeFacts } from './probe-cache.ts';
import { exitFailure, fileProblem, spawnFailure } from './probe-failure.ts';
import { runProgram } from './run-program.ts';
import type { RunResult } from './run-program.ts';
import type { EngineInfo, EngineOrigin } from './types.ts';

export interface ProbeOptions {
  /** The llama-server file when it is not `command` itself. */
  path?: string;
  source?: EngineOrigin;
  /** JSON file that remembers answers; nothing is remembered without it. */
  cacheFile?: string;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  /** How long it may take to answer, ms. */
  deadlineMs?: number;
}

/** A first start with a cold disk and a GPU runtime takes seconds; more than this is no answer. */
const DEADLINE_MS = 20_000;

/**
 * Runs `command prefixArgs… --version` and `… --help` once and reads the answers; a remembered answer is used while the file
 * has the same size and modification time.
 *
 * An engine without a readable version or without a list of flags is accepted, and so is one that only starts to serve
 * when asked (a wrapper that ignores unknown flags): it runs, which is all that can be known. Rejects with a CodedError
 * ENGINE_MISSING that names the program, the reason and the remedy when it does not run.
 */
export const probeEngine = async (
  command: string,
  prefixArgs: readonly string[] = [],
  options: ProbeOptions = {},
): Promise<EngineInfo> => {
  const path = options.path ?? command;
  const problem = (await fileProblem(command)) ?? (path === command ? null : await fileProblem(path));
  if (problem) throw problem;

  const key = await probeKey(path, command, prefixArgs);
  const { cacheFile } = options;
  let facts = cacheFile === undefined ? null : await cachedProbe(cacheFile, key);
  if (!facts) {
    const answer = await ask(path, command, prefixArgs, options);
    facts = answer.facts;
    // Silence until the deadline may be a slow disk, so it is asked again next time.
    // A cache that cannot be written costs the next start a moment; it does not make the engine unusable.
    if (cacheFile !== undefined && answer.complete) await rememberProbe(cacheFile, key, facts).catch(() => undefined);
  }
  const flags = new Set(facts.flags);
  return {
    path,
    command,
    prefixArgs: [...prefixArgs],
    source: options.source ?? 'configured',
    version: facts.version,
    build: facts.build,
    flags,
    childProtocol: expectsChildProtocol(facts.build, flags),
  };
};

const ask = async (
  path: string,
  command: string,
  prefixArgs: readonly string[],
  options: ProbeOptions,
): Promise<{ facts: ProbeFacts; complete: boolean }> => {
  const { signal } = options;
  const run = (flag: string): Promise<RunResult> =>
    runProgram(command, [...prefixArgs, flag], {
      env: childEnvironment(options.env ?? process.env),
      deadlineMs: options.deadlineMs ?? DEADLINE_MS,
      ...(signal === undefined ? {} : { signal }),
    });
  // Settled, not all: a refused or cancelled probe must not leave the other process behind.
  const [version, help] = await Promise.allSettled([run('--version'), run('--help')]);
  if (version.status === 'rejected' || help.status === 'rejected') {
    signal?.throwIfAborted();
    const rejected = version.status === 'rejected' ? version : (help as PromiseRejectedResult);
    throw await spawnFailure(path, command, rejected.reason as NodeJS.ErrnoException);
  }
  return answerOf(path, command, version.value, help.value);
};

/** Reads the two answers; rejects when neither question was answered. */
const answerOf = async (
  path: string,
  command: string,
  version: RunResult,
  help: RunResult,
): Promise<{ facts: ProbeFacts; complete: boolean }> => {
  const ran = (result: RunResult): boolean => result.timedOut || result.code === 0;
  if (!ran(version) && !ran(help)) throw await exitFailure(path, command, version);
  // Builds before 2024 print the version on stderr and the help on either.
  const flags = [...parseFlags(`${help.stdout}\n${help.stderr}`)].sort();
  return {
    facts: { ...parseVersion(`${version.stdout}\n${version.stderr}`), flags },
    complete: !version.timedOut && !help.timedOut,
  };
};
