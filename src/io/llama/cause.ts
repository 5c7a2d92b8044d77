/** Reads the cause of a failed engine from its own last words. */
import type { Failure, FailureCode } from '../../../machines/process.ts';

/** Lines kept for a person to read. */
export const STDERR_LINES = 20;

interface Symptom {
  code: FailureCode;
  pattern: RegExp;
  say: (match: RegExpExecArray) => string;
}

/** In order of how much each one explains: the first that matches any line wins. */
const SYMPTOMS: readonly Symptom[] = [
  {
    code: 'MISSING_LIBRARY',
    pattern: /error while loading shared libraries: ([^:]+)|Library not loaded: (\S+)|version `([^']+)' not found/,
    say: (m) =>
      `The engine cannot start because the library ${m[1] ?? m[2] ?? m[3]} is missing; install it or choose another engine.`,
  },
  {
    code: 'BAD_ARGUMENT',
    pattern: /error: invalid argument: (\S+)/,
    say: (m) => `The engine does not know the argument ${m[1]}; correct the model’s parameters or its preset.`,
  },
  {
    code: 'BAD_ARGUMENT',
    pattern: /error while handling argument "([^"]+)": (.*)/,
    // The C++ function that could not read a number is all the engine says of it.
    say: (m) =>
      `The engine refuses the value of ${m[1]}${/^sto[a-z]+$/.test(m[2] ?? '') ? ', which is no number' : ` (${m[2]})`}; correct the model’s parameters or its preset.`,
  },
  {
    code: 'OUT_OF_MEMORY',
    pattern:
      /insufficient memory \(attempted to allocate ([\d.]+ ?\w+)\)|cudaMalloc failed: out of memory|failed to allocate (?:\S+ )?buffer|unable to allocate|ErrorOutOfDeviceMemory|std::bad_alloc|cannot allocate memory|out of memory|vector::_M_(?:default_append|range_insert|fill_insert)/i,
    say: (m) =>
      `There is not enough memory${m[1] === undefined ? '' : ` (${m[1]} were asked for at once)`}; choose a smaller context, fewer GPU layers or a smaller model.`,
  },
  {
    code: 'UNSUPPORTED_ARCHITECTURE',
    pattern: /unknown model architecture: '?([^'\s]+)'?/,
    say: (m) => `This engine does not know the architecture ${m[1]}; a newer llama-server may.`,
  },
  {
    code: 'CORRUPT_FILE',
    pattern:
      /invalid magic characters|data is not within the file bounds|corrupted or incomplete|tensor '[^']+' (?:not found|has wrong shape)|failed to read (?:magic|key|tensor)|missing tensor|wrong number of tensors|invalid split file|unsupported (?:GGUF )?version/i,
    say: () => 'The model file is damaged or incomplete; download it again.',
  },
  {
    code: 'FILE_MISSING',
    pattern: /(?:failed to open|cannot open|No such file or directory)[^\n]*/i,
    say: () => 'The model file, or a file that its parameters name, is not there any more.',
  },
  {
    code: 'PORT_IN_USE',
    pattern: /couldn't bind HTTP server socket|address already in use/i,
    say: () => 'The engine could not take its socket; another process holds it.',
  },
  {
    code: 'BAD_ARGUMENT',
    pattern: /^(?:usage:|error: (.*))/m,
    say: (m) =>
      m[1] === undefined
        ? 'The engine refused a value among the arguments; see the lines below.'
        : `The engine refused to start: ${m[1]}`,
  },
  {
    code: 'CORRUPT_FILE',
    pattern: /error loading model: (.*)/,
    say: (m) => `The model cannot be loaded: ${m[1]}`,
  },
];

/** Codes by which Linux's out-of-memory killer and a shell report SIGKILL and SIGSEGV. */
const KILLED_BY_SYSTEM = new Set(['SIGKILL']);

/**
 * One sentence for an exit, with the last 20 lines.
 *
 * @param lines what the process wrote last (stdout text, stderr and its own log), oldest first
 */
export const causeOfExit = (exit: {
  exitCode: number | null;
  signal: string | null;
  lines: readonly string[];
  at: number;
  wasReady: boolean;
}): Failure => {
  const base = { stderr: exit.lines.slice(-STDERR_LINES), exitCode: exit.exitCode, signal: exit.signal, at: exit.at };
  for (const symptom of SYMPTOMS) {
    for (const line of exit.lines) {
      const match = symptom.pattern.exec(line);
      if (match !== null) return { ...base, code: symptom.code, message: symptom.say(match) };
    }
  }
  if (exit.signal !== null && KILLED_BY_SYSTEM.has(exit.signal)) {
    return {
      ...base,
      code: 'KILLED',
      message: 'The engine was killed (SIGKILL) from outside, perhaps because the machine ran out of memory.',
    };
  }
  const how = exit.signal === null ? `exit code ${exit.exitCode ?? 'unknown'}` : exit.signal;
  const when = exit.wasReady ? 'while it was serving' : 'before it was ready';
  return { ...base, code: 'CRASHED', message: `The engine ended ${when} (${how}).` };
};

/** A process that never started. */
export const causeOfNoStart = (code: FailureCode, message: string, at: number): Failure => ({
  code,
  message,
  stderr: [],
  exitCode: null,
  signal: null,
  at,
});
